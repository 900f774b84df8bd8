/** What is still to be told of one ride. Whoever reads slowly gets the newest position and every other step. */
import type { Progress } from "./contract.ts";

export class ProgressQueue {
  readonly #steps: Progress[] = [];
  #isEnded = false;
  #wake: () => void = () => {};

  add(step: Progress): void {
    if (step.status === "position" && this.#steps.at(-1)?.status === "position") this.#steps.pop();
    this.#steps.push(step);
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Gives step after step, until the ride has ended or `signal` aborts. */
  async *take(signal: AbortSignal): AsyncGenerator<Progress> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      const step = this.#steps.shift();
      if (step !== undefined) yield step;
      else if (this.#isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
