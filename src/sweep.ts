/**
 * One coarse timer for all connections of a listener (R17): a message costs a field write, not a timer.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** What is looked at from time to time. */
export interface Swept {
  /** Where the sweep keeps it; -1 when it does not. Belongs to the sweep. */
  place: number;
  /** Looks for what is overdue; `now` is the sweep's own time. */
  sweep(now: number): void;
}

const SLICES = 4;
const SHORTEST_TICK = 5;
const LONGEST_TICK = 250;

/**
 * Visits its members a slice at a time, each once in four ticks, so that 100,000 of them cause no burst.
 *
 * It ticks only while a member has a timeout or is urgent, and as coarsely as the shortest timeout allows.
 */
export class Sweep<Member extends Swept = Swept> {
  /** The time of the last tick, in whole milliseconds since the sweep was made: cheap to read, at most a tick old. */
  now = 0;
  readonly #clock: Clock;
  readonly #start: number;
  readonly #members: Member[] = [];
  readonly #urgent: Set<Member> = new Set();
  #next = 0;
  #tick = Number.POSITIVE_INFINITY;
  #urgentTick = Number.POSITIVE_INFINITY;
  #ticking = 0;
  #cancel: (() => void) | undefined;

  /** Makes a sweep that rests until something joins. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#start = clock.now();
  }

  /** The members, in no order. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** Adds a member; `shortest` is its shortest timeout in milliseconds, 0 for none. */
  join(member: Member, shortest: number): void {
    member.place = this.#members.push(member) - 1;
    if (this.#cancel === undefined) this.#update();
    if (shortest === 0) return;
    this.#tick = Math.min(this.#tick, toTick(shortest));
    this.#wake();
  }

  /** Takes a member out. */
  leave(member: Member): void {
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
    this.relax(member);
    if (this.#members.length > 0) return;
    this.#tick = Number.POSITIVE_INFINITY;
    this.#rest();
  }

  /** Visits a member at every tick, until {@link relax}, and ticks for a timeout of `shortest` milliseconds. */
  hurry(member: Member, shortest: number): void {
    this.#urgent.add(member);
    this.#urgentTick = Math.min(this.#urgentTick, toTick(shortest));
    this.#wake();
  }

  /** Ends {@link hurry}. */
  relax(member: Member): void {
    this.#urgent.delete(member);
    if (this.#urgent.size === 0) this.#urgentTick = Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    const tick = Math.min(this.#tick, this.#urgentTick);
    if (tick === Number.POSITIVE_INFINITY) return;
    if (this.#cancel !== undefined) {
      if (tick >= this.#ticking) return;
      this.#rest();
    }
    this.#update();
    this.#ticking = tick;
    this.#cancel = this.#clock.schedule(() => this.#visit(), tick);
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #update(): void {
    this.now = Math.trunc(this.#clock.now() - this.#start);
  }

  #visit(): void {
    this.#cancel = undefined;
    this.#update();
    for (const member of this.#urgent) member.sweep(this.now);
    for (let left = Math.ceil(this.#members.length / SLICES); left > 0; left--) {
      if (this.#next >= this.#members.length) this.#next = 0;
      this.#members[this.#next++]?.sweep(this.now);
    }
    this.#wake();
  }
}

// Twelve ticks a timeout are three visits before it ends: it ends at most a third late, at best a second late.
function toTick(timeout: number): number {
  return Math.min(LONGEST_TICK, Math.max(SHORTEST_TICK, Math.floor(timeout / 12)));
}
