/**
 * Writes: handed to the socket, or kept until there is one that takes them (rule L10).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { ConnectionError } from "../errors.ts";
import type { RuntimeSocket } from "../socket.ts";
import { type Message, rejected, sizeOf } from "./read_queue.ts";

/** Bytes that a socket may hold unsent before writes wait. */
const HIGH_WATER = 1_048_576;
/** Messages and bytes that may wait. */
const MOST_MESSAGES = 1000;
const MOST_BYTES = 1_048_576;
/** Milliseconds that a write waits for a connection. */
const LONGEST_DOWN = 60_000;
/** Milliseconds after which a full socket is looked at again, for not every transport tells that bytes have left. */
const LOOK = 10;

/** The promise of every write that waits for nothing. */
export const DONE: Promise<void> = /* @__PURE__ */ Promise.resolve();

interface Write {
  readonly message: Message;
  readonly compress: boolean | undefined;
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  until: number;
}

/** A bounded first-in first-out queue of writes. */
export class WriteQueue {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #queuesWhileDown: boolean;
  #socket: RuntimeSocket | undefined;
  #writes: Write[] = [];
  #bytes = 0;
  #cancel: (() => void) | undefined;

  /** `timeout` in seconds is for each write, -1 for none. */
  constructor(clock: Clock, timeout: number, queuesWhileDown: boolean) {
    this.#clock = clock;
    this.#timeout = timeout < 0 ? Number.POSITIVE_INFINITY : timeout * 1000;
    this.#queuesWhileDown = queuesWhileDown;
  }

  /** Whether no write waits. */
  get isEmpty(): boolean {
    return this.#writes.length === 0;
  }

  /** Hands a message over, or keeps it. */
  write(message: Message, compress: boolean | undefined): Promise<void> {
    const socket = this.#socket;
    const isFree = socket !== undefined && this.#writes.length === 0 && socket.bufferedAmount <= HIGH_WATER;
    if (isFree && hand(socket, message, compress)) return DONE;
    return this.#keep(message, compress);
  }

  /** There is a socket: what waits goes out, then whatever is written. */
  up(socket: RuntimeSocket): void {
    this.#socket = socket;
    this.#flush(HIGH_WATER);
  }

  /** There is none. */
  down(): void {
    this.#socket = undefined;
    if (!this.#queuesWhileDown) return this.end(lost());
    const until = this.#clock.now() + LONGEST_DOWN;
    for (const write of this.#writes) write.until = Math.min(write.until, until);
    this.#arm();
  }

  /** Bytes have left. */
  drain(): void {
    if (this.#writes.length > 0) this.#flush(HIGH_WATER);
  }

  /** Hands everything over, for the connection is about to be closed. */
  finish(): void {
    this.#flush(Number.POSITIVE_INFINITY);
  }

  /** Rejects what waits. */
  end(error: Error): void {
    this.#socket = undefined;
    this.#cancel?.();
    this.#bytes = 0;
    for (const write of this.#writes.splice(0)) write.reject(error);
  }

  #keep(message: Message, compress: boolean | undefined): Promise<void> {
    const isDown = this.#socket === undefined;
    if (isDown && !this.#queuesWhileDown) return rejected(lost());
    const size = sizeOf(message);
    const isFull = this.#writes.length >= MOST_MESSAGES || this.#bytes + size > MOST_BYTES;
    if (isFull && (isDown || this.#writes.length > 0)) {
      return rejected(new ConnectionError("Cannot write: too much waits to be written", {}, "queue_full"));
    }
    const until = this.#clock.now() + (isDown ? Math.min(this.#timeout, LONGEST_DOWN) : this.#timeout);
    // The bytes may be changed afterwards.
    const kept = typeof message === "string" ? message : message.slice();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    this.#bytes += size;
    this.#writes.push({ message: kept, compress, size, resolve, reject, until });
    if (this.#writes.length === 1) this.#arm();
    return promise;
  }

  #flush(mark: number): void {
    for (let write = this.#writes[0]; write !== undefined; write = this.#writes[0]) {
      const socket = this.#socket;
      if (socket === undefined || socket.bufferedAmount > mark || !hand(socket, write.message, write.compress)) break;
      this.#shift(write).resolve();
    }
    this.#arm();
  }

  #arm(): void {
    this.#cancel?.();
    const [write] = this.#writes;
    if (write === undefined) return;
    const left = Math.max(0, write.until - this.#clock.now());
    const ms = this.#socket === undefined ? left : Math.min(left, LOOK);
    this.#cancel = this.#clock.schedule(() => this.#look(), ms);
  }

  #look(): void {
    const now = this.#clock.now();
    for (let write = this.#writes[0]; write !== undefined && write.until <= now; write = this.#writes[0]) {
      this.#shift(write).reject(new ConnectionError("Write timed out", {}, "write_timed_out"));
    }
    this.#flush(HIGH_WATER);
  }

  #shift(write: Write): Write {
    this.#writes.shift();
    this.#bytes -= write.size;
    return write;
  }
}

/** Gives a message to a socket; `false` says that it was not taken. */
export function hand(socket: RuntimeSocket, message: Message, compress: boolean | undefined): boolean {
  try {
    return socket.readyState === 1 && socket.send(message, compress) !== false;
  } catch {
    return false;
  }
}

/** The error of a write without a connection. */
export function lost(): ConnectionError {
  return new ConnectionError("Cannot write: there is no connection");
}
