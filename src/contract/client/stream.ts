/**
 * A request that has any number of answers.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Exchange, Pending } from "./exchange.ts";
import type { Fit } from "./fit.ts";
import type { Payload } from "./frame.ts";
import { Items, type Source } from "./items.ts";
import type { Patience } from "./patience.ts";

/** Asks when the first item is wanted, and tells the service when no more are. */
export class Stream implements Pending, Source {
  readonly isStream = true;
  readonly resubscribes: boolean;
  readonly timeout: number | undefined;
  readonly fit: Fit;
  /** What has come. */
  readonly items: Items;
  readonly #exchange: Exchange;
  readonly #id: string;
  readonly #text: string;
  readonly #signal: AbortSignal | undefined;
  readonly #cancels: (() => void)[] = [];

  constructor(exchange: Exchange, type: string, message: unknown, fit: Fit, patience: Patience) {
    this.#exchange = exchange;
    this.#id = exchange.toId();
    this.#text = exchange.envelope.write(type, this.#id, message);
    this.#signal = patience.signal;
    this.fit = fit;
    this.timeout = patience.timeout;
    this.resubscribes = patience.resubscribes;
    this.items = new Items(this, exchange.backlog, exchange.clock);
  }

  begin(): void {
    const signal = this.#signal;
    if (signal?.aborted) return this.items.fail(signal.reason);
    if (signal !== undefined) {
      const aborted = (): void => {
        this.leave();
        this.items.fail(signal.reason);
      };
      signal.addEventListener("abort", aborted);
      this.#cancels.push(() => signal.removeEventListener("abort", aborted));
    }
    if (this.resubscribes) {
      this.#cancels.push(
        this.#exchange.line.onReconnect((connection) => this.#exchange.askAgain(this.#id, connection)),
      );
    }
    this.#exchange.ask(this.#id, this.#text, this);
  }

  leave(): void {
    this.#release();
    this.#exchange.forget(this.#id);
  }

  answer(payload: Payload, size: number): boolean {
    while (!this.items.add(payload, size)) {
      if (this.#exchange.dropPush()) continue;
      this.leave();
      this.items.end({ reason: new ConnectionError("Too many items wait to be taken", {}, "queue_full") });
      return false;
    }
    return true;
  }

  complete(): void {
    this.#release();
    this.items.end();
  }

  fail(error: unknown): void {
    this.#release();
    this.items.end({ reason: error });
  }

  #release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
