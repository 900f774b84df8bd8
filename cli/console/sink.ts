/**
 * Where lines are written.
 *
 * @module
 */

import type { Output } from "../command.ts";

/** Takes text. */
export interface Sink {
  /** Writes text; resolves when there is room for more. */
  write(text: string): Promise<void>;
}

/** An output that makes its writers wait while its reader is slow. */
export class OutputSink implements Sink {
  readonly #output: Output;
  #waiting: (() => void)[] = [];
  #isBroken = false;

  /**
   * Writes to `output`.
   *
   * @param onBroken Called once if nobody reads it any more; what is written afterwards is left out
   */
  constructor(output: Output, onBroken: () => void) {
    this.#output = output;
    output.on?.("drain", () => this.#release());
    output.on?.("error", () => {
      if (!this.#isBroken) onBroken();
      this.#isBroken = true;
      this.#release();
    });
  }

  async write(text: string): Promise<void> {
    if (this.#isBroken || this.#output.write(text) !== false || this.#output.on === undefined) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
