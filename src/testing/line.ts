/**
 * One direction of a connection in memory.
 *
 * @module
 */

import { copyOf, toBytes } from "../bytes.ts";
import { utf8Length } from "../utf8.ts";

// As it was at first, for test runners fake it later.
const { queueMicrotask: soonest } = globalThis;

/** What travels. */
export type Frame =
  | { readonly kind: "text"; readonly data: string }
  | { readonly kind: "binary" | "ping" | "pong"; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
  | { readonly kind: "drop" };

/** Delivers frames in order, in a microtask, while its reader reads. */
export class Line {
  /** Bytes that are under way, as they would be on the wire. */
  bytes = 0;
  /** Takes a frame. */
  readonly #take: (frame: Frame) => void;
  /** Called when the reader has caught up, or paused. */
  readonly #rest: () => void;
  #frames: Frame[] = [];
  #isPaused = false;
  #isCut = false;
  #isScheduled = false;

  /** Makes one direction. */
  constructor(take: (frame: Frame) => void, rest: () => void = () => {}) {
    this.#take = take;
    this.#rest = rest;
  }

  /** Sends a frame; its bytes must not change afterwards. */
  push(frame: Frame): void {
    if (this.#isCut) return;
    this.#frames.push(frame);
    this.bytes += sizeOf(frame);
    this.#schedule();
  }

  /** Stops delivering. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on delivering. */
  resume(): void {
    this.#isPaused = false;
    if (this.#frames.length > 0) this.#schedule();
  }

  /** Loses what is under way, and all that follows. */
  cut(): void {
    this.#isCut = true;
    this.#frames = [];
    this.bytes = 0;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused) return;
    this.#isScheduled = true;
    soonest(() => this.#deliver());
  }

  // What was sent in one go arrives in one go, as the frames of one TCP segment do.
  #deliver(): void {
    this.#isScheduled = false;
    const frames = this.#frames;
    this.#frames = [];
    let taken = 0;
    while (!this.#isPaused && !this.#isCut && taken < frames.length) {
      const frame = frames[taken++];
      if (frame === undefined) break;
      this.bytes -= sizeOf(frame);
      this.#take(frame);
    }
    if (this.#isCut) return;
    if (taken < frames.length) this.#frames = [...frames.slice(taken), ...this.#frames];
    if (taken > 0) this.#rest();
  }
}

/** Copies bytes, so that nobody who keeps the original can change what is under way. */
export function copy(data: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  return copyOf(toBytes(data));
}

// Without the mask, like the bytes that a server has unsent (RFC 6455, section 5.2).
function sizeOf(frame: Frame): number {
  if (frame.kind === "drop") return 0;
  const length = payloadOf(frame);
  if (length < 126) return length + 2;
  return length + (length < 65536 ? 4 : 10);
}

function payloadOf(frame: Exclude<Frame, { kind: "drop" }>): number {
  if (frame.kind === "text") return utf8Length(frame.data);
  if (frame.kind === "close") return frame.code === 1005 ? 0 : 2 + utf8Length(frame.reason);
  return frame.data.byteLength;
}
