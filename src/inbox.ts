/**
 * What has arrived and waits for its callback (R2, R19).
 *
 * @module
 */

import type { Failure } from "./failure.ts";
import { utf8Length } from "./utf8.ts";

/** A text message. */
export const TEXT = 0;
/** A binary message. */
export const BINARY = 1;
/** A ping. */
export const PING = 2;
/** A pong. */
export const PONG = 3;
/** What failed outside of a callback: the runtime found a fault, or a stream of a request broke. */
export const FAULT = 4;

/** Milliseconds after which a callback that keeps something waiting is logged. */
export const STUCK = 10_000;

/** One thing that waits. */
export type Arrival =
  | { readonly kind: typeof TEXT; readonly data: string }
  | { readonly kind: typeof BINARY | typeof PING | typeof PONG; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: typeof FAULT; readonly data: Failure };

/** A first-in first-out queue that knows its bytes. */
export class Inbox {
  /** Bytes of all that waits. */
  bytes = 0;
  #items: (Arrival | undefined)[] = [];
  #head = 0;
  #watched: Arrival | undefined;
  #since = -1;

  /** How many wait. */
  get count(): number {
    return this.#items.length - this.#head;
  }

  /** Adds the newest. */
  push(arrival: Arrival): void {
    this.#items.push(arrival);
    this.bytes += sizeOf(arrival);
  }

  /** Takes the oldest. */
  shift(): Arrival | undefined {
    const arrival = this.#items[this.#head];
    if (arrival === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.bytes -= sizeOf(arrival);
    if (this.#head === this.#items.length) {
      this.clear();
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return arrival;
  }

  /** Whether one arrival has been the oldest for {@link STUCK}; an empty inbox counts as one if `onClose` waits. Asked from time to time, at `now`. */
  isStuck(now: number, onCloseWaits: boolean): boolean {
    const oldest = this.#items[this.#head];
    if (oldest === undefined && !onCloseWaits) return false;
    if (this.#since === -1 || oldest !== this.#watched) {
      this.#watched = oldest;
      this.#since = now;
    }
    return now - this.#since >= STUCK;
  }

  /** Forgets all. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.bytes = 0;
  }
}

function sizeOf(arrival: Arrival): number {
  if (arrival.kind === TEXT) return utf8Length(arrival.data);
  return arrival.kind === FAULT ? 0 : arrival.data.byteLength;
}
