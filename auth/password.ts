/**
 * Passwords hashed, and held against their hashes.
 *
 * @module
 */

import { isEqual } from "./compare.ts";
import { toNfc } from "./nfc.ts";
import {
  fromPasswordHash,
  type HashScheme,
  type PasswordHash,
  type Pbkdf2Cost,
  type ScryptCost,
  toPasswordHash,
} from "./password_hash.ts";

/** Options of {@link hashPassword}. */
export interface HashPasswordOptions {
  /** `scrypt` needs memory too (32 MiB), which makes guessing dearer; `pbkdf2` is for those who may use nothing else. @default "scrypt" */
  readonly scheme?: HashScheme | undefined;
}

// Both as the OWASP Password Storage Cheat Sheet has them.
const COSTS: ReadonlyMap<HashScheme, ScryptCost | Pbkdf2Cost> = new Map<HashScheme, ScryptCost | Pbkdf2Cost>([
  ["scrypt", { scheme: "scrypt", ln: 15, r: 8, p: 3 }],
  ["pbkdf2", { scheme: "pbkdf2", hash: "sha256", iterations: 600_000 }],
]);

/**
 * Hashes a password with a random salt of 16 bytes, as `scrypt$ln=15,r=8,p=3$SALT$KEY` or `pbkdf2$h=sha256,i=600000$SALT$KEY`.
 * The password is hashed in its Unicode form NFC (RFC 8265, section 4.2), so that it does not matter how a keyboard composes "ü".
 *
 * @throws {TypeError} If the password is empty or has a control character, which Basic cannot carry, or the scheme is unknown
 *
 * @example
 * ```ts
 * import { hashPassword, verifyPassword } from "@switchboard/websocket/auth";
 *
 * const hash = await hashPassword("correct horse");
 * console.log(await verifyPassword("correct horse", hash)); // true
 * ```
 */
export async function hashPassword(password: string, options: HashPasswordOptions = {}): Promise<string> {
  const cost = COSTS.get(options.scheme ?? "scrypt");
  if (cost === undefined) throw new TypeError('Option scheme must be "scrypt" or "pbkdf2"');
  const problem = toPasswordProblem(password);
  if (problem !== undefined) throw new TypeError(`Cannot hash the password: it ${problem}`);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  return fromPasswordHash({ cost, salt, key: await derive(password, salt, cost, 32) });
}

/**
 * Tells whether a hash is that of the password. It takes the time and the memory that the hash asks for, in the background; how many run
 * at once is for the caller to bound, as {@link basicAuth} does.
 *
 * @param hash What {@link hashPassword} returned
 * @throws {TypeError} If `hash` is none, or asks for more than 128 MiB of memory, 256 MiB of work or 2 million iterations
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  return await matches(password, toPasswordHash(hash));
}

/** Tells whether a hash that was taken apart is that of the password. */
export async function matches(password: string, { cost, salt, key }: PasswordHash): Promise<boolean> {
  return isEqual(await derive(password, salt, cost, key.byteLength), key);
}

/** Says what keeps a text from being a password, if anything: "must not be empty". */
export function toPasswordProblem(password: string): string | undefined {
  if (typeof password !== "string") return `must be a string, and is ${password === null ? "null" : typeof password}`;
  if (password === "") return "must not be empty";
  // Basic can carry none (RFC 7617, section 2).
  return /\p{Cc}/u.test(password) ? "must not have control characters" : undefined;
}

async function derive(
  password: string,
  salt: Uint8Array,
  cost: ScryptCost | Pbkdf2Cost,
  size: number,
): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(toNfc(password));
  return cost.scheme === "scrypt" ? await scrypt(bytes, salt, cost, size) : await pbkdf2(bytes, salt, cost, size);
}

function scrypt(password: Uint8Array, salt: Uint8Array, { ln, r, p }: ScryptCost, size: number): Promise<Uint8Array> {
  const { scrypt } = process.getBuiltinModule("node:crypto");
  // OpenSSL counts what it needs beside N blocks too.
  const maxmem = 128 * r * (2 ** ln + p + 2) + 2 ** 20;
  return new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem };
    // Without an error Bun gives undefined for one, the others null.
    scrypt(password, salt, size, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

// WebCrypto's, because that of node:crypto takes three times as long on Deno.
async function pbkdf2(password: Uint8Array, salt: Uint8Array, cost: Pbkdf2Cost, size: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(password), "PBKDF2", false, ["deriveBits"]);
  const hash = cost.hash === "sha256" ? "SHA-256" : "SHA-512";
  const parameters = { name: "PBKDF2", hash, salt: new Uint8Array(salt), iterations: cost.iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, size * 8));
}
