/**
 * What went wrong, and what follows if the service has no `onError`.
 *
 * @module
 */

import type { CloseFrame } from "./close_frame.ts";

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
