/**
 * The slice of `node:crypto` that this room reads; published types name no types of Node.
 *
 * @module
 */

/** Node's `X509Certificate`. */
export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validFrom: string;
  readonly validTo: string;
  checkPrivateKey(key: PrivateKey): boolean;
  toString(): string;
}

/** Node's `KeyObject` of a private key. */
export interface PrivateKey {
  export(options: { readonly type: "pkcs8"; readonly format: "pem" }): { toString(): string };
}
