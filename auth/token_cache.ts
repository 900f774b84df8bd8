/**
 * Tokens that were verified, so that the next upgrade with one of them does without the signature.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** Keeps what was found for a token; of the token itself it keeps the SHA-256 alone. */
export class TokenCache<Value> {
  readonly #limit: number;
  // The one that was used the longest ago comes first.
  readonly #values: Map<string, Value> = new Map();
  #version = 0;

  /** Keeps at most `limit` values. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many values there are. */
  get size(): number {
    return this.#values.size;
  }

  /** Finds what was kept under the same version of the keys. */
  get(token: string, version: number): Value | undefined {
    this.#keepFor(version);
    // Most of those who come first have an empty cache.
    if (this.#values.size === 0) return undefined;
    const name = toName(token);
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    this.#values.delete(name);
    this.#values.set(name, value);
    return value;
  }

  /** Keeps a value, unless it is of keys that are no longer in force; the one that was used the longest ago may have to go. */
  set(token: string, version: number, value: Value): void {
    if (version < this.#version) return;
    this.#keepFor(version);
    this.#values.set(toName(token), value);
    if (this.#values.size <= this.#limit) return;
    for (const name of this.#values.keys()) {
      this.#values.delete(name);
      return;
    }
  }

  /** Forgets a token. */
  delete(token: string): void {
    this.#values.delete(toName(token));
  }

  #keepFor(version: number): void {
    if (version === this.#version) return;
    this.#version = version;
    this.#values.clear();
  }
}

function toName(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
