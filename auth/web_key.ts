/**
 * The type of a key of Web Crypto, wherever its global name is not known. Browser-safe.
 *
 * @module
 */

/** A `CryptoKey`. Not by its name, which the types of Node 22 and 24 do not have as a global. */
export type WebKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
