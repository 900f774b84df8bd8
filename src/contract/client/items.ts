/**
 * Items that come from a service and go to whoever iterates.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { ReadTimedOutError } from "../../errors.ts";
import { type Backlog, isOverMark } from "./backlog.ts";
import type { Fit } from "./fit.ts";
import type { Payload } from "./frame.ts";

/** Where items come from, as their queue sees it. */
export interface Source {
  /** Makes the value of an item. */
  readonly fit: Fit;
  /** Milliseconds that the wait for an item may take, `undefined` for no limit. */
  readonly timeout?: number | undefined;
  /** The first item is asked for. */
  begin?(): void;
  /** Nobody wants more. */
  leave(): void;
}

interface Item {
  readonly payload: Payload;
  readonly size: number;
}

const END = { done: true, value: undefined } as const;

/** A first-in first-out queue of items, or of one who waits. */
export class Items {
  /** What users read it by. Several `next` are answered in order. */
  readonly iterator: AsyncIterableIterator<unknown, undefined> = {
    next: () => this.#next(),
    return: async () => {
      this.#leave();
      return END;
    },
    throw: async (error?: unknown) => {
      this.#leave();
      throw error;
    },
    [Symbol.asyncIterator]: () => this.iterator,
  };
  readonly #source: Source;
  readonly #backlog: Backlog;
  readonly #clock: Clock;
  readonly #items: Item[] = [];
  #bytes = 0;
  #isOverMark = false;
  #waiter: PromiseWithResolvers<Item | undefined> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** What follows the items. */
  #end: { readonly failure?: { readonly reason: unknown } } | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #hasBegun = false;

  constructor(source: Source, backlog: Backlog, clock: Clock) {
    this.#source = source;
    this.#backlog = backlog;
    this.#clock = clock;
  }

  /** Adds the newest item; false if there is no room for it. */
  add(payload: Payload, size: number): boolean {
    const item = { payload, size };
    const waiter = this.#served();
    if (waiter !== undefined) {
      waiter.resolve(item);
      return true;
    }
    if (!this.#backlog.hasRoom(size)) return false;
    this.#items.push(item);
    this.#count(1, size);
    return true;
  }

  /** How many items wait. */
  get count(): number {
    return this.#items.length;
  }

  /** Drops the oldest item. */
  drop(): void {
    this.#shift();
  }

  /** Nothing follows, or a failure does. */
  end(failure?: { readonly reason: unknown }): void {
    this.#end ??= failure === undefined ? {} : { failure };
    const waiter = this.#served();
    if (waiter === undefined) return;
    this.#end = {};
    if (failure === undefined) waiter.resolve(undefined);
    else waiter.reject(failure.reason);
  }

  /** Drops all items; a failure follows. */
  fail(reason: unknown): void {
    this.#clear();
    this.#end = undefined;
    this.end({ reason });
  }

  #next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      if (this.#end === undefined) this.#source.begin?.();
    }
    const step = this.#last.then(() => this.#step());
    // A rejection that nobody looks at does not end the process.
    this.#last = step.catch(() => {});
    return step;
  }

  async #step(): Promise<IteratorResult<unknown, undefined>> {
    const item = await this.#take();
    if (item === undefined) return END;
    try {
      return { done: false, value: await this.#source.fit(item.payload) };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  async #take(): Promise<Item | undefined> {
    const item = this.#shift();
    if (item !== undefined) return item;
    if (this.#end !== undefined) {
      const { failure } = this.#end;
      this.#end = {};
      if (failure !== undefined) throw failure.reason;
      return undefined;
    }
    const { timeout } = this.#source;
    if (timeout !== undefined) this.#cancelTimer = this.#clock.schedule(() => this.#late(timeout), timeout);
    this.#waiter = Promise.withResolvers();
    this.#backlog.waits(1);
    return this.#waiter.promise;
  }

  #late(timeout: number): void {
    this.#source.leave();
    this.end({ reason: new ReadTimedOutError(`No item came in ${timeout / 1000} s`) });
  }

  /** Gives who waits, who then waits no more. */
  #served(): PromiseWithResolvers<Item | undefined> | undefined {
    const waiter = this.#waiter;
    if (waiter === undefined) return undefined;
    this.#waiter = undefined;
    this.#cancelTimer?.();
    this.#backlog.waits(-1);
    return waiter;
  }

  #shift(): Item | undefined {
    const item = this.#items.shift();
    if (item !== undefined) this.#count(-1, item.size);
    return item;
  }

  #count(by: 1 | -1, size: number): void {
    this.#bytes += by * size;
    this.#backlog.counts(by, size);
    const isOver = isOverMark(this.#items.length, this.#bytes);
    if (isOver !== this.#isOverMark) this.#backlog.overfills(isOver ? 1 : -1);
    this.#isOverMark = isOver;
  }

  #clear(): void {
    while (this.#shift() !== undefined);
  }

  #leave(): void {
    this.#clear();
    this.#source.leave();
    this.#end = undefined;
    this.end();
  }
}
