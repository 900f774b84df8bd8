/**
 * A request that has one answer.
 *
 * @module
 */

import { ReadTimedOutError } from "../../errors.ts";
import type { Exchange, Pending } from "./exchange.ts";
import type { Fit } from "./fit.ts";
import type { Payload } from "./frame.ts";
import type { Patience } from "./patience.ts";

/** Sends a message and waits for its answer; settles once. */
export class SingleRequest implements Pending {
  readonly isStream = false;
  readonly resubscribes = false;
  readonly #answer: PromiseWithResolvers<unknown> = Promise.withResolvers();
  readonly #fit: Fit;
  readonly #cancels: (() => void)[] = [];

  constructor(exchange: Exchange, type: string, message: unknown, fit: Fit, { signal, timeout }: Patience) {
    this.#fit = fit;
    // A rejection that nobody looks at does not end the process.
    this.reply.catch(() => {});
    const id = exchange.toId();
    const text = exchange.envelope.write(type, id, message);
    if (signal?.aborted) this.fail(signal.reason);
    else this.#send(exchange, id, text, { type, signal, timeout });
  }

  /** The value of the answer. */
  get reply(): Promise<unknown> {
    return this.#answer.promise;
  }

  answer(payload: Payload | undefined): boolean {
    this.#release();
    this.#answer.resolve(this.#fit(payload));
    return true;
  }

  complete(): void {
    this.answer(undefined);
  }

  fail(error: unknown): void {
    this.#release();
    this.#answer.reject(error);
  }

  #send(
    exchange: Exchange,
    id: string,
    text: string,
    { type, signal, timeout }: Omit<Patience, "resubscribes"> & { readonly type: string },
  ): void {
    const giveUp = (reason: unknown): void => {
      exchange.forget(id);
      this.fail(reason);
    };
    if (signal !== undefined) {
      const aborted = (): void => giveUp(signal.reason);
      signal.addEventListener("abort", aborted);
      this.#cancels.push(() => signal.removeEventListener("abort", aborted));
    }
    if (timeout !== undefined) {
      const late = (): void => giveUp(new ReadTimedOutError(`No answer to "${type}" came in ${timeout / 1000} s`));
      this.#cancels.push(exchange.clock.schedule(late, timeout));
    }
    exchange.backlog.waits(1);
    this.#cancels.push(() => exchange.backlog.waits(-1));
    exchange.ask(id, text, this);
  }

  #release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
