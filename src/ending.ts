/**
 * How a connection ends.
 *
 * @module
 */

/** The end of a connection: the code that was sent or received, and who waits for it. */
export class Ending {
  /** The code. */
  code: number;
  /** The reason. */
  reason: string;
  /** Whether it is our frame that goes on the wire; else the peer's came first, and its code counts. */
  sent = false;
  /** Resolves when the connection is down, if somebody closed it here. */
  promise: Promise<void> | undefined;
  /** Resolves the promise. */
  resolve: (() => void) | undefined;
  /** Cancels the deadline of the peer's answer. */
  cancel: (() => void) | undefined;
  /** Whether it was the service that closed. */
  byService = false;

  /** Notes what was sent or received. */
  constructor(code: number, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}
