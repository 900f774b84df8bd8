/**
 * Secrets compared so that the time it takes tells nothing of them.
 *
 * @module
 */

/** Makes 32 bytes of a text: equal for equal texts, and impossible to predict. */
export type Fingerprint = (text: string) => Uint8Array;

/**
 * Makes a function that fingerprints texts: HMAC-SHA-256 under a random key of its own. Because nobody can choose or know a fingerprint,
 * neither the time of a comparison nor that of a look-up in a `Map` tells anything of the text.
 */
export function toFingerprint(): Fingerprint {
  const { createHmac, randomBytes } = process.getBuiltinModule("node:crypto");
  const key = randomBytes(32);
  return (text) => createHmac("sha256", key).update(text, "utf8").digest();
}

/** Compares bytes in a time that depends on their number only; of different lengths they are unequal. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && process.getBuiltinModule("node:crypto").timingSafeEqual(a, b);
}
