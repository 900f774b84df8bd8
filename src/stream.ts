/**
 * Replies that are async iterables (R3, R8).
 *
 * @module
 */

import { isError } from "./errors.ts";
import { CLOSING, type Outbox } from "./outbox.ts";
import { isStream } from "./reply.ts";

// A peer starts streams with a few bytes each; nobody watches so many.
const MOST = 1024;

// Items after which a stream that never waits gives way, even if they send nothing; what is sent makes it give way earlier.
const TURN_AFTER = 1024;

/** Where the items of one stream go. */
export interface Sink {
  /** Sends an item, which is neither a stream nor an error; a promise is awaited before the next. */
  item(value: unknown): unknown;
  /** The last item has gone out. */
  ended(): void;
  /** The stream failed, and has been ended. */
  failed(error: unknown): void;
  /** There are too many streams: this one was not begun, or goes on no longer. */
  refused(): void;
  /** The stream was ended before its time, for nobody wants it any more. */
  stopped(): void;
}

/** The streams of one connection. */
export class Streams {
  readonly #outbox: Outbox;
  readonly #running: Map<Sink, Run> = new Map();
  // Those within others count too.
  #count = 0;

  /** Makes the set for one connection. */
  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Sends the items of a stream as they come, in order, waiting while too much is unsent. */
  run(stream: AsyncIterable<unknown>, sink: Sink): void {
    if (this.#outbox.state >= CLOSING) return this.discard(stream);
    const run = new Run(this.#outbox, sink);
    this.#running.set(sink, run);
    void this.#drive(run, stream);
  }

  /** Ends a stream that nobody wants, before it has begun: it may hold something all the same. */
  discard(stream: AsyncIterable<unknown>): void {
    try {
      end(stream[Symbol.asyncIterator](), this.#outbox);
      // Those of Node let go of nothing when they are told so before they were asked for anything.
      if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
    } catch (error) {
      this.#outbox.host.logger.debug("A stream failed while it was ended", error);
    }
  }

  /** Ends one stream, if it runs: its iterator is told at once. */
  stop(sink: Sink): void {
    const run = this.#running.get(sink);
    if (run === undefined) return;
    this.#running.delete(sink);
    this.#stop(run);
  }

  /** Ends all streams: the connection is closing. */
  cancel(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const run of running) this.#stop(run);
  }

  // Counted at once, for a `next()` that is pending may never settle.
  #stop(run: Run): void {
    this.#count -= run.iterators.length;
    run.stop();
  }

  async #drive(run: Run, stream: AsyncIterable<unknown>): Promise<void> {
    const { sink } = run;
    try {
      await this.#pump(run, stream);
    } catch (error) {
      // It may have been stopped since it failed.
      if (this.#running.delete(sink)) sink.failed(error);
      return;
    }
    // One that was stopped is not there any more.
    if (this.#running.delete(sink)) sink.ended();
  }

  async #pump(run: Run, stream: AsyncIterable<unknown>): Promise<void> {
    if (this.#count >= MOST) {
      this.stop(run.sink);
      this.discard(stream);
      run.sink.refused();
      return;
    }
    const iterator = stream[Symbol.asyncIterator]();
    run.iterators.push(iterator);
    this.#count++;
    try {
      for (let items = 1; ; items++) {
        const { done, value } = await iterator.next();
        if (run.isOver || done === true) return;
        if (isError(value)) throw value;
        const sent = isStream(value) ? this.#pump(run, value) : run.sink.item(value);
        if (sent !== undefined) await sent;
        if (run.isOver) return;
        await (items % TURN_AFTER === 0 ? this.#outbox.host.turn() : this.#outbox.ready());
        if (run.isOver) return;
      }
    } catch (error) {
      if (run.isOver) return;
      // What fails because the connection is going is no fault of the stream.
      if (!this.#outbox.isOpen) return this.stop(run.sink);
      end(iterator, this.#outbox);
      throw error;
    } finally {
      if (!run.isOver) {
        this.#count--;
        run.iterators.pop();
      }
    }
  }
}

/** One stream that runs. */
class Run {
  readonly sink: Sink;
  /** The iterators that are asked: that of the stream, and those of its items that are streams. */
  readonly iterators: AsyncIterator<unknown>[] = [];
  isOver = false;
  readonly #outbox: Outbox;

  constructor(outbox: Outbox, sink: Sink) {
    this.#outbox = outbox;
    this.sink = sink;
  }

  /** Ends it before its time. */
  stop(): void {
    this.isOver = true;
    this.sink.stopped();
    for (const iterator of this.iterators) end(iterator, this.#outbox);
  }
}

// Tells an iterator that no more is wanted.
function end(iterator: AsyncIterator<unknown>, { host }: Outbox): void {
  const log = (error: unknown): void => host.logger.debug("A stream failed while it was ended", error);
  try {
    iterator.return?.().then(undefined, log);
  } catch (error) {
    log(error);
  }
}
