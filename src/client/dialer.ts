/**
 * Makes connections, one after another, for as long as somebody wants one (rules L6 to L9, L11, L12).
 *
 * @module
 */

import { type Clock, LONGEST } from "../clock.ts";
import { ConnectionError, HandshakeTimedOut, toError } from "../errors.ts";
import type { Connection, RuntimeSocket } from "../socket.ts";
import type { ClientRules, RetryRules } from "./client_rules.ts";
import { toAuthError, toDial } from "./credential.ts";
import { Link, type LinkOwner, toClosure } from "./link.ts";
import { isOffline, onReturn } from "./network.ts";
import { isTemporary, isUnauthorized, toHint, toWait } from "./retry.ts";
import type { Handshake, Transport } from "./transport.ts";

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
  /** A connection is there; gives who takes what arrives. */
  connected(socket: RuntimeSocket, handshake: Handshake): Connection;
  /** There is none, and another will be tried in `wait` seconds. */
  waiting(attempt: number, wait: number, cause: Error): void;
  /** There will be none any more. */
  ended(cause: Error): void;
}

/** Keeps one connection at most. */
export class Dialer implements LinkOwner {
  /** The connection, or the attempt. */
  link: Link | undefined;
  readonly #rules: ClientRules;
  readonly #transport: Transport;
  readonly #user: DialerUser;
  readonly #clock: Clock;
  // Attempts since a connection was stable.
  #count = 0;
  #openedAt: number | undefined;
  #wasOpen = false;
  // Whether the next credential must be another one, and whether that was asked for since a connection was stable.
  #renews = false;
  #hasRenewed = false;
  #isOver = false;
  // The time of the next attempt in seconds, and whether the server named it.
  #due: number | undefined;
  #isHinted = false;
  #cancel: (() => void) | undefined;
  readonly #forget = onReturn(() => this.#hurry());

  constructor(rules: ClientRules, transport: Transport, user: DialerUser, clock: Clock) {
    this.#rules = rules;
    this.#transport = transport;
    this.#user = user;
    this.#clock = clock;
  }

  /** Calls back in some seconds, instead of what was to come before. */
  later(seconds: number, callback: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#clock.schedule(callback, seconds * 1000);
  }

  /** Forgets what was to come later. */
  done(): void {
    this.#cancel?.();
  }

  /** Makes an attempt. */
  async dial(): Promise<void> {
    const { handShakeTimeout: seconds } = this.#rules;
    const link = new Link(this);
    this.link = link;
    const aborter = new AbortController();
    const late = (): void => this.fail(new HandshakeTimedOut(`No connection within ${seconds} s`));
    this.later(seconds || LONGEST, late);
    const cancelTimer = this.#cancel;
    this.#cancel = () => {
      cancelTimer?.();
      aborter.abort();
    };
    const request = { renew: this.#renews, signal: aborter.signal };
    const dial = await toDial(this.#rules, request).catch((error) => {
      if (this.link === link) this.lost(toAuthError(error));
    });
    if (dial === undefined || this.link !== link) return;
    this.#renews = false;
    try {
      link.socket = this.#transport.dial(dial, link);
    } catch (error) {
      this.end(toError(error));
    }
  }

  opened(socket: RuntimeSocket, handshake: Handshake): Connection {
    this.#cancel?.();
    this.#wasOpen = true;
    this.#openedAt = this.#clock.now();
    return this.#user.connected(socket, handshake);
  }

  lost(cause: Error): void {
    this.#cancel?.();
    this.link = undefined;
    const { retry } = this.#rules;
    try {
      if (this.#isOver || !retry || !this.#isWanted(cause, retry)) return this.end(cause);
    } catch (error) {
      return this.end(toError(error));
    }
    const hint = toHint(cause);
    const wait = toWait(retry, this.#count, Math.random(), hint);
    this.#count += 1;
    this.#isHinted = hint !== undefined;
    this.#due = this.#clock.now() / 1000 + wait;
    this.later(wait, () => this.#try());
    this.#user.waiting(this.#count, wait, cause);
  }

  /** Gives a connection or an attempt up, as if it were lost. */
  fail(cause: Error): void {
    this.link?.abandon();
    this.lost(cause);
  }

  /** Closes the connection, or gives up the attempt or the wait; then `ended` is called. */
  close(code: number, reason: string, timeout: number): void {
    this.#isOver = true;
    if (this.#openedAt === undefined) return this.end(toClosure(1006, ""));
    if (timeout >= 0) this.later(timeout, () => this.end(toClosure(code, reason)));
    this.link?.close(code, reason);
  }

  /** Ends everything at once. */
  end(cause: Error): void {
    this.#isOver = true;
    this.#due = undefined;
    this.#cancel?.();
    this.#forget();
    this.link?.abandon();
    this.link = undefined;
    this.#user.ended(cause);
  }

  #isWanted(cause: Error, retry: RetryRules): boolean {
    // L7: attempts are forgotten after a connection that has lasted.
    const openedAt = this.#openedAt ?? Number.POSITIVE_INFINITY;
    this.#openedAt = undefined;
    if (this.#clock.now() - openedAt >= retry.stableAfter * 1000) {
      this.#count = 0;
      this.#hasRenewed = false;
    }
    if (retry.maxCount > 0 && this.#count >= retry.maxCount) return false;
    const renews = !this.#hasRenewed && isUnauthorized(cause) && typeof this.#rules.auth === "function";
    this.#hasRenewed ||= renews;
    this.#renews ||= renews;
    // A platform that hides why the first attempt failed may have been refused for good.
    const isKnown = this.#wasOpen || this.#transport.capabilities.refusals || !(cause instanceof ConnectionError);
    return retry.retryOn?.(cause) ?? (renews || (isKnown && isTemporary(cause)));
  }

  // Without a network the wait goes on until it is back.
  #try(): void {
    if (isOffline()) return;
    this.#due = undefined;
    void this.dial();
  }

  // What the server asks for is obeyed even then.
  #hurry(): void {
    if (this.#due === undefined) return;
    const soon = SOON * Math.random();
    this.later(this.#isHinted ? Math.max(this.#due - this.#clock.now() / 1000, soon) : soon, () => this.#try());
  }
}
