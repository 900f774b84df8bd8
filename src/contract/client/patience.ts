/**
 * The options of requests, checked.
 *
 * @module
 */

import { LONGEST } from "../../clock.ts";
import { checkBoolean, checkNames } from "../../options.ts";
import type { RequestOptions, StreamOptions } from "./typed_methods.ts";

/** Checked {@link StreamOptions}. */
export interface Patience {
  /** Milliseconds. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly resubscribes: boolean;
}

const OF_REQUESTS: ReadonlySet<string> = new Set<keyof RequestOptions>(["timeout", "signal"]);
const OF_STREAMS: ReadonlySet<string> = new Set<keyof StreamOptions>(["timeout", "signal", "resubscribe"]);

/**
 * Checks options.
 *
 * @throws {TypeError} If one is unknown or of the wrong type
 * @throws {RangeError} If `timeout` is out of range
 */
export function toPatience(options: StreamOptions, isStream: boolean): Patience {
  checkNames(isStream ? "StreamOptions" : "RequestOptions", options, isStream ? OF_STREAMS : OF_REQUESTS);
  const { timeout, signal, resubscribe = false } = options;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0 && timeout * 1000 <= LONGEST)) {
    throw new RangeError(
      `Option timeout is ${String(timeout)}: must be a number over 0, at most ${LONGEST / 1000} seconds`,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("Option signal must be an AbortSignal");
  }
  return {
    timeout: timeout === undefined ? undefined : timeout * 1000,
    signal,
    resubscribes: checkBoolean("resubscribe", resubscribe),
  };
}
