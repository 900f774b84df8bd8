/**
 * Which algorithms keys fit, by what they say of themselves. Browser-safe.
 *
 * @module
 */

import { base64url } from "jose";
import { algorithmsOf, type KeyKind } from "./algorithms.ts";

/** Bits that the modulus of an RSA key must have (RFC 7518, section 3.3). */
const MIN_RSA_BITS = 2048;

/** Lists the algorithms that a private or public `CryptoKey` can be used with; none for a secret one, and one that does not sign. */
export function algorithmsOfKey(algorithm: KeyAlgorithm): ReadonlySet<string> {
  const { name } = algorithm;
  if (name === "Ed25519") return algorithmsOf("Ed25519");
  if (name === "ECDSA" && "namedCurve" in algorithm) {
    const curve = toCurve(algorithm.namedCurve);
    return curve === undefined ? new Set() : algorithmsOf(curve);
  }
  const prefix = name === "RSA-PSS" ? "PS" : name === "RSASSA-PKCS1-v1_5" ? "RS" : undefined;
  const found = `${prefix}${hashOf(algorithm)}`;
  return new Set(algorithmsOf("RSA").has(found) ? [found] : []);
}

/** The bits of the hash that a `CryptoKey` is bound to, `256` for SHA-256; "" for none. */
export function hashOf(algorithm: KeyAlgorithm): string {
  const hash = "hash" in algorithm ? algorithm.hash : undefined;
  if (typeof hash !== "object" || hash === null || !("name" in hash)) return "";
  return String(hash.name).replace("SHA-", "");
}

/** Takes the name of a curve that signs tokens; `undefined` for any other. */
export function toCurve(name: unknown): KeyKind | undefined {
  return name === "P-256" || name === "P-384" || name === "P-521" || name === "Ed25519" ? name : undefined;
}

/**
 * Checks that an RSA key is strong enough.
 *
 * @throws {TypeError} If it is not
 */
export function checkRsa(option: string, bits: number): void {
  if (bits < MIN_RSA_BITS) {
    throw new TypeError(`Option ${option} is an RSA key of ${bits} bits: must have ${MIN_RSA_BITS} or more`);
  }
}

/**
 * Checks that the RSA key in a `CryptoKey` is strong enough; it may be a key of another kind.
 *
 * @throws {TypeError} If it is not
 */
export function checkRsaKey(option: string, algorithm: KeyAlgorithm): void {
  const { modulusLength } = { modulusLength: MIN_RSA_BITS, ...algorithm };
  checkRsa(option, modulusLength);
}

/** Counts the bits of a modulus in base64url. */
export function bitsOf(modulus: string): number {
  const bytes = base64url.decode(modulus);
  const first = bytes.findIndex((byte) => byte !== 0);
  const top = bytes[first];
  return top === undefined ? 0 : (bytes.length - first) * 8 - (Math.clz32(top) - 24);
}
