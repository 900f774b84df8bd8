/**
 * The signature algorithms of JSON Web Tokens, and the kind of key that each takes.
 *
 * @module
 */

/** A signature algorithm of a token (RFC 7518, section 3.1; RFC 8037). `none` is not among them. */
export type JwtAlgorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519";

/** What a key is: a shared secret, an RSA key, or one on a curve. */
export type KeyKind = "secret" | "RSA" | "P-256" | "P-384" | "P-521" | "Ed25519";

const KINDS: ReadonlyMap<string, KeyKind> = new Map<JwtAlgorithm, KeyKind>([
  ["HS256", "secret"],
  ["HS384", "secret"],
  ["HS512", "secret"],
  ["RS256", "RSA"],
  ["RS384", "RSA"],
  ["RS512", "RSA"],
  ["PS256", "RSA"],
  ["PS384", "RSA"],
  ["PS512", "RSA"],
  ["ES256", "P-256"],
  ["ES384", "P-384"],
  ["ES512", "P-521"],
  ["EdDSA", "Ed25519"],
  ["Ed25519", "Ed25519"],
]);

/** Lists the algorithms that a kind of key can be used with. */
export function algorithmsOf(kind: KeyKind): ReadonlySet<string> {
  return new Set([...KINDS].flatMap(([algorithm, takes]) => (takes === kind ? [algorithm] : [])));
}

/**
 * Checks the option `algorithms`.
 *
 * @param what How a message about one of them begins
 * @throws {TypeError} If it is no list, empty, or names something else than an algorithm
 */
export function toAlgorithms(algorithms: readonly string[], what = "algorithms has"): ReadonlySet<string> {
  const names = [...KINDS.keys()].join(", ");
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    throw new TypeError(`Option algorithms must be a list of one or more of ${names}`);
  }
  for (const algorithm of algorithms) {
    if (!KINDS.has(algorithm)) {
      throw new TypeError(`Option ${what} ${JSON.stringify(algorithm)}: must be one of ${names}`);
    }
  }
  return new Set(algorithms);
}

/**
 * Checks that every algorithm fits the key, so that no token can have a public key taken for a secret.
 *
 * @param fits The algorithms that the key can be used with
 * @param key What the key is, and of which option: `option publicKey, an RSA key`
 * @param what How the message begins
 * @throws {TypeError} If one does not
 */
export function checkFit(
  algorithms: ReadonlySet<string>,
  fits: ReadonlySet<string>,
  key: string,
  what = "algorithms has",
): void {
  for (const algorithm of algorithms) {
    if (!fits.has(algorithm)) {
      throw new TypeError(
        `Option ${what} "${algorithm}", which does not fit ${key}: must be one of ${[...fits].join(", ")}`,
      );
    }
  }
}

/** The algorithms that take a public key, of whatever kind. */
export const PUBLIC: ReadonlySet<string> = new Set(
  [...KINDS].flatMap(([algorithm, kind]) => (kind === "secret" ? [] : [algorithm])),
);

/** Bytes that a secret must have: as many as the hash (RFC 7518, section 3.2). */
export function secretLength(algorithms: ReadonlySet<string>): number {
  return Math.max(...[...algorithms].map((algorithm) => Number(algorithm.slice(2)) / 8));
}
