/**
 * Tokens that a client signs itself (RFC 7519).
 *
 * @module
 */

import type { CredentialRequest } from "../../src/client/client_credential.ts";
import { checkNames } from "../../src/options.ts";
import type { JwtAlgorithm } from "../algorithms.ts";
import { checkText } from "../endpoint_options.ts";
import { isRecord } from "../record.ts";
import type { WebKey } from "../web_key.ts";
import { type Epoch, type IssuedToken, KeptToken, systemEpoch } from "./kept_token.ts";
import { type SigningJwk, type SigningKey, toSigningKey } from "./signing_key.ts";

/** The options of {@link selfSignedJwt}. */
export interface SelfSignedJwtOptions {
  /** Who signs: `iss`. */
  readonly issuer: string;
  /** Whom the token is for: `aud`. */
  readonly audience: string | readonly string[];
  /** Whom it speaks of: `sub`. @default none */
  readonly subject?: string | undefined;
  /** Further claims, as JSON. @default {} */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds from `iat` to `exp`, 1 or more. @default 300 */
  readonly expTime?: number | undefined;
  /** How it is signed; there is no unsigned token. */
  readonly algorithm: JwtAlgorithm;
  /**
   * What it is signed with: a private key as PEM text (`BEGIN PRIVATE KEY`), as JWK or as `CryptoKey`, or, for HS256, HS384 and HS512, a secret with as
   * many bytes as the hash or more, text standing for its UTF-8.
   */
  readonly key: string | Uint8Array | SigningJwk | WebKey;
  /** The `kid` in its header. @default that of the JWK */
  readonly keyId?: string | undefined;
}

/** A function for the option `auth` of a client. */
export type TokenSource = (request: CredentialRequest) => Promise<{ readonly token: string }>;

const NAMES: ReadonlySet<string> = new Set<keyof SelfSignedJwtOptions>([
  "issuer",
  "audience",
  "subject",
  "claims",
  "expTime",
  "algorithm",
  "key",
  "keyId",
]);
const OWN = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"] as const;

/**
 * Makes a function for `auth` that signs a token, with `iss`, `aud`, `iat`, `nbf`, `exp` and a random `jti`. A token serves all attempts until shortly
 * before it expires (5 s, or a tenth of `expTime` if that is less), or is refused; then another is signed.
 *
 * @throws {TypeError} If an option is unknown, missing or wrong, or the key is not for the algorithm; the message never repeats the key
 * @throws {RangeError} If `expTime` is less than 1, or a secret too short
 *
 * @example
 * ```ts
 * import { selfSignedJwt } from "@switchboard/websocket/client/auth";
 *
 * const auth = selfSignedJwt({
 *   issuer: "worker-7",
 *   audience: "chat",
 *   algorithm: "HS256",
 *   key: "0123456789abcdef0123456789abcdef",
 * });
 * const { token } = await auth({ renew: false, signal: AbortSignal.timeout(1000) });
 * console.log(token.split(".").length); // 3
 * ```
 */
export function selfSignedJwt(options: SelfSignedJwtOptions): TokenSource {
  return toSelfSignedJwt(options, systemEpoch);
}

/** Makes the function out of another time. */
export function toSelfSignedJwt(options: SelfSignedJwtOptions, epoch: Epoch): TokenSource {
  checkNames("selfSignedJwt", options, NAMES);
  const { expTime = 300, algorithm } = options;
  if (typeof expTime !== "number" || !(expTime >= 1) || expTime === Number.POSITIVE_INFINITY) {
    throw new RangeError(`Option expTime must be a number of seconds from 1: "${expTime}"`);
  }
  const claims = toClaims(options);
  const key = toSigningKey(algorithm, options.key);
  const kid = options.keyId === undefined ? key.id : checkText("keyId", options.keyId);
  const kept = new KeptToken(() => sign(key, kid, claims, epoch(), expTime), epoch);
  return (request) => kept.get(request);
}

async function sign(
  key: SigningKey,
  id: string | undefined,
  claims: Readonly<Record<string, unknown>>,
  now: number,
  expTime: number,
): Promise<IssuedToken> {
  const iat = Math.floor(now);
  const times = { iat, nbf: iat, exp: Math.floor(iat + expTime), jti: crypto.randomUUID() };
  const token = await key.sign({ ...claims, ...times }, id);
  return { token, issuedAt: iat, lifetime: expTime };
}

function toClaims({ issuer, audience, subject, claims = {} }: SelfSignedJwtOptions): Readonly<Record<string, unknown>> {
  return {
    ...toOthers(claims),
    iss: checkText("issuer", issuer),
    aud: toAudience(audience),
    ...(subject !== undefined && { sub: checkText("subject", subject) }),
  };
}

function toAudience(audience: string | readonly string[]): string | string[] {
  if (typeof audience === "string") return checkText("audience", audience);
  if (Array.isArray(audience) && audience.length > 0) return audience.map((one) => checkText("audience", one));
  throw new TypeError("Option audience must be a text or a list of one or more");
}

function toOthers(claims: unknown): Readonly<Record<string, unknown>> {
  const copy = toJson(claims);
  if (!isRecord(copy)) throw new TypeError("Option claims must be an object of JSON");
  for (const name of OWN) {
    if (!Object.hasOwn(copy, name)) continue;
    throw new TypeError(`Option claims must not hold "${name}", which is set anyway or has an option of its own`);
  }
  return copy;
}

/** Copies a value, so that a change of it later changes no token. */
function toJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}
