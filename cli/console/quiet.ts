/**
 * Waits for time to pass.
 *
 * @module
 */

import type { Clock } from "../../src/clock.ts";

/** Waits for a while, or for silence. */
export class Quiet {
  readonly #clock: Clock;
  #heardAt: number;
  #cancel: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardAt = clock.now();
  }

  /** Something was heard. */
  touch(): void {
    this.#heardAt = this.#clock.now();
  }

  /** Waits `seconds`, or until it is stopped. */
  async pass(seconds: number): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (Number.isFinite(seconds)) this.#cancel = this.#clock.schedule(resolve, seconds * 1000);
    });
  }

  /** Waits until nothing was heard for `seconds` from now on, or until it is stopped. */
  async come(seconds: number): Promise<void> {
    this.touch();
    while (!this.#isOver) {
      const left = this.#heardAt + seconds * 1000 - this.#clock.now();
      if (left <= 0) return;
      await this.pass(left / 1000);
    }
  }

  /** Ends every wait. */
  stop(): void {
    this.#isOver = true;
    this.#cancel?.();
    this.#wake?.();
  }
}
