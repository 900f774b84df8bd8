/**
 * Public keys in the forms in which they are written down: PEM text, JWK, CryptoKey, certificate.
 *
 * @module
 */

import { createPublicKey } from "node:crypto";
import { importJWK, type JWK } from "jose";
import { algorithmsOf, type KeyKind } from "./algorithms.ts";
import { algorithmsOfKey, bitsOf, checkRsa, checkRsaKey, toCurve } from "./key_fit.ts";
import type { WebKey } from "./web_key.ts";

/** A public key as JSON (RFC 7517); what else stands in it is left alone. */
export interface PublicJwk {
  /** The type of the key: `RSA`, `EC` or `OKP`. */
  readonly kty?: string;
  /** The one algorithm that it is for, `ES256` for example. */
  readonly alg?: string;
  /** What it is for: `sig`. */
  readonly use?: string;
  /** What it is for, in detail: `["verify"]`. */
  readonly key_ops?: readonly string[];
  /** The curve of an `EC` or `OKP` key, `P-256` for example. */
  readonly crv?: string;
  /** The modulus of an `RSA` key, as are all numbers here in base64url. */
  readonly n?: string;
  /** The public exponent of an `RSA` key. */
  readonly e?: string;
  /** The first coordinate of an `EC` key, or an `OKP` key itself. */
  readonly x?: string;
  /** The second coordinate of an `EC` key. */
  readonly y?: string;
}

/** A public key that was checked. */
export interface PublicKey {
  /** What it is, for messages: `an RSA key`. */
  readonly what: string;
  /** The algorithms that it can be used with. */
  readonly fits: ReadonlySet<string>;
  /** Gives it in the form that one of these algorithms takes. */
  toKey(algorithm: string): Promise<WebKey>;
}

const PEM = "-----BEGIN PUBLIC KEY-----";
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/;

/**
 * Checks the option `publicKey`.
 *
 * @throws {TypeError} If it is no public key for signatures, or a weak one
 */
export function toPublicKey(value: string | PublicJwk | WebKey): PublicKey {
  if (typeof value === "string") return fromPem(value);
  if (value instanceof CryptoKey) return fromCryptoKey(value);
  if (typeof value === "object" && value !== null) return fromJwk(value);
  throw new TypeError("Option publicKey must be PEM text, a JWK or a CryptoKey");
}

/**
 * Takes the public key out of the first certificate of a PEM text; whether the certificate is valid is not checked.
 *
 * @throws {TypeError} If there is none, or its key is of no use or weak
 */
export function toCertificateKey(text: string): PublicKey {
  const [certificate] = CERTIFICATE.exec(text) ?? [];
  if (certificate === undefined) throw new TypeError("Option certFile names a file without a certificate in PEM");
  return toChecked("certFile", parse("certFile", certificate));
}

function fromPem(text: string): PublicKey {
  // The text of a private key would be accepted below, and should never have come here.
  if (!text.trimStart().startsWith(PEM)) {
    throw new TypeError(`Option publicKey must begin with "${PEM}"; a certificate goes into certFile`);
  }
  return toChecked("publicKey", parse("publicKey", text));
}

function fromJwk(jwk: PublicJwk): PublicKey {
  if ("d" in jwk || "k" in jwk)
    throw new TypeError("Option publicKey is a private or secret JWK: must be a public one");
  if (jwk.use !== undefined && jwk.use !== "sig") {
    throw new TypeError(`Option publicKey has the use ${JSON.stringify(jwk.use)}: must be "sig"`);
  }
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes("verify"))) {
    throw new TypeError('Option publicKey has key_ops without "verify"');
  }
  const { alg } = jwk;
  const key = toChecked("publicKey", parse("publicKey", { key: { ...jwk, key_ops: ["verify"] }, format: "jwk" }));
  if (alg === undefined) return key;
  if (!key.fits.has(alg))
    throw new TypeError(`Option publicKey has the alg ${JSON.stringify(alg)}, which it does not fit`);
  return { ...key, what: `${key.what} for ${alg}`, fits: new Set([alg]) };
}

function fromCryptoKey(key: CryptoKey): PublicKey {
  // No private key has it.
  if (!key.usages.includes("verify")) throw new TypeError('Option publicKey is a CryptoKey without the usage "verify"');
  const fits = algorithmsOfKey(key.algorithm);
  if (fits.size === 0) throw new TypeError(`Option publicKey is for "${key.algorithm.name}", which signs no tokens`);
  checkRsaKey("publicKey", key.algorithm);
  return { what: `a CryptoKey for ${key.algorithm.name}`, fits, toKey: () => Promise.resolve(key) };
}

function parse(option: string, input: Parameters<typeof createPublicKey>[0]): PublicJwk {
  try {
    return createPublicKey(input).export({ format: "jwk" });
  } catch (cause) {
    throw new TypeError(`Option ${option} is no public key that can be read`, { cause });
  }
}

function toChecked(option: string, { kty, crv = "", n = "", e = "", x = "", y = "" }: PublicJwk): PublicKey {
  if (kty === "RSA") {
    checkRsa(option, bitsOf(n));
    return toKey("RSA", "an RSA key", (algorithm) => toCryptoKey({ kty: "RSA", n, e }, algorithm));
  }
  const curve = toCurve(crv);
  if (curve === undefined) throw new TypeError(`Option ${option} is a key of a kind that signs no tokens`);
  if (curve === "Ed25519") {
    return toKey(curve, "an Ed25519 key", (algorithm) => toCryptoKey({ kty: "OKP", crv, x }, algorithm));
  }
  return toKey(curve, `a key on the curve ${curve}`, (algorithm) => toCryptoKey({ kty: "EC", crv, x, y }, algorithm));
}

function toKey(kind: KeyKind, what: string, toKey: PublicKey["toKey"]): PublicKey {
  return { what, fits: algorithmsOf(kind), toKey };
}

async function toCryptoKey(jwk: JWK, algorithm: string): Promise<CryptoKey> {
  const key: unknown = await importJWK(jwk, algorithm);
  if (key instanceof CryptoKey) return key;
  throw new TypeError(`The public key cannot be used for ${algorithm} on this runtime`);
}
