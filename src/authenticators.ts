/**
 * The authenticators of a service: asked in their order, and what is answered when none finds anybody (RFC 9110, section 11; RFC 6750, section 3).
 *
 * @module
 */

import type { Authenticator } from "./authenticator.ts";
import { type Credential, MALFORMED } from "./credentials.ts";
import { AuthError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { Principal } from "./principal.ts";
import { refuse } from "./refusal.ts";
import type { UpgradeRequest } from "./upgrade_request.ts";

/** Somebody who was found, and until when that holds. */
export interface Found {
  readonly principal: Principal;
  /** Milliseconds since the epoch; `undefined` for ever. */
  readonly until: number | undefined;
}

type Fault = "invalid_request" | "invalid_token" | "insufficient_scope";

/** Gives the challenges of a refusal. */
type Tell = (fault: Fault, scopes?: readonly string[]) => Record<string, string>;

/**
 * Checks the option `auth`.
 *
 * @throws {TypeError} If it is no list of authenticators
 */
export function toAuthenticators(list: readonly Authenticator[] | undefined): readonly Authenticator[] {
  if (list === undefined) return [];
  if (!Array.isArray(list) || list.length === 0) {
    throw new TypeError("Option auth must be a list of at least one authenticator; leave it out to let anybody in");
  }
  for (const [place, authenticator] of list.entries()) check(place, authenticator);
  return [...list];
}

/** Finds who it is. Returns the refusal if nobody is found, or if whoever is found lacks the scopes. */
export async function authenticate(
  list: readonly Authenticator[],
  credential: Credential | typeof MALFORMED | undefined,
  request: UpgradeRequest,
  logger: Logger,
): Promise<Found | Response> {
  if (credential === undefined) return refuse(401, "Send a credential", challenges(list));
  if (credential === MALFORMED)
    return refuse(400, "Send one credential, well formed", challenges(list, "invalid_request"));
  // Who has sent no token is told of no error of one (RFC 6750, section 3.1).
  const tell: Tell = (...fault) => (credential.scheme === "bearer" ? challenges(list, ...fault) : challenges(list));
  for (const authenticator of list) {
    if (authenticator.scheme.toLowerCase() !== credential.scheme) continue;
    try {
      const principal: unknown = await authenticator.authenticate(credential.value, request);
      if (principal === undefined) continue;
      if (!isPrincipal(principal))
        throw new TypeError("An authenticator must give a principal with a list of scopes, or undefined");
      const until = toEnd(principal, authenticator);
      if (until !== undefined && until <= Date.now()) continue;
      if (isAllowed(principal, authenticator)) return { principal, until };
      const challenge = tell("insufficient_scope", authenticator.scopes);
      return refuse(403, "The credential lacks the scope that is needed here", challenge);
    } catch (error) {
      return failed(error, tell, logger);
    }
  }
  return refuse(401, "The credential is not accepted", tell("invalid_token"));
}

/** Gives the header that tells a client how to prove who it is; one challenge for each scheme. */
export function challenges(
  list: readonly Authenticator[],
  fault?: Fault,
  scopes?: readonly string[],
): Record<string, string> {
  const found = new Map<string, string>();
  for (const { scheme, challenge = 'realm="websocket"' } of list) {
    if (found.has(scheme)) continue;
    const parts = [challenge];
    if (scheme === "Bearer" && fault !== undefined) parts.push(`error="${fault}"`);
    if (scheme === "Bearer" && scopes !== undefined) parts.push(`scope="${scopes.join(" ")}"`);
    found.set(scheme, `${scheme} ${parts.join(", ")}`);
  }
  return found.size === 0 ? {} : { "www-authenticate": [...found.values()].join(", ") };
}

function check(place: number, authenticator: unknown): void {
  const what = `Option auth has at ${place}`;
  if (typeof authenticator !== "object" || authenticator === null) throw new TypeError(`${what} no authenticator`);
  const members: ReadonlyMap<keyof Authenticator, unknown> = toMembers(authenticator);
  const scheme = members.get("scheme");
  if (scheme !== "Basic" && scheme !== "Bearer") {
    throw new TypeError(`${what} the scheme ${JSON.stringify(scheme)}: must be "Basic" or "Bearer"`);
  }
  if (typeof members.get("authenticate") !== "function") throw new TypeError(`${what} no function authenticate`);
  checkScopes(what, members.get("scopes"));
  const challenge = members.get("challenge");
  if (challenge !== undefined && (typeof challenge !== "string" || !isPrintable(challenge))) {
    throw new TypeError(`${what} a wrong challenge: must be printable ASCII`);
  }
  const skew = members.get("clockSkew");
  if (skew !== undefined && !(typeof skew === "number" && skew >= 0 && skew < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${what} the clockSkew ${String(skew)}: must be a number of seconds, 0 or more`);
  }
}

function toMembers(authenticator: object): ReadonlyMap<keyof Authenticator, unknown> {
  const names = ["scheme", "scopes", "challenge", "clockSkew", "authenticate"] as const;
  return new Map(names.map((name) => [name, Reflect.get(authenticator, name)]));
}

function checkScopes(what: string, scopes: unknown): void {
  if (scopes === undefined) return;
  const isList = Array.isArray(scopes) && scopes.length > 0;
  if (isList && scopes.every((scope) => typeof scope === "string" && isScope(scope))) return;
  throw new TypeError(`${what} wrong scopes: must be a list of scopes (RFC 6749, section 3.3), or left out`);
}

function isScope(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

function isPrincipal(value: unknown): value is Principal {
  if (typeof value !== "object" || value === null || !("scopes" in value) || !Array.isArray(value.scopes)) return false;
  const expiresAt = "expiresAt" in value ? value.expiresAt : undefined;
  return expiresAt === undefined || (typeof expiresAt === "number" && !Number.isNaN(expiresAt));
}

function toEnd({ expiresAt }: Principal, { clockSkew = 0 }: Authenticator): number | undefined {
  if (expiresAt === undefined || expiresAt === Number.POSITIVE_INFINITY) return undefined;
  return (expiresAt + clockSkew) * 1000;
}

// Any one of them suffices, as in the model.
function isAllowed({ scopes }: Principal, { scopes: wanted }: Authenticator): boolean {
  return wanted === undefined || wanted.some((scope) => scopes.includes(scope));
}

function failed(error: unknown, tell: Tell, logger: Logger): Response {
  if (!(error instanceof AuthError)) {
    logger.error("An authenticator failed; the upgrade is refused with 500", error);
    return refuse(500, "Internal server error");
  }
  const { status, message, retryAfter } = error;
  // What is out of reach, and where, is nobody's business but the service's own.
  if (status === 503) logger.warn(`Refused an upgrade with 503: ${message}`);
  const advice = status === 503 ? "The credential cannot be checked now" : message;
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter)) };
  if (status === 400) Object.assign(headers, tell("invalid_request"));
  if (status === 401) Object.assign(headers, tell("invalid_token"));
  if (status === 403) Object.assign(headers, tell("insufficient_scope"));
  return refuse(status, advice, headers);
}
