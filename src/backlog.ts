/**
 * What is unsent while a peer reads slowly (R12, R20).
 *
 * @module
 */

/** The default of `writeTimeout`, in seconds. */
export const WRITE_TIMEOUT = 30;

/** The default of `maxBufferedAmount`, in bytes. */
export const MOST_UNSENT = 1_048_576;

/**
 * Gives how long unsent bytes may take to leave: `timeout` for each `most` of them that has begun. Some runtimes count a message as unsent until its
 * last byte has left, so a large one has more time.
 */
export function toPatience(unsent: number, timeout: number, most: number): number {
  return timeout * Math.ceil(unsent / most);
}

/** Unsent bytes over the high-water mark, and who waits for them to leave. */
export class Backlog {
  /** Settles when enough has left, or the connection ends. */
  readonly promise: Promise<void>;
  /** Enough has left. */
  readonly resolve: () => void;
  /** The connection has ended. */
  readonly reject: (error: Error) => void;
  /** When the amount last shrank. */
  since: number;
  /** Bytes of pongs that the runtime has sent meanwhile. */
  answers = 0;
  #amount: number;

  /** Begins with `amount` bytes, at the sweep's time `now`. */
  constructor(amount: number, now: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
    this.since = now;
    this.#amount = amount;
    promise.catch(() => {}); // R12: a write that nobody awaits is nobody's unhandled rejection.
  }

  /** Notes what is unsent now. */
  note(amount: number, now: number): void {
    if (amount < this.#amount) this.since = now;
    this.#amount = amount;
  }
}
