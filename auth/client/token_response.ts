/**
 * What a token endpoint answers (RFC 6749, section 5).
 *
 * @module
 */

import { AuthError, type AuthErrorOptions } from "../../src/errors.ts";
import type { CappedResponse } from "../capped_fetch.ts";
import { isRecord } from "../record.ts";

/** The answer to a request that was granted. */
export interface TokenResponse {
  readonly accessToken: string;
  /** Seconds; `undefined` if the server does not say. */
  readonly expiresIn: number | undefined;
  readonly refreshToken: string | undefined;
}

/**
 * An authorization server gave no token. Its status is 401 where another attempt would fare no better, else 503.
 * It holds nothing of what was sent, and of the answer no more than a known error code.
 */
export class OAuth2Error extends AuthError {
  /** The error code of the server (RFC 6749, section 5.2), `invalid_client` for example; `undefined` if it gave none that is known. */
  readonly oauthError: string | undefined;

  constructor(message: string, options: AuthErrorOptions = {}, oauthError?: string) {
    super(message, options);
    this.oauthError = oauthError;
  }

  /** The name of the class, written out since minifiers change that. */
  override get name(): string {
    return "OAuth2Error";
  }
}

// Of RFC 6749, sections 4.1.2.1 and 5.2, and RFC 8707. No other text of the server is repeated: it may be our secret.
const CODES: ReadonlySet<unknown> = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "access_denied",
  "server_error",
  "temporarily_unavailable",
]);
const TEMPORARY_CODES: ReadonlySet<string | undefined> = new Set(["server_error", "temporarily_unavailable"]);
const TEMPORARY_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** The characters that a bearer token has in a header (RFC 6750, section 2.1), and some that servers use besides. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;
/** Those that a refresh token has (RFC 6749, appendix A.17). */
const REFRESH_TOKEN = /^[\x20-\x7e]{1,16384}$/;

/**
 * Reads an answer.
 *
 * @param host The host of the endpoint, for messages
 * @throws {OAuth2Error} If it holds no bearer token
 */
export function readTokenResponse(host: string, { status, headers, body }: CappedResponse): TokenResponse {
  const answer = parse(body);
  if (status !== 200) throw toRefusal(host, status, headers.get("retry-after"), answer?.error);
  const broken = (problem: string) => new OAuth2Error(`Cannot get a token from "${host}": ${problem}`);
  if (answer === undefined) throw broken("its answer is not a JSON object");
  const { access_token, token_type, expires_in, refresh_token } = answer;
  if (typeof access_token !== "string" || !TOKEN.test(access_token)) throw broken('its "access_token" is no token');
  if (typeof token_type !== "string") throw broken('its "token_type" is not a text');
  if (token_type.toLowerCase() !== "bearer") {
    throw new OAuth2Error(`Cannot use the token of "${host}": its type is not bearer`, { status: 401 });
  }
  if (expires_in !== undefined && !isSeconds(expires_in)) throw broken('its "expires_in" is no number of seconds');
  if (refresh_token !== undefined && (typeof refresh_token !== "string" || !REFRESH_TOKEN.test(refresh_token))) {
    throw broken('its "refresh_token" is no token');
  }
  return { accessToken: access_token, expiresIn: expires_in, refreshToken: refresh_token };
}

function toRefusal(host: string, status: number, retryAfter: string | null, error: unknown): OAuth2Error {
  const code = typeof error === "string" && CODES.has(error) ? error : undefined;
  const message = `Cannot get a token from "${host}": it answered with ${status}${code === undefined ? "" : ` and "${code}"`}`;
  const isTemporary = status >= 500 || TEMPORARY_STATUSES.has(status) || TEMPORARY_CODES.has(code);
  if (!isTemporary) return new OAuth2Error(message, { status: 401 }, code);
  const wait = toSeconds(retryAfter);
  return new OAuth2Error(message, { status: 503, ...(wait !== undefined && { retryAfter: wait }) }, code);
}

/** Seconds out of `Retry-After` (RFC 9110, section 10.2.3), which is a number of them or a date. */
function toSeconds(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
