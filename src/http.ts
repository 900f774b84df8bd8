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
