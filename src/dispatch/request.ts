/**
 * One message on its way: what its handler gets besides the caller and the payload.
 *
 * @module
 */

import type { RequestId } from "../contract/envelope.ts";
import type { RequestContext } from "../contract/types.ts";
import { CLOSING, type Outbox } from "../outbox.ts";

/** A message that has been dispatched. */
export class Request implements RequestContext {
  /** The type of the message. */
  readonly type: string;
  /** The id that the caller gave, `undefined` for none. */
  readonly id: RequestId | undefined;
  readonly #outbox: Outbox;
  #isCancelled = false;
  #aborter: AbortController | undefined;

  /** Made by the dispatcher. */
  constructor(type: string, id: RequestId | undefined, outbox: Outbox) {
    this.type = type;
    this.id = id;
    this.#outbox = outbox;
  }

  /** Aborts when the caller cancels the request, and when the connection begins to close or is lost before it is answered. */
  get signal(): AbortSignal {
    // Nobody can name it, so nobody can cancel it.
    if (this.id === undefined) return this.#outbox.signal;
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#isCancelled || this.#outbox.state >= CLOSING) this.abort();
    }
    return this.#aborter.signal;
  }

  /** Whether the caller wants no answer any more, and has been told that there is none. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Notes that the caller wants no answer; returns whether that is news. */
  cancel(): boolean {
    if (this.#isCancelled) return false;
    this.#isCancelled = true;
    this.abort();
    return true;
  }

  /** Aborts the signal. */
  abort(): void {
    this.#aborter?.abort(this.#outbox.state >= CLOSING ? this.#outbox.refusal() : undefined);
  }
}
