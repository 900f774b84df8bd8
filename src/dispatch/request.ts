/**
 * One message on its way: what its handler gets besides the caller and the payload.
 *
 * @module
 */

import type { RequestId } from "../contract/envelope.ts";
import type { MessageRule } from "../contract/rules.ts";
import type { RequestContext } from "../contract/types.ts";
import { CLOSING, type Outbox } from "../outbox.ts";

/** A message that has been dispatched. */
export class Request implements RequestContext {
  /** The type of the message. */
  readonly type: string;
  /** The id that the caller gave, `undefined` for none. */
  readonly id: RequestId | undefined;
  readonly #outbox: Outbox;
  readonly #isStream: boolean;
  #isOver = false;
  #aborter: AbortController | undefined;

  /** Made by the dispatcher. */
  constructor(rule: MessageRule, id: RequestId | undefined, outbox: Outbox) {
    this.type = rule.type;
    this.id = id;
    this.#outbox = outbox;
    this.#isStream = rule.isStream;
  }

  /** Aborts when the caller cancels the request, and when the connection begins to close or is lost. */
  get signal(): AbortSignal {
    if (!this.#isStream) return this.#outbox.signal;
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#isOver || this.#outbox.state >= CLOSING) this.abort();
    }
    return this.#aborter.signal;
  }

  /** Nobody wants the answer any more. */
  abort(): void {
    this.#isOver = true;
    this.#aborter?.abort(this.#outbox.state >= CLOSING ? this.#outbox.refusal() : undefined);
  }
}
