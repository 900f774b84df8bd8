/**
 * The option `responseHeaders`: headers of the 101.
 *
 * @module
 */

import { quote } from "./logger.ts";
import { isStray } from "./reply.ts";
import type { ServiceConfig } from "./service_config.ts";

const NONE: readonly (readonly [string, string])[] = [];

const RESERVED: ReadonlySet<string> = new Set(["connection", "upgrade", "content-length", "transfer-encoding"]);

/** Gives the headers that a service adds to the 101 for a request. */
export type GiveHeaders = (request: Request) => readonly (readonly [string, string])[];

/**
 * Makes the function that gives the headers; fixed ones are checked here, once.
 *
 * @throws {TypeError} If a name or value is not allowed in HTTP, or the name belongs to the handshake
 */
export function toGiveHeaders(option: ServiceConfig["responseHeaders"]): GiveHeaders {
  if (option === undefined) return () => NONE;
  if (typeof option === "function") return (request) => checkHeaders(option(request));
  const headers = checkHeaders(option);
  return () => headers;
}

function checkHeaders(headers: unknown): readonly (readonly [string, string])[] {
  if (isStray(headers))
    throw new TypeError(
      "Option responseHeaders gave a promise: must be headers, or a function that gives them at once",
    );
  const checked = new Headers();
  for (const [name, value] of toPairs(headers)) {
    if (RESERVED.has(name.toLowerCase()) || /^sec-websocket-/i.test(name)) {
      throw new TypeError(`Option responseHeaders has "${name}": it belongs to the handshake`);
    }
    // RFC 9110, section 5.5; outside of ASCII the runtimes differ.
    if (/[^\t -~]/.test(value)) {
      throw new TypeError(`Option responseHeaders has ${quote(name)}, whose value is not printable ASCII: encode it`);
    }
    try {
      checked.append(name, value);
    } catch (cause) {
      throw new TypeError(`Option responseHeaders has ${quote(name)}, whose name or value HTTP does not allow`, {
        cause,
      });
    }
  }
  return [...checked];
}

// A `Headers` or a `Map` has no entries of its own, so it would be taken for an empty record.
function toPairs(headers: unknown): readonly (readonly [string, string])[] {
  const isRecord = typeof headers === "object" && headers !== null && !(Symbol.iterator in headers);
  const pairs: unknown = isRecord ? Object.entries(headers) : headers;
  if (Array.isArray(pairs) && pairs.every(isPair)) return pairs;
  throw new TypeError("Option responseHeaders must be a record of strings or a list of pairs of strings");
}

function isPair(pair: unknown): pair is readonly [string, string] {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string" && typeof pair[1] === "string";
}
