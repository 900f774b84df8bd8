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
// The most that counts of a time in which the process stood still.
const LONGEST_STEP = 1000;

/**
 * Visits its members a slice at a time, each once in four ticks, so that 100,000 of them cause no burst.
 *
 * It ticks only while a member has a timeout or is urgent, and as coarsely as the shortest timeout allows.
 */
export class Sweep<Member extends Swept = Swept> {
  /**
   * The time of the last tick, in whole milliseconds since the sweep was made, without the times in which the process stood still: cheap to
   * read, at most a tick old.
   */
  now = 0;
  /** Whether it ticks once more when its last member has left: where many come and go, setting a timer for each costs more. */
  lingers = false;
  readonly #clock: Clock;
  #start: number;
  readonly #members: Member[] = [];
  readonly #urgent: Set<Member> = new Set();
  #next = 0;
  #size = 0;
  #tick = Number.POSITIVE_INFINITY;
  #urgentTick = Number.POSITIVE_INFINITY;
  #ticking = 0;
  #slicedAt = 0;
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

  /** How old `now` may be, in milliseconds. */
  get lag(): number {
    return this.#ticking;
  }

  /** Adds a member; `shortest` is its shortest timeout in milliseconds, 0 for none. */
  join(member: Member, shortest: number): void {
    member.place = this.#members.push(member) - 1;
    if (this.#cancel === undefined) this.#update();
    if (shortest !== 0) this.heed(shortest);
  }

  /** Ticks for a timeout of `shortest` milliseconds that a member has besides. */
  heed(shortest: number): void {
    this.#tick = Math.min(this.#tick, toTick(shortest));
    this.#wake();
  }

  /** Takes a member out, if it is in. */
  leave(member: Member): void {
    // The last fills the gap. Before `next` that would put off its visit, so there the one visited last fills it, and the last follows.
    let { place } = member;
    if (place === -1) return;
    if (place < this.#next) {
      this.#next -= 1;
      this.#move(this.#next, place);
      place = this.#next;
    }
    this.#move(this.#members.length - 1, place);
    this.#members.pop();
    member.place = -1;
    this.relax(member);
    if (this.#members.length > 0) return;
    this.#tick = Number.POSITIVE_INFINITY;
    if (!this.lingers) this.rest();
  }

  /** Stops ticking. */
  rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Visits a member at every tick, until {@link relax}, and ticks for a timeout of `shortest` milliseconds. */
  hurry(member: Member, shortest: number): void {
    this.#urgent.add(member);
    this.#urgentTick = Math.min(this.#urgentTick, toTick(shortest));
    this.#wake();
  }

  /** Ends {@link hurry}. */
  relax(member: Member): void {
    if (this.#urgent.size === 0) return;
    this.#urgent.delete(member);
    if (this.#urgent.size === 0) this.#urgentTick = Number.POSITIVE_INFINITY;
  }

  #move(from: number, to: number): void {
    const member = this.#members[from];
    // The last may have filled a gap before: its place is that then.
    if (member === undefined || from === to) return;
    this.#members[to] = member;
    member.place = to;
  }

  #wake(): void {
    const tick = Math.min(this.#tick, this.#urgentTick);
    if (tick === Number.POSITIVE_INFINITY) return;
    if (this.#cancel !== undefined) {
      if (tick >= this.#ticking) return;
      this.rest();
    }
    this.#update();
    this.#ticking = tick;
    this.#cancel = this.#clock.schedule(() => this.#visit(), tick);
  }

  #update(): void {
    this.now = Math.trunc(this.#clock.now() - this.#start);
  }

  #visit(): void {
    this.#cancel = undefined;
    const before = this.now;
    this.#update();
    // What peers have sent meanwhile waits to be read, behind this timer: they were not silent.
    const stall = this.now - before - LONGEST_STEP;
    if (stall > 0) {
      this.#start += stall;
      this.now -= stall;
    }
    for (const member of [...this.#urgent]) member.sweep(this.now);
    // What is urgent for one member is no reason to visit the others more often.
    if (this.#ticking >= this.#tick || this.now - this.#slicedAt >= this.#tick) this.#slice();
    this.#wake();
  }

  #slice(): void {
    this.#slicedAt = this.now;
    if (this.#next >= this.#members.length) {
      this.#next = 0;
      this.#size = 0;
    }
    // Not less than at the start of the round, or each that leaves would put off those after it.
    this.#size = Math.max(this.#size, Math.ceil(this.#members.length / SLICES));
    for (let left = this.#size; left > 0 && this.#next < this.#members.length; left--) {
      this.#members[this.#next++]?.sweep(this.now);
    }
  }
}

// Twelve ticks a timeout are three visits before it ends: it ends at most a third late, at best a second late.
function toTick(timeout: number): number {
  return Math.min(LONGEST_TICK, Math.max(SHORTEST_TICK, Math.floor(timeout / 12)));
}
