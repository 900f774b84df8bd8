/**
 * Replies that are async iterables (R3, R8).
 *
 * @module
 */

import { INTERNAL_SERVER_ERROR } from "./close_frame.ts";
import { CLOSING, type Outbox } from "./outbox.ts";
import { isStream, sendReply } from "./reply.ts";

const FAILED = "streaming failed";

// A peer starts streams with a few bytes each; nobody watches so many.
const MOST = 1024;

/** The streams of one connection. */
export class Streams {
  readonly #outbox: Outbox;
  readonly #running: Set<AsyncIterator<unknown>> = new Set();

  /** Makes the set for one connection. */
  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Sends the items of a stream as they come, in order, waiting while too much is unsent. */
  async run(stream: AsyncIterable<unknown>): Promise<void> {
    try {
      await this.#pump(stream);
    } catch (error) {
      this.#outbox.host.logger.error("A stream failed; the connection is closed with 1011", error);
      void this.#outbox.close(INTERNAL_SERVER_ERROR.statusCode, FAILED);
    }
  }

  /** Ends all streams: the connection is closing. */
  cancel(): void {
    const running = [...this.#running];
    this.#running.clear();
    for (const iterator of running) this.#end(iterator);
  }

  async #pump(stream: AsyncIterable<unknown>): Promise<void> {
    if (this.#outbox.state >= CLOSING) return;
    if (this.#running.size >= MOST) {
      void this.#outbox.close(1013, "Too many streams");
      return;
    }
    const iterator = stream[Symbol.asyncIterator]();
    this.#running.add(iterator);
    try {
      while (true) {
        const { done, value } = await iterator.next();
        if (!this.#running.has(iterator)) return;
        if (done === true) return;
        if (value instanceof Error) throw value;
        if (isStream(value)) await this.#pump(value);
        else sendReply(this.#outbox, value);
        await this.#outbox.ready();
        if (!this.#running.has(iterator)) return;
      }
    } catch (error) {
      if (!this.#running.has(iterator)) return;
      this.#end(iterator);
      // What fails because the connection is going is no fault of the stream.
      if (this.#outbox.isOpen) throw error;
    } finally {
      this.#running.delete(iterator);
    }
  }

  #end(iterator: AsyncIterator<unknown>): void {
    const log = (error: unknown): void => {
      this.#outbox.host.logger.debug("A stream failed while it was ended", error);
    };
    try {
      iterator.return?.().then(undefined, log);
    } catch (error) {
      log(error);
    }
  }
}
