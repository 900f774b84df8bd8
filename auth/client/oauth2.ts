/**
 * Tokens that a client gets from an authorization server (RFC 6749).
 *
 * @module
 */

import type { Clock } from "../../src/clock.ts";
import { fetchCapped } from "../capped_fetch.ts";
import { type Epoch, type IssuedToken, KeptToken, systemEpoch } from "./kept_token.ts";
import { type OAuth2Options, type OAuth2Rules, type Parameter, toOAuth2Rules } from "./oauth2_options.ts";
import type { TokenSource } from "./self_signed_jwt.ts";
import { OAuth2Error, readTokenResponse, type TokenResponse } from "./token_response.ts";

/** The time, for tests to hold. */
export interface OAuth2Time {
  readonly epoch: Epoch;
  /** What time-outs are measured with. */
  readonly clock?: Pick<Clock, "schedule">;
}

/**
 * Makes a function for `auth` that gets a token from an authorization server, keeps it until shortly before it expires (5 s, or a tenth of its life if
 * that is less) and gets another when it is refused. Attempts that come while a call is under way share it, and all clients that share the function
 * share the token. With the grants `password` and `refreshToken` the refresh token of an answer gets the next token; when it is refused, the grant does.
 *
 * A call takes at most 5 s and 256 KiB, and follows no redirect. It rejects with an {@link OAuth2Error} or another `AuthError`, with status 503 for what
 * another attempt may mend (no network, too slow, 5xx, 429), else 401. No error holds a token, a secret or anything else of a request or an answer.
 *
 * @throws {TypeError} If an option is unknown, missing or wrong
 * @throws {RangeError} If a number is out of range
 *
 * @example
 * ```ts
 * import { oauth2 } from "@switchboard/websocket/client/auth";
 *
 * export const auth = oauth2({
 *   clientCredentials: {
 *     tokenUrl: "https://id.example.org/oauth2/token",
 *     clientId: "worker",
 *     clientSecret: "s3cret",
 *     scopes: ["chat:write"],
 *   },
 * });
 * ```
 */
export function oauth2(options: OAuth2Options): TokenSource {
  return toOAuth2(options, { epoch: systemEpoch });
}

/** Makes the function out of another time. */
export function toOAuth2(options: OAuth2Options, time: OAuth2Time): TokenSource {
  const issuer = new Issuer(toOAuth2Rules(options), time);
  const kept = new KeptToken((signal) => issuer.issue(signal), time.epoch);
  return (request) => kept.get(request);
}

/** Gets one token after another. */
class Issuer {
  readonly #rules: OAuth2Rules;
  readonly #time: OAuth2Time;
  #refreshToken: string | undefined;

  constructor(rules: OAuth2Rules, time: OAuth2Time) {
    this.#rules = rules;
    this.#time = time;
  }

  async issue(signal: AbortSignal): Promise<IssuedToken> {
    // Time counts from before the call, however slow the answer is.
    const issuedAt = this.#time.epoch();
    const { grant, defaultLifetime, clockSkew } = this.#rules;
    const answer = (await this.#refresh(signal)) ?? (await this.#ask(signal, await grant.toForm(signal)));
    if (grant.refreshes) this.#refreshToken = answer.refreshToken ?? this.#refreshToken;
    const { accessToken: token, expiresIn = defaultLifetime } = answer;
    return { token, issuedAt, lifetime: Math.max(0, expiresIn - clockSkew) };
  }

  /** Uses the refresh token; `undefined` if there is none or it is refused, which ends it. */
  async #refresh(signal: AbortSignal): Promise<TokenResponse | undefined> {
    if (this.#refreshToken === undefined) return undefined;
    const form: Parameter[] = [
      ["grant_type", "refresh_token"],
      ["refresh_token", this.#refreshToken],
    ];
    try {
      return await this.#ask(signal, form);
    } catch (error) {
      if (!(error instanceof OAuth2Error) || error.status === 503) throw error;
      this.#refreshToken = undefined;
      return undefined;
    }
  }

  async #ask(signal: AbortSignal, form: readonly Parameter[]): Promise<TokenResponse> {
    const { url, headers, params, fetch } = this.#rules;
    const { clock } = this.#time;
    const body = new URLSearchParams([...form, ...params].map(([name, value]) => [name, value])).toString();
    const options = { signal, ...(fetch !== undefined && { fetch }), ...(clock !== undefined && { clock }) };
    return readTokenResponse(url.host, await fetchCapped(url, { method: "POST", headers, body }, options));
  }
}
