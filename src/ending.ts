/**
 * How a connection ends.
 *
 * @module
 */

import { ConnectionClosureError, ConnectionError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { RuntimeSocket } from "./socket.ts";

/** The end of a connection: the code that was sent or received, and who waits for it. */
export class Ending {
  /** The code. */
  code: number;
  /** The reason. */
  reason: string;
  /** Whether it was the service that closed. */
  byService = false;
  /** Resolves when the connection is down, if somebody closed it here. */
  promise: Promise<void> | undefined;
  /** Cancels the deadline of the peer's answer. */
  cancel: (() => void) | undefined;
  #resolve: (() => void) | undefined;
  // Whether it is our frame that goes on the wire; else the peer's came first, and its code counts.
  #isSent = false;

  /** Notes what is to be sent, or was received. */
  constructor(code: number, reason: string) {
    this.code = code;
    this.reason = reason;
  }

  /** Makes the promise for whoever closes. */
  begin(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.promise = promise;
    this.#resolve = resolve;
    return promise;
  }

  /** Sends our close frame. */
  send(socket: RuntimeSocket, logger: Logger): void {
    // Noted first, for Bun reports the close inside `close()`.
    this.#isSent = socket.readyState === 1;
    try {
      socket.close(this.code, this.reason);
    } catch (error) {
      // The Web's own client may send 1000 and 3000-4999 only and throws on the rest; then it closes without a code.
      logger.debug(`The socket cannot send the close code ${this.code}`, error);
      socket.close();
    }
  }

  /** Notes with which code and reason the socket went down; our own count if we closed. */
  note(code: number, reason: string): void {
    if (this.#isSent) return;
    this.code = code;
    this.reason = reason;
  }

  /** Tells whoever closed that the connection is down. */
  settle(): void {
    this.cancel?.();
    this.#resolve?.();
  }

  /** The error for a write that comes too late; `isClosing` says that the peer has yet to answer. */
  refusal(isClosing: boolean): ConnectionError {
    if (isClosing) return new ConnectionClosureError(`Cannot send: the connection is closing with code ${this.code}`);
    if (this.code === 1006) return new ConnectionError("Cannot send: the connection is lost");
    return new ConnectionClosureError(`Cannot send: the connection was closed with code ${this.code}`);
  }
}
