/**
 * What an introspection response says (RFC 7662, section 2.2).
 *
 * @module
 */

import type { Principal } from "../src/authenticator.ts";
import { freeze, isRecord } from "./record.ts";

/** A token that somebody holds, and from when it holds. */
export interface ActiveToken {
  readonly principal: Principal;
  /** Seconds since the epoch. */
  readonly notBefore: number;
}

/** A body is not an introspection response; the message says why and quotes nothing of it. */
export class ResponseError extends Error {}

/**
 * Reads the body of an introspection response; `undefined` stands for a token that is not active.
 *
 * @throws {ResponseError} If it is not an introspection response: not JSON, no boolean `active`, a claim of the wrong type
 */
export function readIntrospection(body: string, scopeKey: string): ActiveToken | undefined {
  const claims = parse(body);
  if (claims.active === false) return undefined;
  if (claims.active !== true) throw new ResponseError('it answered without a boolean "active"');
  const { sub } = claims;
  if (sub !== undefined && typeof sub !== "string") throw new ResponseError('its "sub" is not a text');
  const exp = toTime(claims, "exp");
  return {
    principal: Object.freeze({
      ...(sub !== undefined && { subject: sub }),
      scopes: toScopes(claims, scopeKey),
      claims,
      ...(exp !== undefined && { expiresAt: exp }),
    }),
    notBefore: toTime(claims, "nbf") ?? Number.NEGATIVE_INFINITY,
  };
}

function parse(body: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new ResponseError("its answer is not JSON");
  }
  if (!isRecord(value)) throw new ResponseError("its answer is not a JSON object");
  // The answer of one call may become the principal of many connections.
  return freeze(value);
}

/** A NumericDate of RFC 7519, section 2. */
function toTime(claims: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) throw new ResponseError(`its "${name}" is not a number`);
  return value;
}

/** Scopes are a text with spaces between them, or a list of texts. */
function toScopes(claims: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined) return Object.freeze([]);
  if (typeof value === "string") return Object.freeze(value.split(" ").filter((scope) => scope !== ""));
  if (!Array.isArray(value)) throw new ResponseError("its scopes are neither a text nor a list");
  return Object.freeze(
    value.map((scope: unknown) => {
      if (typeof scope !== "string") throw new ResponseError("one of its scopes is not a text");
      return scope;
    }),
  );
}
