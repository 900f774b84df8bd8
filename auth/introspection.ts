/**
 * Tokens that an authorization server is asked about (RFC 7662).
 *
 * @module
 */

import type { Authenticator, Principal } from "../src/authenticator.ts";
import type { Clock } from "../src/clock.ts";
import { AuthError } from "../src/errors.ts";
import { AnswerCache } from "./answer_cache.ts";
import { fetchCapped } from "./capped_fetch.ts";
import { type IntrospectionOptions, type IntrospectionRules, toIntrospectionRules } from "./introspection_options.ts";
import { type ActiveToken, ResponseError, readIntrospection } from "./introspection_response.ts";

/** Milliseconds for which it is kept that a token is not active: it may be one that is not valid yet. */
const INACTIVE_TTL = 5000;

/**
 * Makes an authenticator that asks an authorization server about each token (RFC 7662).
 *
 * It fails closed: when the server is down, slower than 5 s, or gives anything but an introspection response, the upgrade is
 * refused with 503. Redirects are not followed, and an answer has at most 256 KiB. Connections that come with equal tokens at
 * the same time make one call. No error or log holds the token or the secret.
 *
 * @throws {TypeError} If an option is unknown, missing or wrong
 * @throws {RangeError} If `cache.maxSize` or `cache.ttl` is out of range
 *
 * @example
 * ```ts
 * import { upgrade } from "@switchboard/websocket";
 * import { oauth2Introspection } from "@switchboard/websocket/auth";
 *
 * const tokens = oauth2Introspection({
 *   url: "https://id.example.org/oauth2/introspect",
 *   clientId: "chat",
 *   clientSecret: "s3cret",
 *   scopes: ["chat:write"],
 *   cache: { maxSize: 1000, ttl: 30 },
 * });
 * export const chat = upgrade({ auth: [tokens] }, ({ principal }) => ({ onOpen: () => `Hello ${principal?.subject}` }));
 * ```
 */
export function oauth2Introspection(config: IntrospectionOptions): Authenticator {
  return toIntrospectionAuthenticator(config);
}

/** Makes an authenticator that measures the time of its calls with another clock. */
export function toIntrospectionAuthenticator(config: IntrospectionOptions, clock?: Clock): Authenticator {
  const rules = toIntrospectionRules(config);
  const introspection = new Introspection(rules, clock);
  return {
    scheme: "Bearer",
    challenge: rules.challenge,
    ...(rules.scopes !== undefined && { scopes: rules.scopes }),
    authenticate: (token) => introspection.authenticate(token),
  };
}

// Each token that somebody makes up costs a call; more than these wait for nobody.
const MOST_CALLS = 256;

/** The calls under way and the answers that are kept, both by the hash of their token. */
class Introspection {
  readonly #rules: IntrospectionRules;
  readonly #clock: Clock | undefined;
  readonly #calls: Map<string, Promise<ActiveToken | undefined>> = new Map();
  readonly #active: AnswerCache<ActiveToken> | undefined;
  // Apart, so that made-up tokens push no good one out.
  readonly #inactive: AnswerCache<true> | undefined;

  constructor(rules: IntrospectionRules, clock: Clock | undefined) {
    this.#rules = rules;
    this.#clock = clock;
    if (rules.cache === undefined) return;
    this.#active = new AnswerCache(rules.cache.maxSize);
    this.#inactive = new AnswerCache(rules.cache.maxSize);
  }

  async authenticate(token: string): Promise<Principal | undefined> {
    // The characters of an access token are those of RFC 6749, appendix A.12; nobody issues another.
    if (!/^[\x20-\x7e]+$/.test(token)) return undefined;
    const key = await toHash(token);
    const answer = await this.#find(key, token);
    const now = Date.now() / 1000;
    if (answer === undefined || now < answer.notBefore) return undefined;
    const { expiresAt = Number.POSITIVE_INFINITY } = answer.principal;
    return now < expiresAt ? answer.principal : undefined;
  }

  #find(key: string, token: string): ActiveToken | undefined | Promise<ActiveToken | undefined> {
    const now = Date.now();
    const active = this.#active?.get(key, now);
    if (active !== undefined) return active;
    if (this.#inactive?.get(key, now) === true) return undefined;
    const underway = this.#calls.get(key);
    if (underway !== undefined) return underway;
    if (this.#calls.size >= MOST_CALLS) throw new AuthError("Too many tokens are being asked about", { retryAfter: 5 });
    // The call is nobody's own: a peer that leaves does not abort it. Its time is bounded.
    const call = this.#ask(key, token).finally(() => this.#calls.delete(key));
    this.#calls.set(key, call);
    return call;
  }

  async #ask(key: string, token: string): Promise<ActiveToken | undefined> {
    // Time counts from before the call, so that a revoked token is gone after `ttl` however slow the answer was.
    const start = Date.now();
    const answer = await introspect(this.#rules, token, this.#clock);
    this.#keep(key, answer, start);
    return answer;
  }

  #keep(key: string, answer: ActiveToken | undefined, start: number): void {
    const ttl = this.#rules.cache?.ttl ?? 0;
    if (answer === undefined) {
      this.#inactive?.set(key, true, start, start + Math.min(ttl, INACTIVE_TTL));
      return;
    }
    const { expiresAt = Number.POSITIVE_INFINITY } = answer.principal;
    this.#active?.set(key, answer, start, Math.min(start + ttl, expiresAt * 1000));
  }
}

async function introspect(
  rules: IntrospectionRules,
  token: string,
  clock: Clock | undefined,
): Promise<ActiveToken | undefined> {
  const { url, headers, params, scopeKey, fetch } = rules;
  const body = new URLSearchParams([["token", token], ...params]).toString();
  // To ask twice does no harm.
  const options = { again: true, ...(fetch !== undefined && { fetch }), ...(clock !== undefined && { clock }) };
  const response = await fetchCapped(url, { method: "POST", headers, body }, options);
  try {
    if (response.status !== 200) throw new ResponseError(`it answered with status ${response.status}`);
    return readIntrospection(response.body, scopeKey);
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    throw new AuthError(`Cannot ask "${url.host}": ${error.message}`);
  }
}

async function toHash(token: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
