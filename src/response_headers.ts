/**
 * The option `responseHeaders`: headers of the 101.
 *
 * @module
 */

import type { ResponseHeaders, ServiceConfig } from "./service_config.ts";

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

function checkHeaders(headers: ResponseHeaders): readonly (readonly [string, string])[] {
  const pairs: readonly (readonly [string, string])[] = isPairs(headers) ? headers : Object.entries(headers);
  const checked = new Headers();
  for (const [name, value] of pairs) {
    if (RESERVED.has(name.toLowerCase()) || /^sec-websocket-/i.test(name)) {
      throw new TypeError(`Option responseHeaders has "${name}": it belongs to the handshake`);
    }
    checked.append(name, value);
  }
  return [...checked];
}

function isPairs(headers: ResponseHeaders): headers is readonly (readonly [string, string])[] {
  return Array.isArray(headers);
}
