/**
 * Password hashes as text: `scrypt$ln=15,r=8,p=3$SALT$KEY` and `pbkdf2$h=sha256,i=600000$SALT$KEY`, after the PHC string format. Salt and
 * key are Base64 without padding.
 *
 * @module
 */

/** How a password is hashed. */
export type HashScheme = "scrypt" | "pbkdf2";

/** The cost of scrypt (RFC 7914). */
export interface ScryptCost {
  readonly scheme: "scrypt";
  /** The binary logarithm of N. */
  readonly ln: number;
  /** The block size. */
  readonly r: number;
  /** The parallelism. */
  readonly p: number;
}

/** The cost of PBKDF2 (RFC 8018). */
export interface Pbkdf2Cost {
  readonly scheme: "pbkdf2";
  /** The hash function of its HMAC. */
  readonly hash: "sha256" | "sha512";
  /** How often it is applied. */
  readonly iterations: number;
}

/** A password hash, taken apart. */
export interface PasswordHash {
  /** Scheme and cost. */
  readonly cost: ScryptCost | Pbkdf2Cost;
  /** Random bytes. */
  readonly salt: Uint8Array;
  /** What the password and the salt give. */
  readonly key: Uint8Array;
}

// A hash says how much work it is. These bounds keep one that somebody has slipped into a file from eating the memory or the processor:
// 128 MiB is scrypt with N = 2^17 and r = 8.
const MOST_MEMORY = 128 * 2 ** 20;
const MOST_BLOCKS = 2 * MOST_MEMORY;
const MOST_ITERATIONS = 2_000_000;

const SCRYPT = /^ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)$/;
const PBKDF2 = /^h=(sha256|sha512),i=([1-9]\d{0,7})$/;

/**
 * Reads a password hash.
 *
 * @throws {TypeError} If the text is none, or asks for more than 128 MiB of memory, 256 MiB of work or 2 million iterations. The message does not repeat it.
 */
export function toPasswordHash(text: string): PasswordHash {
  const [scheme, parameters = "", salt = "", key = "", ...rest] = text.split("$");
  const cost = scheme === "scrypt" ? toScrypt(parameters) : scheme === "pbkdf2" ? toPbkdf2(parameters) : undefined;
  if (cost === undefined || rest.length > 0) {
    throw new TypeError("the hash must be scrypt$ln=…,r=…,p=…$SALT$KEY or pbkdf2$h=…,i=…$SALT$KEY");
  }
  return { cost, salt: toBytes("salt", salt, 4), key: toBytes("key", key, 16) };
}

/** Writes a password hash. */
export function fromPasswordHash({ cost, salt, key }: PasswordHash): string {
  const parameters =
    cost.scheme === "scrypt" ? `ln=${cost.ln},r=${cost.r},p=${cost.p}` : `h=${cost.hash},i=${cost.iterations}`;
  return [cost.scheme, parameters, toBase64(salt), toBase64(key)].join("$");
}

function toScrypt(parameters: string): ScryptCost | undefined {
  const found = SCRYPT.exec(parameters);
  if (found === null) return undefined;
  const [ln = 0, r = 0, p = 0] = found.slice(1).map(Number);
  const memory = 128 * r * 2 ** ln;
  if (memory > MOST_MEMORY) throw new TypeError("the hash asks scrypt for more than 128 MiB of memory");
  if (memory * p > MOST_BLOCKS) throw new TypeError("the hash asks scrypt for more work than 256 MiB in turn");
  return { scheme: "scrypt", ln, r, p };
}

function toPbkdf2(parameters: string): Pbkdf2Cost | undefined {
  const found = PBKDF2.exec(parameters);
  if (found === null) return undefined;
  const iterations = Number(found[2]);
  if (iterations > MOST_ITERATIONS) throw new TypeError("the hash asks PBKDF2 for more than 2000000 iterations");
  return { scheme: "pbkdf2", hash: found[1] === "sha512" ? "sha512" : "sha256", iterations };
}

function toBytes(name: string, base64: string, least: number): Uint8Array {
  const isBase64 = base64.length <= 88 && base64.length % 4 !== 1 && /^[A-Za-z0-9+/]*$/.test(base64);
  const bytes = isBase64 ? Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0)) : new Uint8Array(0);
  if (bytes.length < least || bytes.length > 64) {
    throw new TypeError(`the ${name} of the hash must be ${least} to 64 bytes in Base64 without padding`);
  }
  return bytes;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, "");
}
