/**
 * A clock that a test moves.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { toMilliseconds } from "../options.ts";
import { settle } from "./settle.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Time that stands still until {@link FakeClock.advance} moves it. Starts at 0.
 *
 * @example
 * ```ts
 * import { FakeClock, pair } from "@switchboard/websocket/testing";
 *
 * const clock = new FakeClock();
 * const { client } = pair({}, { idleTimeout: 60 }, { clock });
 * await clock.advance(90);
 * console.log(await client.closed); // { code: 1001, reason: "Idle timeout" }
 * ```
 */
export class FakeClock implements Clock {
  // In the order in which they were scheduled.
  readonly #timers: Set<Timer> = new Set();
  #now = 0;
  #moved: Promise<void> = Promise.resolve();

  /** How many timers wait: for a test that nothing is left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** The time in milliseconds. */
  now(): number {
    return this.#now;
  }

  /** Calls `callback` once when the clock has moved on by `ms` milliseconds, and returns what cancels it. */
  schedule(callback: () => void, ms: number): () => void {
    const timer = { at: round(this.#now + Math.max(0, ms)), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /**
   * Moves the clock on and runs what becomes due, in order, each at its time, and what becomes due meanwhile.
   *
   * Before it begins and after each timer, promises settle: when it resolves, every message has arrived and every callback that waits for nothing
   * else has returned.
   *
   * @param seconds How far; 0 runs what is due now
   * @returns A promise that rejects with what a timer throws
   * @throws {RangeError} If `seconds` is negative or no number
   */
  advance(seconds: number): Promise<void> {
    const ms = toMilliseconds("seconds", seconds);
    // One at a time, so that the time never goes back.
    const moved = this.#moved.then(() => this.#advance(ms));
    this.#moved = moved.catch(() => {});
    return moved;
  }

  async #advance(ms: number): Promise<void> {
    await settle();
    const end = round(this.#now + ms);
    for (let timer = this.#first(); timer !== undefined && timer.at <= end; timer = this.#first()) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await settle();
    }
    this.#now = end;
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.at < first.at) first = timer;
    }
    return first;
  }
}

// To microseconds, so that 0.1 s three times are 0.3 s.
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
