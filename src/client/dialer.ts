/**
 * Makes connections, one after another, for as long as somebody wants one (rules L6 to L9, L11, L12).
 *
 * @module
 */

import { type Clock, LONGEST } from "../clock.ts";
import { ConnectionClosureError, ConnectionError, HandshakeTimedOut, WebSocketError } from "../errors.ts";
import type { ClientRules, RetryRules } from "./client_rules.ts";
import { toAuthError, toDial } from "./credential.ts";
import type { Message } from "./message.ts";
import { isOffline, onReturn } from "./network.ts";
import { isTemporary, isUnauthorized, toWait } from "./retry.ts";
import type { Handshake, Line, Transport, TransportSocket } from "./transport.ts";

/** Seconds at most until an attempt once the network is back. */
const SOON = 0.5;

/** The time of a client. Its timers keep the process alive, for somebody waits for what comes of them. */
export const clientClock: Clock = {
  now: () => performance.now(),
  schedule(callback, ms) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST));
    return () => clearTimeout(timer);
  },
};

/** Who uses the connections. */
export interface DialerUser {
  /** A connection is there. */
  opened(socket: TransportSocket, handshake: Handshake): void;
  /** A message arrived. */
  message(data: Message): void;
  /** There is none, or none any more, and another will be tried in `wait` seconds. */
  waiting(attempt: number, wait: number, cause: Error): void;
  /** There will be none any more. */
  ended(cause: Error): void;
}

/** Keeps one connection at most: what comes late from an old one is not heard (L11). */
export interface Dialer {
  /** Makes an attempt. */
  dial(): void;
  /** Calls back in some seconds, instead of what was to come before. */
  later(seconds: number, callback: () => void): void;
  /** Forgets what was to come later. */
  done(): void;
  /** Gives a connection or an attempt up, as if it were lost. */
  fail(cause: Error): void;
  /** Closes the connection, or gives up the attempt or the wait; then `ended` is called. After `timeout` seconds, unless that is -1, it is at once. */
  close(code: number, reason: string, timeout: number): void;
  /** Ends everything at once. */
  end(cause: Error): void;
}

/** Makes a dialer that has yet to dial. */
export function toDialer(rules: ClientRules, transport: Transport, user: DialerUser, clock: Clock): Dialer {
  const { auth, retry, handShakeTimeout } = rules;
  // What counts is the attempt, or the connection that it has become, of this line.
  let line: Line | undefined;
  let socket: TransportSocket | undefined;
  let openedAt: number | undefined;
  let closing: readonly [code: number, reason: string] | undefined;
  // Attempts since a connection was stable.
  let count = 0;
  let wasOpen = false;
  // Whether the next credential must be another one, and whether that was asked for since a connection was stable.
  let renews = false;
  let hasRenewed = false;
  let isOver = false;
  // The time of the next attempt, and whether the server named it.
  let due: number | undefined;
  let isHinted = false;
  let cancel: (() => void) | undefined;

  const done = (): void => cancel?.();
  const later = (seconds: number, callback: () => void): void => {
    done();
    cancel = clock.schedule(callback, seconds * 1000);
  };
  const abandon = (): void => {
    const old = socket;
    line = socket = undefined;
    try {
      if (old?.terminate) old.terminate();
      else old?.close();
    } catch {
      // It was never open.
    }
  };
  const end = (cause: Error): void => {
    isOver = true;
    due = openedAt = undefined;
    done();
    forget();
    abandon();
    user.ended(cause);
  };

  const isWanted = (cause: Error, { maxCount, stableAfter, retryOn }: RetryRules): boolean => {
    // L7: attempts are forgotten after a connection that has lasted.
    if (openedAt !== undefined && clock.now() - openedAt >= stableAfter * 1000) {
      count = 0;
      hasRenewed = false;
    }
    if (maxCount && count >= maxCount) return false;
    const isRenewable = !hasRenewed && typeof auth === "function" && isUnauthorized(cause);
    hasRenewed ||= isRenewable;
    renews ||= isRenewable;
    // A platform that hides why the first attempt failed may have been refused for good.
    const isKnown = wasOpen || transport.refusals || !(cause instanceof ConnectionError);
    return retryOn?.(cause) ?? (isRenewable || (isKnown && isTemporary(cause)));
  };
  const fail = (cause: Error): void => {
    abandon();
    try {
      // What `retryOn` runs may have ended the client.
      if (isOver || !retry || !isWanted(cause, retry) || isOver) return end(cause);
    } catch (error) {
      return end(new WebSocketError("retryConfig.retryOn failed", { cause: error }));
    }
    // What the server asks for (RFC 9110, section 10.2.3).
    const { retryAfter: hint } = Object(cause);
    const wait = toWait(retry, count, Math.random(), hint);
    count += 1;
    openedAt = undefined;
    isHinted = hint !== undefined;
    due = clock.now() + wait * 1000;
    later(wait, attempt);
    user.waiting(count, wait, cause);
  };
  // Without a network the wait goes on until it is back.
  const attempt = (): void => {
    if (!isOffline()) dial();
  };
  // What the server asks for is obeyed even then.
  const forget = onReturn(() => {
    const soon = SOON * Math.random();
    if (due !== undefined) later(isHinted ? Math.max((due - clock.now()) / 1000, soon) : soon, attempt);
  });

  const dial = (): void => {
    const aborter = new AbortController();
    const mine: Line = {
      opened(handshake) {
        if (line !== mine || !socket) return;
        done();
        wasOpen = true;
        openedAt = clock.now();
        user.opened(socket, handshake);
      },
      refused(error) {
        if (line === mine) fail(error);
      },
      message(data) {
        if (line === mine) user.message(data);
      },
      closed(code, reason, cause) {
        // Of our own close the code counts that we sent.
        if (line === mine) fail(toClosure(...(closing ?? [code, reason]), cause));
      },
    };
    line = mine;
    due = undefined;
    later(handShakeTimeout || LONGEST, () => fail(new HandshakeTimedOut(`No connection within ${handShakeTimeout} s`)));
    const cancelTimer = cancel;
    cancel = () => {
      cancelTimer?.();
      aborter.abort();
    };
    toDial(rules, { renew: renews, signal: aborter.signal }).then(
      (dial) => {
        if (line !== mine) return;
        renews = false;
        try {
          socket = transport.dial(dial, mine);
        } catch (error) {
          end(
            error instanceof WebSocketError ? error : new WebSocketError(`Cannot connect: ${error}`, { cause: error }),
          );
        }
      },
      (error) => mine.refused(toAuthError(error)),
    );
  };

  return {
    dial,
    later,
    done,
    fail,
    end,
    close(code, reason, timeout) {
      isOver = true;
      if (openedAt === undefined) return end(toClosure(1006, ""));
      closing = [code, reason];
      done();
      if (timeout >= 0) later(timeout, () => end(toClosure(code, reason)));
      socket?.close(code, reason);
    },
  };
}

/** The error for a connection that has ended. */
export function toClosure(statusCode: number, reason: string, cause?: unknown): ConnectionClosureError {
  const what = statusCode === 1006 ? "was lost" : `was closed with ${statusCode} ${reason}`;
  return new ConnectionClosureError(`The connection ${what}`.trim(), { statusCode, reason, cause });
}
