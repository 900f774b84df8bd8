/**
 * The key that a client signs its tokens with.
 *
 * @module
 */

import { base64url, importJWK, importPKCS8, type JWK, SignJWT } from "jose";
import { AuthError } from "../../src/errors.ts";
import { algorithmsOf, checkFit, secretLength, toAlgorithms } from "../algorithms.ts";
import { algorithmsOfKey, bitsOf, checkRsa, checkRsaKey, hashOf, toCurve } from "../key_fit.ts";
import type { WebKey } from "../web_key.ts";

/** A private or secret key as JSON (RFC 7517); what else stands in it is left alone. */
export interface SigningJwk {
  /** The type of the key: `RSA`, `EC`, `OKP` or, of a secret, `oct`. */
  readonly kty?: string;
  /** Its name, which goes into the header of the tokens. */
  readonly kid?: string;
  /** The one algorithm that it is for, `ES256` for example. */
  readonly alg?: string;
  /** What it is for: `sig`. */
  readonly use?: string;
  /** What it is for, in detail: `["sign"]`. */
  readonly key_ops?: readonly string[];
  /** The curve of an `EC` or `OKP` key, `P-256` for example. */
  readonly crv?: string;
  /** The modulus of an `RSA` key, as are all numbers here in base64url. */
  readonly n?: string;
  /** The public exponent of an `RSA` key. */
  readonly e?: string;
  /** The private exponent of an `RSA` key, or the private part of an `EC` or `OKP` key. */
  readonly d?: string;
  /** The first prime of an `RSA` key. */
  readonly p?: string;
  /** Its second prime. */
  readonly q?: string;
  /** `d` modulo p - 1. */
  readonly dp?: string;
  /** `d` modulo q - 1. */
  readonly dq?: string;
  /** The inverse of `q` modulo `p`. */
  readonly qi?: string;
  /** The first coordinate of an `EC` key, or an `OKP` key itself. */
  readonly x?: string;
  /** The second coordinate of an `EC` key. */
  readonly y?: string;
  /** The bytes of a secret. */
  readonly k?: string;
}

/** A key that was checked as far as that can be done at once. */
export interface SigningKey {
  /** The `kid` that the key has of itself. */
  readonly id: string | undefined;
  /**
   * Signs a token of these claims.
   *
   * @param id Its `kid`
   * @throws {AuthError} With status 401, if the key cannot be read or does not fit
   */
  sign(claims: Readonly<Record<string, unknown>>, id?: string): Promise<string>;
}

interface CheckedKey {
  readonly id?: string | undefined;
  sign(token: SignJWT): Promise<string>;
}

const PEM = "-----BEGIN PRIVATE KEY-----";
/** Two names of one algorithm; what WebCrypto exports has the new one (RFC 9864). */
const TWINS: ReadonlySet<string> = new Set(["EdDSA", "Ed25519"]);

/**
 * Checks the options `algorithm` and `key`.
 *
 * @throws {TypeError} If the algorithm is none of those that sign tokens, or the key is not for it; the message does not repeat the key
 * @throws {RangeError} If a secret is shorter than the hash (RFC 7518, section 3.2)
 */
export function toSigningKey(algorithm: string, key: string | Uint8Array | SigningJwk | WebKey): SigningKey {
  const algorithms = toAlgorithms([algorithm], "algorithm is");
  const { id, sign } = toChecked(algorithms, algorithm, key);
  return {
    id,
    sign(claims, kid) {
      const header = { alg: algorithm, typ: "JWT", ...(kid !== undefined && { kid }) };
      return attempt(algorithm, () => sign(new SignJWT({ ...claims }).setProtectedHeader(header)));
    },
  };
}

function toChecked(
  algorithms: ReadonlySet<string>,
  algorithm: string,
  key: string | Uint8Array | SigningJwk | WebKey,
): CheckedKey {
  if (key instanceof CryptoKey) return fromCryptoKey(algorithms, key);
  if (typeof key === "string" && key.trimStart().startsWith("-----BEGIN")) return fromPem(algorithm, key);
  if (typeof key === "string" || key instanceof Uint8Array) return fromSecret(algorithms, key);
  if (isJwk(key)) return fromJwk(algorithms, algorithm, key);
  throw new TypeError("Option key must be PEM text, a JWK, a CryptoKey or, for HS256, HS384 and HS512, a secret");
}

function isJwk(key: SigningJwk): boolean {
  return typeof key === "object" && key !== null && typeof key.kty === "string";
}

function fromSecret(algorithms: ReadonlySet<string>, key: string | Uint8Array): CheckedKey {
  checkFits(algorithms, algorithmsOf("secret"), "a secret");
  const bytes = typeof key === "string" ? new TextEncoder().encode(key) : new Uint8Array(key);
  checkLength(algorithms, bytes.length);
  return { sign: (token) => token.sign(bytes) };
}

function fromPem(algorithm: string, text: string): CheckedKey {
  if (!text.trimStart().startsWith(PEM)) {
    throw new TypeError(
      `Option key must begin with "${PEM}" if it is PEM text: openssl pkcs8 -topk8 -nocrypt makes it so`,
    );
  }
  if (algorithmsOf("secret").has(algorithm)) {
    throw new TypeError(`Option key is PEM text, which does not fit "${algorithm}"`);
  }
  return { sign: async (token) => await token.sign(await importPKCS8(text.trim(), algorithm)) };
}

function fromCryptoKey(algorithms: ReadonlySet<string>, key: CryptoKey): CheckedKey {
  if (!key.usages.includes("sign")) throw new TypeError('Option key is a CryptoKey without the usage "sign"');
  const { name } = key.algorithm;
  const fits = name === "HMAC" ? new Set([`HS${hashOf(key.algorithm)}`]) : algorithmsOfKey(key.algorithm);
  checkFits(algorithms, fits, `a CryptoKey for ${name}`);
  checkRsaKey("key", key.algorithm);
  if (name === "HMAC" && "length" in key.algorithm) checkLength(algorithms, Number(key.algorithm.length) / 8);
  return { sign: (token) => token.sign(key) };
}

function fromJwk(algorithms: ReadonlySet<string>, algorithm: string, jwk: SigningJwk): CheckedKey {
  const { kty, crv, kid, alg = algorithm, use = "sig", key_ops = ["sign"], n = "", ...rest } = jwk;
  if (alg !== algorithm && !(TWINS.has(alg) && TWINS.has(algorithm))) {
    throw new TypeError(`Option key is for the alg ${JSON.stringify(alg)}: must be "${algorithm}"`);
  }
  if (use !== "sig") throw new TypeError(`Option key has the use ${JSON.stringify(use)}: must be "sig"`);
  if (!(Array.isArray(key_ops) && key_ops.includes("sign"))) {
    throw new TypeError('Option key has key_ops without "sign"');
  }
  const kind = kty === "oct" ? "secret" : kty === "RSA" ? "RSA" : toCurve(crv);
  checkFits(algorithms, kind === undefined ? new Set() : algorithmsOf(kind), "a JWK of another type");
  const secret = kind === "secret" ? rest.k : rest.d;
  if (typeof secret !== "string" || secret === "") {
    throw new TypeError("Option key is a public JWK: must be a private one");
  }
  const size = decoded(() => (kind === "RSA" ? bitsOf(n) : base64url.decode(secret).length));
  if (kind === "RSA") checkRsa("key", size);
  if (kind === "secret") checkLength(algorithms, size);
  const copy: JWK = { ...rest, ...(kty === "RSA" && { n }), ...(crv !== undefined && { crv }), kty: `${kty}` };
  return { id: kid, sign: async (token) => await token.sign(await importJWK(copy, algorithm)) };
}

function checkFits(algorithms: ReadonlySet<string>, fits: ReadonlySet<string>, what: string): void {
  checkFit(algorithms, fits, `option key, ${what}`, "algorithm is");
}

function checkLength(algorithms: ReadonlySet<string>, length: number): void {
  const needed = secretLength(algorithms);
  if (length >= needed) return;
  throw new RangeError(`Option key has ${length} bytes: ${[...algorithms].join(", ")} needs ${needed} or more`);
}

function decoded(decode: () => number): number {
  try {
    return decode();
  } catch {
    throw new TypeError("Option key is a JWK that is not in base64url");
  }
}

/** What cannot be read now cannot be read later either, so that no client tries again. */
async function attempt(algorithm: string, work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch {
    // No cause: what runtimes throw about a key is theirs to choose.
    throw new AuthError(`Option key cannot sign with "${algorithm}": it cannot be read, does not fit, or is too weak`, {
      status: 401,
    });
  }
}
