/** An exchange that stands for a real one: its prices go up and down by chance. */
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two prices. */
const PERIOD = 100;

export class Exchange {
  readonly #prices = new Map([
    ["ACME", 120],
    ["GLOBEX", 43],
    ["INITECH", 7.5],
  ]);

  /** Whether a symbol is traded. */
  has(symbol: string): boolean {
    return this.#prices.has(symbol);
  }

  /** Gives the price of a symbol now, and then each that follows, until `signal` aborts. */
  async *prices(symbol: string, signal: AbortSignal): AsyncGenerator<number> {
    while (!signal.aborted) {
      yield this.#prices.get(symbol) ?? 0;
      // An abort ends the wait by a rejection; it is no fault.
      await sleep(PERIOD, undefined, { signal }).catch(() => {});
    }
  }

  /** Trades for as long as the process lives. */
  open(): void {
    setInterval(() => {
      for (const [symbol, price] of this.#prices) {
        this.#prices.set(symbol, Math.round(100 * price * (0.99 + Math.random() / 50)) / 100);
      }
    }, PERIOD);
  }
}
