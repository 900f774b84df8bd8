/**
 * A document on a path, and what the answers to requests for it have in common.
 *
 * @module
 */

import { withServers } from "../asyncapi/async_api.ts";
import type { AsyncApiDocument } from "../asyncapi/document.ts";
import { readForwarded } from "../forwarded.ts";
import { isAuthority } from "../http.ts";
import { refuse } from "../refusal.ts";
import type { UpgradeContext } from "../upgrade_request.ts";

/** A document on a path. */
export interface ServedDocument {
  readonly path: string;
  /** Answers a request for it. */
  answer(context: UpgradeContext): Response | Promise<Response>;
}

/** Where a document was asked for. */
export interface Place {
  readonly host: string;
  readonly isSecure: boolean;
  /** What stands before the path, where an app is mounted in another. */
  readonly prefix: string;
}

/**
 * Reads where a document was asked for.
 *
 * @param hops How many proxies are believed. No adapter has read what they tell, for some do so for upgrades only
 */
export function toPlace({ url, headers }: Request, path: string, hops: number): Place {
  const { host, pathname, protocol } = new URL(url);
  const told = hops > 0 ? readForwarded((name) => headers.get(name), hops) : undefined;
  const asked = told?.authority ?? headers.get("host") ?? "";
  return {
    host: isAuthority(asked) ? asked : host,
    isSecure: told?.isSecure ?? protocol === "https:",
    prefix: pathname.endsWith(path) ? pathname.slice(0, -path.length) : "",
  };
}

/** Gives a document that names no servers the one that it was asked of. */
export function locate(document: AsyncApiDocument, { host, isSecure, prefix }: Place): AsyncApiDocument {
  if (document.servers !== undefined) return document;
  const server = { host, protocol: isSecure ? "wss" : "ws", ...(prefix !== "" && { pathname: prefix }) };
  return withServers(document, { here: server });
}

/** Refuses a request that does not read; `undefined` for one that does. */
export function checkMethod({ method }: Request): Response | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  return refuse(405, "Read this document with GET", { allow: "GET, HEAD" });
}

/** Writes bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
