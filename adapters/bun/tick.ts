/**
 * Messages that leave with others of the same tick.
 *
 * Bun joins what is sent to the socket whose event it is handling, and makes a system call for each message to any other: eight broadcasts to a
 * thousand sockets are 8,000. Here what goes to one socket in one tick leaves in one.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Has messages that wait for the end of the tick. */
export interface Waiting {
  /** Sends them. */
  flush(): void;
}

/** The tick of one server. */
export class Tick {
  #waiting: Waiting[] = [];
  readonly #end = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const socket of waiting) socket.flush();
  };

  /** Has `socket` flushed at the end. */
  add(socket: Waiting): void {
    if (this.#waiting.push(socket) === 1) setImmediate(this.#end);
  }
}
