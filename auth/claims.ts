/**
 * What a token claims (RFC 7519, section 4), and whether that is enough.
 *
 * @module
 */

import type { Principal } from "../src/authenticator.ts";
import { isStray } from "../src/reply.ts";
import { freeze } from "./record.ts";

/** The claims of a token, as they came. */
export type Claims = Readonly<Record<string, unknown>>;

/** The value that a claim must have, or a function that judges it. */
export type ClaimCheck = string | number | boolean | null | ((value: unknown) => boolean);

/** The options that concern claims. */
export interface ClaimOptions {
  readonly issuer?: string | readonly string[] | undefined;
  readonly audience?: string | readonly string[] | undefined;
  readonly scopeKey?: string | undefined;
  readonly clockSkew?: number | undefined;
  readonly customClaims?: Readonly<Record<string, ClaimCheck>> | undefined;
  readonly requiredClaims?: readonly string[] | undefined;
}

/** The checked options. */
export interface ClaimRules {
  readonly issuers: readonly string[] | undefined;
  readonly audiences: readonly string[] | undefined;
  readonly scopeKey: string;
  readonly clockSkew: number;
  readonly customClaims: ReadonlyMap<string, ClaimCheck>;
  readonly requiredClaims: readonly string[];
}

/**
 * Checks the options that concern claims.
 *
 * @throws {TypeError} If one has the wrong type
 * @throws {RangeError} If `clockSkew` is negative or not finite
 */
export function toClaimRules(options: ClaimOptions): ClaimRules {
  const { issuer, audience, scopeKey = "scope", clockSkew = 0, customClaims = {}, requiredClaims = [] } = options;
  if (typeof scopeKey !== "string" || scopeKey === "")
    throw new TypeError("Option scopeKey must be the name of a claim");
  if (!Number.isFinite(clockSkew) || clockSkew < 0) {
    throw new RangeError(`Option clockSkew is ${clockSkew}: must be a number of seconds, 0 or more`);
  }
  if (typeof customClaims !== "object" || customClaims === null) {
    throw new TypeError("Option customClaims must be an object");
  }
  for (const [name, check] of Object.entries(customClaims)) {
    if (check !== null && !["string", "number", "boolean", "function"].includes(typeof check)) {
      throw new TypeError(
        `Option customClaims has "${name}" of type ${typeof check}: must be a text, number, boolean, null or function`,
      );
    }
  }
  return {
    issuers: issuer === undefined ? undefined : toNames("issuer", typeof issuer === "string" ? [issuer] : issuer),
    audiences:
      audience === undefined ? undefined : toNames("audience", typeof audience === "string" ? [audience] : audience),
    scopeKey,
    clockSkew,
    customClaims: new Map(Object.entries(customClaims)),
    requiredClaims: requiredClaims.length === 0 ? [] : toNames("requiredClaims", requiredClaims),
  };
}

/**
 * Checks an option that is a list of names.
 *
 * @throws {TypeError} If it is none, or empty
 */
function toNames(option: string, names: readonly string[]): readonly string[] {
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string" && name !== "")) {
    throw new TypeError(`Option ${option} must be a list of one or more texts, none of them empty`);
  }
  return [...names];
}

/** Makes a principal of claims that have the types they should; `undefined` of others. */
export function toPrincipal(claims: Claims, { scopeKey }: ClaimRules): Principal | undefined {
  const { sub, exp } = claims;
  const scopes = toScopes(own(claims, scopeKey));
  const dated = ["exp", "nbf", "iat"].every((name) => isAbsentOr(isDate, own(claims, name)));
  const named = ["iss", "sub", "jti"].every((name) => isAbsentOr(isText, own(claims, name)));
  if (!dated || !named || !isAbsentOr(isTextOrTexts, own(claims, "aud")) || scopes === undefined) return undefined;
  return freeze({
    ...(typeof sub === "string" && { subject: sub }),
    scopes,
    claims,
    ...(typeof exp === "number" && { expiresAt: exp }),
  });
}

/** Tells whether a token may be used at a time, in seconds since the epoch (RFC 7519, sections 4.1.4 and 4.1.5). */
export function isCurrent({ exp, nbf }: Claims, now: number, { clockSkew }: ClaimRules): boolean {
  if (typeof exp === "number" && now >= exp + clockSkew) return false;
  return !(typeof nbf === "number" && now < nbf - clockSkew);
}

/** Tells whether a token is of an issuer and for an audience that the options name, and has the claims that they require. */
export function isMeant(claims: Claims, { issuers, audiences, requiredClaims }: ClaimRules): boolean {
  const { iss, aud } = claims;
  if (issuers !== undefined && !(isText(iss) && issuers.includes(iss))) return false;
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences !== undefined && !audiences.some((name) => audience.includes(name))) return false;
  return requiredClaims.every((name) => Object.hasOwn(claims, name));
}

/**
 * Tells whether the claims pass `customClaims`. Ask it of verified claims alone.
 *
 * @throws {TypeError} If a function of `customClaims` returns no boolean; and whatever such a function throws
 */
export function satisfies(claims: Claims, { customClaims }: ClaimRules): boolean {
  for (const [name, check] of customClaims) {
    if (!Object.hasOwn(claims, name) || !fits(name, claims[name], check)) return false;
  }
  return true;
}

function fits(name: string, value: unknown, check: ClaimCheck): boolean {
  if (typeof check !== "function") return value === check;
  const verdict: unknown = check(value);
  if (typeof verdict === "boolean") return verdict;
  // A promise is no verdict, and would let everybody in.
  const what = isStray(verdict) ? ", and no promise" : "";
  throw new TypeError(`Option customClaims: the function "${name}" must return a boolean${what}`);
}

/** Scopes are words in one text (RFC 8693, section 4.2) or, with some issuers, a list. */
function toScopes(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  if (isText(value)) return value.split(" ").filter((scope) => scope !== "");
  return isTexts(value) ? value : undefined;
}

// What an object inherits is no claim.
function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function isAbsentOr(is: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || is(value);
}

// JSON can write infinity: 1e999.
function isDate(value: unknown): boolean {
  return Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isTextOrTexts(value: unknown): boolean {
  return isText(value) || isTexts(value);
}
