/**
 * Checks that the options of those who ask an authorization server have in common. Browser-safe.
 *
 * @module
 */

import { isSafe } from "./transport.ts";

/**
 * Checks an address to which tokens and secrets are sent.
 *
 * @param what What is there, for messages: `an introspection endpoint`
 * @throws {TypeError} If it is no URL, not safe, or holds credentials
 */
export function toEndpoint(option: string, what: string, value: string | URL): URL {
  const text = String(value);
  // The value is not quoted: its path and query may hold a key.
  if (!URL.canParse(text)) throw new TypeError(`Option ${option} must be the URL of ${what}`);
  const url = new URL(text);
  const quoted = `"${url.protocol}//${url.host}"`;
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`Option ${option} must hold no credentials, clientId and clientSecret do: ${quoted}`);
  }
  if (!isSafe(url)) {
    throw new TypeError(`Option ${option} must be https, for tokens and secrets travel there: ${quoted}`);
  }
  return url;
}

/**
 * Checks parameters that are sent besides those that the module sends.
 *
 * @param own The names of those
 * @throws {TypeError} If one is not a text, or has one of these names
 */
export function toParams(option: string, params: unknown, own: ReadonlySet<string>): Map<string, string> {
  if (typeof params !== "object" || params === null) throw new TypeError(`Option ${option} must be an object`);
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(params)) {
    if (typeof value !== "string") throw new TypeError(`Option ${option} must hold texts, but "${name}" is none`);
    if (own.has(name)) {
      throw new TypeError(`Option ${option} must not hold "${name}", which is sent anyway or has an option of its own`);
    }
    map.set(name, value);
  }
  return map;
}

/**
 * Checks a list of scopes.
 *
 * @throws {TypeError} If it is empty or no list, or has something that is no scope
 */
export function toScopes(option: string, scopes: readonly string[]): readonly string[] {
  // The characters of a scope are those of RFC 6749, section 3.3.
  const isScope = (scope: unknown) => typeof scope === "string" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope);
  if (Array.isArray(scopes) && scopes.length > 0 && scopes.every(isScope)) return [...scopes];
  throw new TypeError(`Option ${option} must be a list of one or more scopes without spaces, quotes and backslashes`);
}

/** Checks a text that must not be empty. */
export function checkText(option: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`Option ${option} must be a text that is not empty`);
}
