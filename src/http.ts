/**
 * The little of HTTP that the core reads.
 *
 * @module
 */

/** Reads a header by its lower-case name. */
export type ReadHeader = (name: string) => string | null;

/** Tells whether `text` is a token of RFC 9110, section 5.6.2. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

/** Tells whether `text` is a host, and perhaps a port, as `Host` has them (RFC 9110, section 7.2), of which an address can be made. */
export function isAuthority(text: string): boolean {
  if (text.length > 512 || !/^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text)) return false;
  return URL.canParse(`http://${text}`);
}
