/**
 * The end of a connection whose principal is known for a time only.
 *
 * @module
 */

import { type Clock, LONGEST } from "./clock.ts";

/** The close code of a token that has expired: the 401 of a connection that is open. */
export const TOKEN_EXPIRED = 4401;

/** Calls `expire` once after `ms` milliseconds, however many, and returns what cancels it. */
export function after(clock: Clock, ms: number, expire: () => void): () => void {
  const due = clock.now() + ms;
  let cancel: () => void;
  // A timer takes 24 days at most.
  const wait = (): void => {
    const left = due - clock.now();
    cancel = clock.schedule(left > LONGEST ? wait : expire, Math.min(left, LONGEST));
  };
  wait();
  return () => cancel();
}
