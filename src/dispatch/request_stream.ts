/**
 * Where the items of a stream go that answers a message.
 *
 * @module
 */

import type { MessageRule } from "../contract/rules.ts";
import { Failure } from "../failure.ts";
import { ReplyStream } from "../reply_stream.ts";
import type { Sink } from "../stream.ts";
import type { Connected } from "./connected.ts";
import type { OpenStreams } from "./open_streams.ts";
import type { Replies } from "./replies.ts";
import type { Request } from "./request.ts";

/** A stream that answers a message: as items of its type, and if it has an id with one last frame. */
export class RequestStream implements Sink {
  readonly #connected: Connected;
  readonly #replies: Replies;
  readonly #rule: MessageRule;
  readonly #request: Request;
  readonly #open: OpenStreams;

  /** Makes it for one message, and takes its id. */
  constructor(connected: Connected, replies: Replies, rule: MessageRule, request: Request, open: OpenStreams) {
    this.#connected = connected;
    this.#replies = replies;
    this.#rule = rule;
    this.#request = request;
    this.#open = open;
    if (request.id !== undefined) open.set(request.id, this);
  }

  item(value: unknown): Promise<void> | undefined {
    if (value === undefined) return undefined;
    const checking = this.#replies.check(this.#rule, value);
    if (checking !== undefined) return this.#sendLater(value, checking);
    this.#replies.send(this.#rule, this.#request.id, value);
    return undefined;
  }

  ended(): void {
    this.#leave();
    this.#replies.complete(this.#request.id);
  }

  failed(thrown: unknown): void {
    const { id } = this.#request;
    if (id === undefined) return new ReplyStream(this.#connected.outbox).failed(thrown);
    this.#leave();
    const fault = this.#replies.fail(id, thrown);
    if (fault !== undefined) this.#connected.report(new Failure(fault, "A stream failed; its caller was told so"));
  }

  refused(): void {
    const { id } = this.#request;
    if (id === undefined) return new ReplyStream(this.#connected.outbox).refused();
    this.#leave();
    this.#replies.refuse(id, "too_many_streams", "There are too many streams on this connection");
  }

  stopped(): void {
    this.#leave();
    this.#request.cancel();
  }

  async #sendLater(value: unknown, checking: Promise<void>): Promise<void> {
    await checking;
    if (!this.#request.isCancelled) this.#replies.send(this.#rule, this.#request.id, value);
  }

  #leave(): void {
    if (this.#request.id !== undefined) this.#open.delete(this.#request.id);
  }
}
