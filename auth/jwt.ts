/**
 * JSON Web Tokens (RFC 7519) as credentials.
 *
 * @module
 */

import { compactVerify, decodeJwt, decodeProtectedHeader } from "jose";
import type { Authenticator, Principal } from "../src/authenticator.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { checkNames } from "../src/options.ts";
import { algorithmsOf, checkFit, type JwtAlgorithm, PUBLIC, toAlgorithms } from "./algorithms.ts";
import { type ClaimCheck, type Claims, isCurrent, isMeant, satisfies, toClaimRules, toPrincipal } from "./claims.ts";
import { toScopes } from "./endpoint_options.ts";
import { Jwks, toJwksUrl } from "./jwks.ts";
import { certificateKeys, type Keys, publicKeys, secretKeys } from "./keys.ts";
import { type PublicJwk, toPublicKey } from "./public_key.ts";
import { toRealm } from "./realm.ts";
import { isRecord } from "./record.ts";
import { TokenCache } from "./token_cache.ts";
import type { WebKey } from "./web_key.ts";

/** The options of {@link jwtAuth}. Of `jwks`, `publicKey`, `certFile` and `secret` exactly one is set. */
export interface JwtAuthOptions {
  /** The algorithms that a signature may have; each must fit the key. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** The `iss` that a token must have, or a list of which it must have one. @default not checked */
  readonly issuer?: string | readonly string[] | undefined;
  /** The `aud` that a token must have among its own, or a list of which it must have one. @default not checked */
  readonly audience?: string | readonly string[] | undefined;
  /** The URL of the issuer's JSON Web Key Set. It is fetched when the first token comes. */
  readonly jwks?: string | URL | undefined;
  /** A public key: PEM text (`BEGIN PUBLIC KEY`), a JWK or a `CryptoKey`. */
  readonly publicKey?: string | PublicJwk | WebKey | undefined;
  /** The path of a file with an X.509 certificate in PEM. It is read when the first token comes; its dates are not checked. */
  readonly certFile?: string | undefined;
  /** A secret shared with the issuer, text standing for its UTF-8: at least as many bytes as the hash has (32 for HS256). */
  readonly secret?: string | Uint8Array | undefined;
  /** The claim that holds the scopes, as words in one text or as a list. @default "scope" */
  readonly scopeKey?: string | undefined;
  /** Any one of these scopes is needed. @default none is needed */
  readonly scopes?: readonly string[] | undefined;
  /** Seconds by which the clock of the issuer may differ from ours. @default 0 */
  readonly clockSkew?: number | undefined;
  /** Claims that a token must have: the exact value of each, or a function that judges it. @default none */
  readonly customClaims?: Readonly<Record<string, ClaimCheck>> | undefined;
  /** Names of claims that a token must have, for example `["exp"]`. @default [] */
  readonly requiredClaims?: readonly string[] | undefined;
  /** The realm in `WWW-Authenticate`. @default "websocket" */
  readonly realm?: string | undefined;
}

/** The time, for tests to hold. */
export interface JwtTime {
  /** Seconds since the epoch. */
  epoch(): number;
  /** What ages are measured with. */
  readonly clock: Clock;
}

/** What the signature of a token vouches for, and the version of the keys that say so. */
interface Verified {
  readonly principal: Principal;
  readonly version: number;
}

const NAMES: ReadonlySet<string> = new Set<keyof JwtAuthOptions>([
  "algorithms",
  "issuer",
  "audience",
  "jwks",
  "publicKey",
  "certFile",
  "secret",
  "scopeKey",
  "scopes",
  "clockSkew",
  "customClaims",
  "requiredClaims",
  "realm",
]);
const SOURCES = ["jwks", "publicKey", "certFile", "secret"] as const;

/** Characters of the longest token that is looked at. */
const MAX_LENGTH = 16_384;
/** Tokens whose verification is remembered. */
const MAX_CACHED = 1000;
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const systemTime: JwtTime = { epoch: () => Date.now() / 1000, clock: systemClock };

/**
 * Makes an authenticator of signed JSON Web Tokens (RFC 7519, RFC 8725).
 *
 * A token that is malformed, forged, expired or not meant for us proves nothing, which is answered with 401. No claim and no header of
 * a token chooses where a key comes from: `jku`, `x5u`, `jwk` and `iss` are never followed.
 *
 * @throws {TypeError} If there is no key or more than one, no algorithm or one that does not fit the key, or an option is wrong
 * @throws {RangeError} If `clockSkew` is negative or `secret` too short
 *
 * @example
 * ```ts
 * import { Listener } from "@switchboard/websocket";
 * import { jwtAuth } from "@switchboard/websocket/auth";
 *
 * const tokens = jwtAuth({
 *   algorithms: ["RS256"],
 *   issuer: "https://login.example.com/",
 *   audience: "chat",
 *   jwks: "https://login.example.com/.well-known/jwks.json",
 * });
 * const listener = new Listener(9090);
 * listener.attach("/chat", () => ({ onOpen: () => "Welcome" }), { auth: [tokens] });
 * ```
 */
export function jwtAuth(options: JwtAuthOptions): Authenticator {
  return toJwtAuthenticator(options, systemTime);
}

/** Makes an authenticator that takes its time from elsewhere. */
export function toJwtAuthenticator(options: JwtAuthOptions, time: JwtTime): Authenticator {
  checkNames("jwtAuth", options, NAMES);
  const algorithms = toAlgorithms(options.algorithms);
  const rules = toClaimRules(options);
  const keys = toKeys(options, algorithms, time.clock);
  const cache = new TokenCache<Verified>(MAX_CACHED);

  const verify = async (token: string): Promise<Verified | undefined> => {
    const header = toHeader(token, algorithms);
    const unverified = toUnverified(token);
    if (header === undefined || unverified === undefined) return undefined;
    // A token of another issuer shall not make us ask for keys, nor suffer when they cannot be had. This says no, never yes.
    if (!isMeant(unverified, rules) || !isCurrent(unverified, time.epoch(), rules)) return undefined;
    const found = await keys.find(header.algorithm, header.id);
    const claims = found && (await toClaims(token, found.key, header.algorithm));
    const principal = claims && toPrincipal(claims, rules);
    return principal && { principal, version: found.version };
  };

  const authenticate = async (token: string): Promise<Principal | undefined> => {
    if (token.length > MAX_LENGTH || !COMPACT.test(token)) return undefined;
    if (keys.version > 0) await keys.refresh();
    const remembered = cache.get(token, keys.version);
    const verified = remembered ?? (await verify(token));
    if (verified === undefined) return undefined;
    const { principal, version } = verified;
    if (!isCurrent(principal.claims, time.epoch(), rules)) {
      if (remembered !== undefined) cache.delete(token);
      return undefined;
    }
    // Asked of a remembered token too: a function may judge otherwise than before.
    if (!isMeant(principal.claims, rules) || !satisfies(principal.claims, rules)) return undefined;
    if (remembered === undefined) cache.set(token, version, verified);
    return principal;
  };

  return {
    scheme: "Bearer",
    ...(options.scopes !== undefined && { scopes: toScopes("scopes", options.scopes) }),
    ...(options.realm !== undefined && { challenge: toRealm(options.realm) }),
    clockSkew: rules.clockSkew,
    authenticate,
  };
}

function toKeys(options: JwtAuthOptions, algorithms: ReadonlySet<string>, clock: Clock): Keys {
  const set = SOURCES.filter((name) => options[name] !== undefined);
  if (set.length === 0) throw new TypeError(`jwtAuth has no key: set one of the options ${SOURCES.join(", ")}`);
  if (set.length > 1) throw new TypeError(`Options ${set.join(" and ")} exclude each other: set one of them`);
  const { jwks, publicKey, certFile, secret } = options;
  if (secret !== undefined) {
    checkFit(algorithms, algorithmsOf("secret"), "option secret");
    return secretKeys(secret, algorithms);
  }
  if (publicKey !== undefined) {
    const key = toPublicKey(publicKey);
    checkFit(algorithms, key.fits, `option publicKey, ${key.what}`);
    return publicKeys(key);
  }
  checkFit(algorithms, PUBLIC, `option ${set[0]}, which holds public keys`);
  if (jwks !== undefined) return new Jwks(toJwksUrl(jwks), clock);
  if (typeof certFile !== "string" || certFile === "")
    throw new TypeError("Option certFile must be the path of a file");
  return certificateKeys(certFile, algorithms);
}

/** Reads the header of a token (RFC 7515, section 4); `undefined` if we would not verify it with any key. */
function toHeader(
  token: string,
  algorithms: ReadonlySet<string>,
): { algorithm: string; id: string | undefined } | undefined {
  try {
    const header: Readonly<Record<string, unknown>> = decodeProtectedHeader(token);
    const { alg, kid } = header;
    if (typeof alg !== "string" || !algorithms.has(alg)) return undefined;
    if (kid !== undefined && typeof kid !== "string") return undefined;
    // No extension is understood here; an unencoded payload is not allowed in a JWT (RFC 7797, section 7).
    if ("crit" in header || "b64" in header) return undefined;
    return { algorithm: alg, id: kid };
  } catch {
    return undefined;
  }
}

/** Reads the claims before anything vouches for them. */
function toUnverified(token: string): Claims | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

/** Verifies the signature and reads the claims; `undefined` if either fails. */
async function toClaims(token: string, key: CryptoKey, algorithm: string): Promise<Claims | undefined> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [algorithm] });
    const claims: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
