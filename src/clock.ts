/**
 * Time as the core sees it, so that tests can hold it.
 *
 * @module
 */

/** Tells the time and calls back later. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds and returns what cancels it. The timer does not keep the process alive. */
  schedule(callback: () => void, ms: number): () => void;
}

/** The most milliseconds that a timer takes; a longer one would fire at once. */
export const LONGEST = 2_147_483_647;

/** The runtime's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(callback, ms) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST));
    unref(timer);
    return () => clearTimeout(timer);
  },
};

interface Loop {
  readonly setTimeout: unknown;
  readonly setImmediate?: (callback: () => void) => unknown;
}

// As it was at first, for test runners replace timers later. Browsers have none.
const { setImmediate: later = setTimeout }: Loop = globalThis;

/**
 * Calls back in a later turn of the event loop, after what has arrived meanwhile. It is no matter of the clock, since it
 * waits for no time to pass. Browsers have only timers for it, which take milliseconds.
 */
export function soon(callback: () => void): void {
  later(callback);
}

interface Ticks extends Partial<Record<"process", { readonly nextTick?: (callback: () => void) => void }>> {
  readonly queueMicrotask: (callback: () => void) => void;
}

/**
 * Calls back when this tick is over, and with it the promises that have settled: Node's `process.nextTick`, kept as it was at first. It is here and not
 * in the adapters, which are loaded when they are needed: by then a test runner may have faked it, and nothing would ever be sent.
 */
export const nextTick: (callback: () => void) => void = /* @__PURE__ */ toNextTick();

// Deno takes 30 ms for the first look at its `process`, so there it is left to those who need it; Deno's own runner of tests fakes nothing.
function toNextTick(): (callback: () => void) => void {
  const ticks: Ticks = globalThis;
  if ("Deno" in globalThis) return (callback) => (ticks.process?.nextTick ?? ticks.queueMicrotask)(callback);
  return ticks.process?.nextTick ?? ticks.queueMicrotask;
}

// A browser's timer is a number; everywhere else it has `unref`.
function unref(timer: unknown): void {
  if (typeof timer !== "object" || timer === null) return;
  if ("unref" in timer && typeof timer.unref === "function") timer.unref();
}
