/**
 * What a challenge says that a credential is for.
 *
 * @module
 */

/**
 * Gives `realm="…"` for `WWW-Authenticate`, quoted (RFC 9110, section 5.6.4).
 *
 * @throws {TypeError} If the realm is not printable ASCII
 */
export function toRealm(realm: unknown): string {
  if (typeof realm === "string" && /^[\x20-\x7e]*$/.test(realm)) return `realm="${realm.replace(/["\\]/g, "\\$&")}"`;
  throw new TypeError(`Option realm is ${JSON.stringify(realm)}: must be printable ASCII`);
}
