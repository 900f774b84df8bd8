/**
 * Public keys from the server that issues the tokens: a JSON Web Key Set (RFC 7517, section 5), fetched when it is needed.
 *
 * @module
 */

import { createLocalJWKSet, errors, type JWK, type LocalJWKSet } from "jose";
import type { Clock } from "../src/clock.ts";
import { AuthError } from "../src/errors.ts";
import { fetchCapped } from "./capped_fetch.ts";
import type { FoundKey, Keys } from "./keys.ts";
import { isRecord } from "./record.ts";
import { isSafe } from "./transport.ts";

/** Milliseconds between the starts of two fetches, whatever they are for and however they end. */
const COOLDOWN = 30_000;
/** Milliseconds after which the keys are fetched again, so that a withdrawn one does not stay. */
const MAX_AGE = 600_000;

/**
 * Checks the option `jwks`.
 *
 * @throws {TypeError} If it is no address of HTTP or holds a password
 */
export function toJwksUrl(value: string | URL): URL {
  const url = URL.canParse(`${value}`) ? new URL(value) : undefined;
  if (url === undefined || !isSafe(url)) {
    throw new TypeError(
      "Option jwks must be an https: URL, or an http: one of this machine: whoever changes the keys forges tokens",
    );
  }
  if (url.username !== "" || url.password !== "") throw new TypeError("Option jwks must hold no user name or password");
  return url;
}

/**
 * The keys behind one URL. Nothing that a token says chooses where they come from, and nobody else gets them: keys belong to their issuer.
 *
 * Keys that were fetched once stay in force while the server cannot be reached.
 */
export class Jwks implements Keys {
  readonly #url: URL;
  readonly #clock: Clock;
  #version = 0;
  #text = "";
  #keys: LocalJWKSet | undefined;
  #failure: AuthError | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;

  /** Fetches nothing yet. */
  constructor(url: URL, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /** A greater number whenever other keys are in force; 0 before there were any. */
  get version(): number {
    return this.#version;
  }

  /** Fetches the keys again if they are older than 10 minutes, and that was not tried within 30 s. */
  refresh(): Promise<void> | undefined {
    return this.#clock.now() - this.#fetchedAt < MAX_AGE ? undefined : this.#fetch();
  }

  /**
   * Finds the only key that fits; an unknown `kid` fetches the keys again, at most once in 30 s.
   *
   * @throws {AuthError} With status 503, if it may be among keys that cannot be had
   */
  async find(algorithm: string, id: string | undefined): Promise<FoundKey | undefined> {
    await this.refresh();
    const found = await this.#pick(algorithm, id);
    if (found !== "unknown") return found;
    await this.#fetch();
    const again = await this.#pick(algorithm, id);
    if (again !== "unknown") return again;
    if (this.#failure !== undefined) throw this.#toUnavailable(this.#failure);
    return undefined;
  }

  async #pick(algorithm: string, id: string | undefined): Promise<FoundKey | "unknown" | undefined> {
    if (this.#keys === undefined) return "unknown";
    const version = this.#version;
    try {
      const key: unknown = await this.#keys(id === undefined ? { alg: algorithm } : { alg: algorithm, kid: id });
      return key instanceof CryptoKey ? { key, version } : undefined;
    } catch (error) {
      // Otherwise several keys fit, or the one that does is of no use.
      return error instanceof errors.JWKSNoMatchingKey ? "unknown" : undefined;
    }
  }

  /** Fetches the keys unless that was tried lately; who comes while it is under way shares it. */
  #fetch(): Promise<void> | undefined {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#clock.now() - this.#triedAt < COOLDOWN) return undefined;
    this.#triedAt = this.#clock.now();
    this.#pending = this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(): Promise<void> {
    try {
      const text = await this.#read();
      if (text !== this.#text) {
        this.#keys = createLocalJWKSet({ keys: this.#parse(text) });
        this.#text = text;
        this.#version += 1;
      }
      this.#fetchedAt = this.#clock.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error instanceof AuthError ? error : new AuthError(this.#toMessage("the request failed"));
    }
  }

  async #read(): Promise<string> {
    const accept = "application/jwk-set+json, application/json";
    const { status, body } = await fetchCapped(this.#url, { headers: { accept } }, { clock: this.#clock });
    if (status !== 200) throw new AuthError(this.#toMessage(`it answers with ${status}`));
    return body;
  }

  #parse(text: string): JWK[] {
    let set: unknown;
    try {
      set = JSON.parse(text);
    } catch {
      // No cause: it would quote the text.
    }
    if (!isRecord(set) || !Array.isArray(set.keys)) {
      throw new AuthError(this.#toMessage("its answer is no JSON Web Key Set"));
    }
    // One that is of no use does not spoil the others (RFC 7517, section 5).
    return set.keys.filter((key: unknown): key is JWK => isRecord(key) && typeof key.kty === "string");
  }

  #toMessage(reason: string): string {
    return `Cannot get keys from "${this.#url.host}": ${reason}`;
  }

  #toUnavailable(failure: AuthError): AuthError {
    const left = this.#triedAt + COOLDOWN - this.#clock.now();
    return new AuthError(failure.message, { retryAfter: Math.max(1, Math.ceil(left / 1000)), cause: failure });
  }
}
