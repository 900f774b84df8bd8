/**
 * Where the keys of tokens come from, if not from a server: a secret, a public key, a certificate.
 *
 * @module
 */

import { AuthError } from "../src/errors.ts";
import { checkFit, secretLength } from "./algorithms.ts";
import { type PublicKey, toCertificateKey } from "./public_key.ts";

/** A key, and which version of the keys it is of. */
export interface FoundKey {
  readonly key: CryptoKey;
  readonly version: number;
}

/** The keys that tokens are checked with. */
export interface Keys {
  /** A greater number whenever other keys are in force; 0 before there were any. */
  readonly version: number;
  /** Fetches the keys again if that is due; `undefined` if it is not. Never rejects. */
  refresh(): Promise<void> | undefined;
  /**
   * Finds the only key that fits a token; `undefined` if there is none, or more than one.
   *
   * @param algorithm One of the option `algorithms`
   * @param id The `kid` of the token
   * @throws {AuthError} With status 503, if the keys cannot be had
   */
  find(algorithm: string, id: string | undefined): Promise<FoundKey | undefined>;
}

/**
 * Makes the keys out of the option `secret`, UTF-8 if it is text.
 *
 * @throws {TypeError} If it is neither text nor bytes
 * @throws {RangeError} If it is shorter than the hash of an algorithm (RFC 7518, section 3.2)
 */
export function secretKeys(secret: string | Uint8Array, algorithms: ReadonlySet<string>): Keys {
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    throw new TypeError("Option secret must be text or a Uint8Array");
  }
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : new Uint8Array(secret);
  const needed = secretLength(algorithms);
  if (bytes.length < needed) {
    throw new RangeError(
      `Option secret has ${bytes.length} bytes: ${[...algorithms].join(", ")} need ${needed} or more`,
    );
  }
  return fixed((algorithm) => {
    const hash = `SHA-${algorithm.slice(2)}`;
    return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, false, ["verify"]);
  });
}

/** Makes the keys out of the option `publicKey`. */
export function publicKeys(key: PublicKey): Keys {
  return fixed((algorithm) => key.toKey(algorithm));
}

/** Makes the keys out of the option `certFile`, which is read when the first token comes, and again until that succeeds. */
export function certificateKeys(path: string, algorithms: ReadonlySet<string>): Keys {
  let reading: Promise<PublicKey> | undefined;
  const load = async (): Promise<PublicKey> => {
    const key = toCertificateKey(await read(path));
    checkFit(algorithms, key.fits, `option certFile, ${key.what}`);
    return key;
  };
  return fixed(async (algorithm) => {
    reading ??= load().catch((error) => {
      reading = undefined;
      throw error;
    });
    return (await reading).toKey(algorithm);
  });
}

async function read(path: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    // The message reaches the client, which the path does not concern.
    throw new AuthError("The certificate for tokens cannot be read", { cause });
  }
}

/** Keys that stay as they are: one for each algorithm, made when it is first needed. */
function fixed(toKey: (algorithm: string) => Promise<CryptoKey>): Keys {
  const made = new Map<string, Promise<FoundKey>>();
  const make = async (algorithm: string): Promise<FoundKey> => {
    try {
      return { key: await toKey(algorithm), version: 0 };
    } catch (error) {
      made.delete(algorithm);
      throw error;
    }
  };
  return {
    version: 0,
    refresh: () => undefined,
    find(algorithm) {
      const known = made.get(algorithm);
      if (known !== undefined) return known;
      const key = make(algorithm);
      made.set(algorithm, key);
      return key;
    },
  };
}
