/**
 * Name and password out of the credential of HTTP Basic (RFC 7617).
 *
 * @module
 */

import { AuthError } from "../src/errors.ts";

/** Who a client says it is. */
export interface BasicCredential {
  /** The name; may be empty. */
  readonly username: string;
  /** The password; may be empty, and may have colons. */
  readonly password: string;
}

// With the padding that RFC 4648, section 3.2, asks for.
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads a credential: Base64 of name, colon and password in UTF-8.
 *
 * @throws {AuthError} With 400 if it is malformed. The message does not repeat it.
 */
export function toBasicCredential(credential: string): BasicCredential {
  if (!BASE64.test(credential)) throw toMalformed("must be Base64");
  const text = toText(credential);
  if (text === undefined) throw toMalformed("must be in UTF-8");
  if (/\p{Cc}/u.test(text)) throw toMalformed("must not have control characters");
  const colon = text.indexOf(":");
  if (colon === -1) throw toMalformed("must be a name, a colon and a password");
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function toText(base64: string): string | undefined {
  const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function toMalformed(problem: string): AuthError {
  return new AuthError(`The credential of Basic ${problem} (RFC 7617)`, { status: 400 });
}
