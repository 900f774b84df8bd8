/**
 * Origins in one form, so that equal ones are equal strings.
 *
 * @module
 */

/** Serializes an origin (RFC 6454, section 6); `undefined` for what is none. */
export function toOrigin(text: string): string | undefined {
  if (text === "null") return text;
  // The longest host has 253 characters; parsing 64 KiB of dots and accents takes half a second on Node 22.
  if (text.length > 512) return undefined;
  // Names, passwords, queries and fragments, empty ones too, and what the parser takes away or for a slash.
  if (text.endsWith("/") || /[\s@?#\\]/.test(text)) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.host === "" || url.pathname.length > 1) return undefined;
  return `${url.protocol}//${url.host}`;
}
