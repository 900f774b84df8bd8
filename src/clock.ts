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

/** The milliseconds that a timer takes; a longer one would fire at once. */
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
 * Calls back in a later turn of the event loop, after what has arrived meanwhile. It is no clock's, for no time is waited for; a timer, which browsers
 * are left with, takes milliseconds.
 */
export function soon(callback: () => void): void {
  later(callback);
}

// A browser's timer is a number; everywhere else it has `unref`.
function unref(timer: unknown): void {
  if (typeof timer !== "object" || timer === null) return;
  if ("unref" in timer && typeof timer.unref === "function") timer.unref();
}
