/**
 * The sending half of a connection: writes, their bound (R20), and the close handshake (R14).
 *
 * @module
 */

import { Backlog, toPatience } from "./backlog.ts";
import { copyOf, lengthOf, toUnshared } from "./bytes.ts";
import { checkClose } from "./close_code.ts";
import { Ending } from "./ending.ts";
import { ConnectionClosureError, ConnectionError } from "./errors.ts";
import type { Host, Hosted } from "./host.ts";
import { toClosureTimeout } from "./options.ts";
import type { ServiceRules } from "./service_config.ts";
import type { RuntimeSocket } from "./socket.ts";

/** Nothing holds a write up. */
export const CLEAR = 0;
/** More than the high-water mark is unsent. */
export const BACKLOGGED = 1;
/** Our close frame is out. */
export const CLOSING = 2;
/** The connection is down. */
export const DOWN = 3;

/** The promise of every write that waits for nothing, so that the fast path allocates none. */
const DONE: Promise<void> = Promise.resolve();

// Turns of the event loop, of a few microseconds each, in which bytes to a peer that reads have left: for runtimes that do not tell when they have.
const LOOKS = 16;

// For another peer the sweep looks; this makes it look every 5 ms.
const LOOK_OFTEN = 60;

/** The connection that an outbox belongs to. */
export interface Owner extends Hosted {
  /** Unsent bytes may have left. */
  drain(): void;
  /** Our close has begun: nothing more is delivered. */
  closing(): void;
  /** The connection is down; the first code and reason count. */
  closed(code: number, reason: string): void;
}

/** Sends for one connection and knows how far its end has come. */
export class Outbox {
  /** How far the connection has come: CLEAR, BACKLOGGED, CLOSING or DOWN. */
  state: number = CLEAR;
  /** The sweep's time of the last write. */
  sentAt: number;
  /** What the connections of the listener share. */
  readonly host: Host;
  /** The socket. */
  readonly socket: RuntimeSocket;
  /** The rules of the service. */
  readonly rules: ServiceRules;
  readonly #owner: Owner;
  // At most this much is unsent: the last amount that the socket told, and what was sent since.
  #unsent = 0;
  // The turn in which the high-water mark was passed by bytes that have left at once.
  #hurried = -1;
  #backlog: Backlog | undefined;
  #ending: Ending | undefined;
  #aborter: AbortController | undefined;

  /** Makes the sending half over a socket. */
  constructor(socket: RuntimeSocket, rules: ServiceRules, host: Host, owner: Owner) {
    this.socket = socket;
    this.rules = rules;
    this.#owner = owner;
    this.host = host;
    this.sentAt = host.sweep.now;
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return this.state < CLOSING && this.socket.readyState === 1;
  }

  /** Whether it was the service that closed. */
  get closedByService(): boolean {
    return this.#ending?.byService === true;
  }

  /** Bytes that have not left the process; none where the socket does not tell. */
  get bufferedAmount(): number {
    return this.state === DOWN ? 0 : this.socket.bufferedAmount || 0;
  }

  /** Aborts when the connection begins to close or is lost. */
  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.state >= CLOSING) this.#aborter.abort(this.refusal());
    }
    return this.#aborter.signal;
  }

  /** Sends a message; `owned` bytes will not be changed by anybody. Returns whether it was taken. */
  send(data: string | Uint8Array, owned: boolean, compress?: boolean): boolean {
    if (this.state !== CLEAR && !this.#admits()) return false;
    const size = typeof data === "string" ? data.length * 3 : lengthOf(data);
    const taken = typeof data === "string" ? this.socket.send(data, compress) : this.#sendBytes(data, owned, compress);
    if (taken === false) return false;
    this.sentAt = this.host.sweep.now;
    this.#unsent += size + 16;
    if (this.#unsent > this.rules.highWaterMark) this.#weigh();
    return true;
  }

  /** Like {@link send}, as the promise of R12. */
  write(data: string | Uint8Array, compress?: boolean): Promise<void> {
    try {
      return this.#promise(this.send(data, false, compress));
    } catch (error) {
      return rejected(new ConnectionError("Cannot send: the socket does not take messages", { cause: error }));
    }
  }

  /** Resolves when the outbox is under its high-water mark; rejects when the connection ends before, or the peer is closing it. */
  ready(): Promise<void> {
    return this.#promise(this.isOpen);
  }

  /** Sends a ping or a pong of at most 125 bytes. */
  control(kind: "ping" | "pong", data: Uint8Array): Promise<void> {
    if (this.state !== CLEAR && !this.#admits()) return this.#promise(false);
    // A copy, for `ws` keeps what it cannot send at once.
    this.socket[kind]?.(copyOf(data));
    this.sentAt = this.host.sweep.now;
    this.measure();
    return this.#promise(true);
  }

  /** Asks the socket what is unsent, and holds the connection up when that is over the high-water mark. */
  measure(): void {
    if (this.state !== CLEAR) return;
    this.#unsent = this.bufferedAmount;
    if (this.#unsent <= this.rules.highWaterMark) return;
    this.state = BACKLOGGED;
    const { drain } = this.host.capabilities;
    this.host.sweep.hurry(this.#owner, drain ? this.rules.writeTimeout : LOOK_OFTEN);
    this.#backlog = new Backlog(this.#unsent, this.host.sweep.now);
    if (!drain) void this.#look(this.#backlog);
  }

  /** Notes that the runtime has answered a ping: the answers of a peer that does not read them pile up. */
  answered(bytes: number): void {
    if (this.#backlog === undefined) return this.measure();
    this.#backlog.answers += bytes + 2;
    if (this.#backlog.answers > this.rules.maxBufferedAmount) void this.close(1013, "Slow consumer");
  }

  /** Looks whether enough has left; returns whether that ended a backlog. */
  drain(): boolean {
    const backlog = this.#backlog;
    if (backlog === undefined) return false;
    this.#unsent = this.bufferedAmount;
    if (this.#unsent > this.rules.highWaterMark) {
      backlog.note(this.#unsent, this.host.sweep.now);
      return false;
    }
    this.state = CLEAR;
    this.#backlog = undefined;
    this.host.sweep.relax(this.#owner);
    backlog.resolve();
    return true;
  }

  /** Closes a peer that has not taken a byte for `writeTimeout`. */
  closeIfStuck(now: number): void {
    const { writeTimeout, maxBufferedAmount } = this.rules;
    if (this.#backlog === undefined) return;
    if (now - this.#backlog.since < toPatience(this.#unsent, writeTimeout, maxBufferedAmount)) return;
    void this.close(1013, "Slow consumer");
  }

  /**
   * Begins the close handshake; `seconds` to wait for the peer's answer, -1 for ever. What a peer sent that has left is forgotten too (R21).
   *
   * @throws {RangeError} If code, reason or time-out are not allowed, before anything is written
   */
  close(code = 1000, reason = "", seconds?: number): Promise<void> {
    checkClose(code, reason);
    const timeout = seconds === undefined ? this.rules.closureTimeout : toClosureTimeout("timeout", seconds);
    if (this.state === DOWN) {
      this.#owner.drop();
      return DONE;
    }
    if (this.#ending?.promise !== undefined) return this.#ending.promise;
    // Bun reports the close inside `close()`, so all is set before the call.
    const ending = new Ending(code, reason);
    const promise = ending.begin();
    this.#ending = ending;
    this.#leave(CLOSING);
    this.#owner.closing();
    // A listener of the signal, or a stream that ends, may have terminated.
    if (this.state >= DOWN) return promise;
    if (timeout !== -1) ending.cancel = this.host.clock.schedule(() => this.terminate(), timeout);
    ending.send(this.socket, this.host.logger);
    return promise;
  }

  /** The same, for the service: a reply that it returns afterwards is its mistake. */
  closeForService(code?: number, reason?: string, seconds?: number): Promise<void> {
    const closed = this.close(code, reason, seconds);
    if (this.#ending !== undefined) this.#ending.byService = true;
    return closed;
  }

  /** Ends the connection without a close frame; where the socket cannot, it is counted as down all the same. */
  terminate(): void {
    this.#owner.drop();
  }

  /** Notes that the connection is down; returns what `onClose` is told: our own code if we closed. */
  down(code: number, reason: string): { readonly code: number; readonly reason: string } {
    const ending = (this.#ending ??= new Ending(code, reason));
    ending.note(code, reason);
    this.#leave(DOWN);
    ending.settle();
    return ending;
  }

  /** The error for a write that comes too late. */
  refusal(): ConnectionError {
    if (this.#ending !== undefined) return this.#ending.refusal(this.state === CLOSING);
    return new ConnectionClosureError("Cannot send: the peer is closing the connection");
  }

  #admits(): boolean {
    if (this.state >= CLOSING) return false;
    if (this.bufferedAmount <= this.rules.maxBufferedAmount) return true;
    void this.close(1013, "Slow consumer");
    return false;
  }

  #sendBytes(data: Uint8Array, owned: boolean, compress: boolean | undefined): unknown {
    const { socket } = this;
    const bytes = takes(socket, data) ? data : toUnshared(data);
    return owned && socket.sendOwned !== undefined ? socket.sendOwned(bytes, compress) : socket.send(bytes, compress);
  }

  #weigh(): void {
    this.measure();
    if (this.state === CLEAR) this.#hurried = this.host.turns;
  }

  async #look(backlog: Backlog): Promise<void> {
    for (let looks = 0; looks < LOOKS && this.#backlog === backlog; looks++) {
      await this.host.turn();
      if (this.#backlog === backlog) this.#owner.drain();
    }
  }

  // Where bytes leave at once there is no backlog to wait for, and who writes on and on would keep everybody else from being served.
  #promise(taken: boolean): Promise<void> {
    if (!taken) return rejected(this.refusal());
    if (this.#backlog !== undefined) return this.#backlog.promise;
    return this.#hurried === this.host.turns ? this.host.turn() : DONE;
  }

  #leave(state: number): void {
    this.state = state;
    this.host.sweep.relax(this.#owner);
    this.#backlog?.reject(this.refusal());
    this.#backlog = undefined;
    if (this.#aborter !== undefined) this.host.apart(() => this.#aborter?.abort(this.refusal()));
  }
}

function takes(socket: RuntimeSocket, data: Uint8Array): data is Uint8Array<ArrayBuffer> {
  return socket.takesShared === true;
}

function rejected(error: Error): Promise<void> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
