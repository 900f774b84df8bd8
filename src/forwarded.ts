/**
 * What proxies tell of the client in front of them: `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`.
 *
 * @module
 */

import { canonicalize } from "./address.ts";
import { isAuthority, type ReadHeader } from "./http.ts";

/** What is believed of the client; a member that is `undefined` is not told, or was told wrong. */
export interface Forwarded {
  /** The address of the client, in its one form. */
  readonly address: string | undefined;
  /** Whether the client speaks TLS. */
  readonly isSecure: boolean | undefined;
  /** The host, and the port if it is told, that the client asked for. */
  readonly authority: string | undefined;
}

/**
 * Reads what `hops` proxies have told; anything that stands left of it came with the request, and may be invented.
 *
 * Every proxy adds the address of its own peer at the right of `X-Forwarded-For`, so the client is the entry `hops` from the right. A list that is
 * shorter did not come through all of them, and an entry that is no address does not move the others: either is nobody's word. Of `-Proto` and
 * `-Host`, which most proxies set and some add to, it is the entry `hops` from the right, or the first of a shorter list.
 */
export function readForwarded(header: ReadHeader, hops: number): Forwarded {
  const entry = entryFromRight(header("x-forwarded-for") ?? "", hops);
  const host = entryOrFirst(header("x-forwarded-host"), hops);
  return {
    address: entry === undefined ? undefined : toAddress(entry),
    isSecure: toSecure(entryOrFirst(header("x-forwarded-proto"), hops)),
    authority: isAuthority(host) ? host : undefined,
  };
}

// From the right, so that what a client has sent costs nothing.
function entryFromRight(list: string, hops: number): string | undefined {
  let end = list.length;
  for (let left = hops; ; left--) {
    const comma = end === 0 ? -1 : list.lastIndexOf(",", end - 1);
    if (left === 1) return list.slice(comma + 1, end).trim();
    if (comma === -1) return undefined;
    end = comma;
  }
}

function entryOrFirst(list: string | null, hops: number): string {
  if (list === null) return "";
  return entryFromRight(list, hops) ?? (list.split(",", 1)[0] ?? "").trim();
}

// Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
function toAddress(entry: string): string | undefined {
  if (entry.length > 64) return undefined;
  const inBrackets = /^\[([^[\]]*)\](?::\d{1,5})?$/.exec(entry);
  if (inBrackets !== null) return inBrackets[1]?.includes(":") ? canonicalize(inBrackets[1]) : undefined;
  const withPort = /^([\d.]+):\d{1,5}$/.exec(entry);
  return canonicalize(withPort?.[1] ?? entry);
}

function toSecure(scheme: string): boolean | undefined {
  const name = scheme.toLowerCase();
  if (name === "https" || name === "wss") return true;
  return name === "http" || name === "ws" ? false : undefined;
}
