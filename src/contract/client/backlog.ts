/**
 * What has come and nobody has taken yet, in all queues of one client, and whether reading goes on.
 *
 * @module
 */

/** Messages in one queue over which reading stops while nobody waits for anything. */
const MARK = 64;
/** Bytes of the same. */
const MARK_BYTES = 65_536;
/** Messages in all queues. */
const MOST_MESSAGES = 1024;
/** Bytes in all queues. */
const MOST_BYTES = 1_048_576;

/** Tells whether a queue is over its mark. */
export function isOverMark(messages: number, bytes: number): boolean {
  return messages > MARK || bytes > MARK_BYTES;
}

/** Counts for all queues of one client. */
export class Backlog {
  #isDraining = false;
  #messages = 0;
  #bytes = 0;
  /** Queues over their mark. */
  #overfull = 0;
  /** Who waits for a message. */
  #waiting = 0;
  #rest: PromiseWithResolvers<void> | undefined;

  /** Tells whether there is room for one more message; for any if there is none. */
  hasRoom(size: number): boolean {
    if (this.#isDraining || this.#messages === 0) return true;
    return this.#messages < MOST_MESSAGES && this.#bytes + size <= MOST_BYTES;
  }

  /** A message was added to a queue, or taken from it. */
  counts(by: 1 | -1, size: number): void {
    this.#messages += by;
    this.#bytes += by * size;
  }

  /** A queue is over its mark, or no more. */
  overfills(by: 1 | -1): void {
    this.#overfull += by;
    this.#wake();
  }

  /** Somebody begins to wait, or waits no more. */
  waits(by: 1 | -1): void {
    this.#waiting += by;
    this.#wake();
  }

  /** Resolves when it is time to read on; gives `undefined` if it is now. */
  rest(): Promise<void> | undefined {
    if (!this.#mayRest) return undefined;
    this.#rest ??= Promise.withResolvers();
    return this.#rest.promise;
  }

  /** Lets all that was received be taken in, however much there is already: the connection is gone, and nothing follows. */
  drain(isDraining: boolean): void {
    this.#isDraining = isDraining;
    this.#wake();
  }

  // Looks again whether to rest.
  #wake(): void {
    if (this.#rest === undefined || this.#mayRest) return;
    this.#rest.resolve();
    this.#rest = undefined;
  }

  get #mayRest(): boolean {
    return this.#overfull > 0 && this.#waiting === 0 && !this.#isDraining;
  }
}
