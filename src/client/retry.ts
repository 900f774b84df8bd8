/**
 * What is tried again, and when (rules L6 to L8).
 *
 * @module
 */

import {
  AuthError,
  ConnectionClosureError,
  ConnectionError,
  HandshakeTimedOut,
  InvalidHandshakeError,
  WebSocketError,
} from "../errors.ts";
import type { RetryRules } from "./client_rules.ts";

/** Seconds that a server may ask to wait. */
const LONGEST_HINT = 300;

const RETRIED_CODES = [1001, 1005, 1006, 1012, 1013, 1014, 4408, 4429, 4503];

/** Seconds before attempt `n`, from 0, by the formula of L6, and not before the server wants it; `random` is from 0 to 1. */
export function toWait(retry: RetryRules, n: number, random: number, hint = 0): number {
  const { maxWaitInterval, interval, backOffFactor, jitter } = retry;
  const wait = Math.min(maxWaitInterval, interval * backOffFactor ** n) * (1 + jitter * (2 * random - 1));
  return Math.max(wait, Math.min(LONGEST_HINT, hint) * (1 + random / 4));
}

/** Seconds that the server asks to wait (RFC 9110, section 10.2.3). */
export function toHint(cause: Error): number | undefined {
  return cause instanceof AuthError || cause instanceof InvalidHandshakeError ? cause.retryAfter : undefined;
}

/** Tells whether the server has refused a credential, so that another one may help; an `AuthError` says that there is none. */
export function isUnauthorized(cause: Error): boolean {
  return !(cause instanceof AuthError) && [401, 4401].includes(statusOf(cause) ?? 0);
}

/** Tells whether another attempt may help (L8). What broke the protocol is met with a back-off (L13). */
export function isTemporary(cause: Error): boolean {
  const status = statusOf(cause);
  if (status === undefined)
    return (
      cause instanceof ConnectionError || cause instanceof HandshakeTimedOut || cause instanceof InvalidHandshakeError
    );
  if (status < 1000) return status >= 500 || [408, 425, 429].includes(status);
  return RETRIED_CODES.includes(status) || cause.cause instanceof WebSocketError;
}

function statusOf(cause: Error): number | undefined {
  if (cause instanceof ConnectionClosureError) return cause.statusCode;
  return cause instanceof InvalidHandshakeError || cause instanceof AuthError ? cause.status : undefined;
}
