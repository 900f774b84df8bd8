/**
 * Where the items of a stream go that a callback returned: out as they are.
 *
 * @module
 */

import { INTERNAL_SERVER_ERROR } from "./close_frame.ts";
import { toError } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import { sendReply } from "./reply.ts";
import type { Sink } from "./stream.ts";

const FAILED = "streaming failed";

/** A stream that belongs to no request. */
export class ReplyStream implements Sink {
  readonly #outbox: Outbox;

  /** Makes it for one stream of a connection. */
  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  item(value: unknown): void {
    sendReply(this.#outbox, value);
  }

  ended(): void {}

  failed(error: unknown): void {
    this.#outbox.host.logger.error("A stream failed; the connection is closed with 1011", toError(error));
    void this.#outbox.close(INTERNAL_SERVER_ERROR.statusCode, FAILED);
  }

  refused(): void {
    void this.#outbox.close(1013, "Too many streams");
  }

  stopped(): void {}
}
