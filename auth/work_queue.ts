/**
 * How many passwords are hashed at once, and how many wait.
 *
 * @module
 */

import { AuthError } from "../src/errors.ts";
import type { UpgradeRequest } from "../src/upgrade_request.ts";

/** Options of a {@link WorkQueue}. */
export interface WorkQueueOptions {
  /** Pieces of work that run at once. On Node two leave half of its four threads to files and names. @default 2 */
  readonly parallel?: number;
  /** Pieces of work that wait; one more is refused. @default 32 */
  readonly places?: number;
}

/** Runs pieces of work in the order in which they came, a few at once. */
export class WorkQueue {
  readonly #parallel: number;
  readonly #places: number;
  // A Set keeps the order, and whoever leaves early is found at once.
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor({ parallel = 2, places = 32 }: WorkQueueOptions = {}) {
    this.#parallel = parallel;
    this.#places = places;
  }

  /**
   * Runs the work when its turn comes.
   *
   * @param request Its signal gives up the place of work that waits; not read otherwise, since Deno prints a warning when it is
   * @throws {AuthError} With 503 if too many wait, or the signal aborts before the turn comes
   */
  async run<Result>(work: () => Promise<Result>, request: Pick<UpgradeRequest, "signal">): Promise<Result> {
    await this.#turn(request);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #turn(request: Pick<UpgradeRequest, "signal">): Promise<void> {
    if (this.#running < this.#parallel) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#waiting.size >= this.#places) {
      return Promise.reject(new AuthError("Too many are logging in: try again later", { status: 503, retryAfter: 5 }));
    }
    const { signal } = request;
    if (signal.aborted) return Promise.reject(toGivenUp(signal));
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(begin);
        reject(toGivenUp(signal));
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.add(begin);
    });
  }

  /** Hands the place of finished work to who waits longest. */
  #next(): void {
    for (const begin of this.#waiting) {
      this.#waiting.delete(begin);
      begin();
      return;
    }
    this.#running -= 1;
  }
}

function toGivenUp(signal: AbortSignal): AuthError {
  return new AuthError("The login was given up before its turn came", { status: 503, cause: signal.reason });
}
