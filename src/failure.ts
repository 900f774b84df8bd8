/**
 * What went wrong, and what follows if the service has no `onError`.
 *
 * @module
 */

import type { CloseFrame } from "./close_frame.ts";
import { CorruptedFrameError, PayloadTooLargeError } from "./errors.ts";
import { toFragmentLimit } from "./fragments.ts";
import type { Host } from "./host.ts";
import type { ServiceRules } from "./service_config.ts";

/** An error on its way to `onError`. It is thrown inside the core only. */
export class Failure {
  /** What `onError` gets. */
  readonly error: Error;
  /** The line of the log if nobody hears of it otherwise, `undefined` for none: the peer is to blame. */
  readonly line: string | undefined;
  /** How the connection then ends, `undefined` for not at all. */
  readonly frame: CloseFrame | undefined;

  /** Takes what `onError` gets, and what follows without one. */
  constructor(error: Error, line?: string, frame?: CloseFrame) {
    this.error = error;
    this.line = line;
    this.frame = frame;
  }
}

/** Tells whether a runtime closes with this code for a fault of the peer. */
export function isFault(statusCode: number): boolean {
  return statusCode === 1002 || (statusCode >= 1007 && statusCode <= 1009);
}

/** A fault of the peer, by the close code that it gets. One that an option would have allowed is logged once. */
export function ofPeer(
  statusCode: number,
  cause: unknown,
  by: { readonly host: Host; readonly rules: ServiceRules },
): Failure {
  const options = cause === undefined ? {} : { cause };
  if (statusCode >= 1008) {
    const { maxFrameSize } = by.rules;
    const most = toFragmentLimit(maxFrameSize);
    const what =
      statusCode === 1009 ? `is over maxFrameSize, ${maxFrameSize} bytes` : `comes in more than ${most} fragments`;
    by.host.infoOnce(`Closed a connection with ${statusCode}: a message ${what}`);
    return new Failure(new PayloadTooLargeError(`A message ${what}`, options));
  }
  return new Failure(toFrameError(statusCode, options));
}

/** The error for a frame that breaks the protocol, or whose payload is corrupt, by the close code that it gets. */
export function toFrameError(statusCode: number, options?: ErrorOptions): CorruptedFrameError {
  const what =
    statusCode === 1007 ? "A message is not UTF-8, or its compressed data is corrupt" : "A frame breaks the protocol";
  return new CorruptedFrameError(what, options);
}
