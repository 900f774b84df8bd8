/**
 * Ends that come from outside: signals, and an output that nobody reads.
 *
 * @module
 */

import type { Session } from "./session.ts";

/** Ends an attempt to connect, and later the session. */
export class Stops {
  /** Resolves with the exit code if the attempt is ended. */
  readonly ended: Promise<number>;
  readonly #aborter = new AbortController();
  readonly #end: (exitCode: number) => void;
  #session: Session | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** Aborts when nothing of the connection may be left. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** From now on the session is ended. */
  hand(session: Session): void {
    this.#session = session;
  }

  /** A signal came. */
  end(exitCode: number): void {
    if (this.#session !== undefined) this.#session.interrupt(exitCode);
    else this.#end(exitCode);
  }

  /** Nobody reads the output any more. */
  leave(): void {
    if (this.#session !== undefined) this.#session.leave();
    else this.#end(0);
  }

  /** Leaves nothing of the connection. */
  abort(): void {
    this.#aborter.abort();
  }
}
