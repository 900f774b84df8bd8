/**
 * What is tried again, and when (rules L6 to L8).
 *
 * @module
 */

import {
  AuthError,
  ConnectionError,
  CorruptedFrameError,
  HandshakeTimedOut,
  InvalidHandshakeError,
  PayloadTooLargeError,
} from "../errors.ts";
import type { RetryRules } from "./client_rules.ts";

/** Seconds that a server may ask to wait, before they are spread. */
const LONGEST_HINT = 300;

/** Seconds before attempt `n`, from 0, by the formula of L6, and not before the server wants it; `random` is from 0 to 1. */
export function toWait(retry: RetryRules, n: number, random: number, hint = 0): number {
  const wait = Math.min(retry.maxWaitInterval, retry.interval * retry.backOffFactor ** n);
  return Math.max(wait * (1 + retry.jitter * (2 * random - 1)), Math.min(LONGEST_HINT, hint) * (1 + random / 4));
}

/** Tells whether the server has refused a credential, so that another one may help; an `AuthError` says that there is none. */
export function isUnauthorized(cause: Error): boolean {
  return !(cause instanceof AuthError) && /^4?401$/.test(`${statusOf(cause)}`);
}

/** Tells whether another attempt may help (L8). What broke the protocol is met with a back-off (L13). */
export function isTemporary(cause: Error): boolean {
  const status = statusOf(cause);
  return status
    ? /^(4?408|4?429|425|5..|4503|100[156]|101[234])$/.test(`${status}`) ||
        cause.cause instanceof CorruptedFrameError ||
        cause.cause instanceof PayloadTooLargeError
    : cause instanceof ConnectionError || cause instanceof HandshakeTimedOut || cause instanceof InvalidHandshakeError;
}

function statusOf(cause: Error): number | undefined {
  const { status, statusCode = status } = Object(cause);
  return statusCode;
}
