/**
 * From the payload of a message to the answer: schema, handler, reply.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import type { ContractService, Handlers } from "../contract/contract_service.ts";
import type { MessageRule } from "../contract/rules.ts";
import { isA, isError, type PayloadValidationError } from "../errors.ts";
import { Failure } from "../failure.ts";
import { isPromise, isStream } from "../reply.ts";
import type { SchemaResult } from "../standard_schema.ts";
import type { Connected } from "./connected.ts";
import { toMisfitFailure } from "./failures.ts";
import type { Fields } from "./fields.ts";
import type { OpenStreams } from "./open_streams.ts";
import type { Replies } from "./replies.ts";
import type { Request } from "./request.ts";
import { RequestStream } from "./request_stream.ts";
import { ask, toMisfit, toMisfitOf } from "./validate.ts";

/** The handler of a message. */
export type Handler = (this: Handlers, caller: Caller, message: unknown, request: Request) => unknown;
/** The handler of messages that do not fit. */
type ErrorHandler = (this: Handlers, caller: Caller, error: Error) => unknown;

/** Handles the messages of one connection. What it returns is taken like the result of a callback. */
export class Handling {
  readonly #connected: Connected;
  readonly #caller: Caller;
  readonly #contract: ContractService;
  readonly #replies: Replies;
  readonly #open: OpenStreams;
  readonly #validates: boolean;

  /** Makes it for one connection. */
  constructor(
    connected: Connected,
    caller: Caller,
    contract: ContractService,
    replies: Replies,
    open: OpenStreams,
    validates: boolean,
  ) {
    this.#connected = connected;
    this.#caller = caller;
    this.#contract = contract;
    this.#replies = replies;
    this.#open = open;
    this.#validates = validates;
  }

  /** Takes one message. */
  take(rule: MessageRule, handler: Handler, request: Request, payload: Fields): unknown {
    if (!this.#validates) return this.#handle(rule, handler, request, payload);
    let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
    try {
      result = ask(rule.message, payload);
    } catch (thrown) {
      return this.#schemaFailed(rule, request, thrown);
    }
    return isPromise(result)
      ? this.#takeLater(rule, handler, request, result)
      : this.#takeChecked(rule, handler, request, result);
  }

  async #takeLater(
    rule: MessageRule,
    handler: Handler,
    request: Request,
    promise: PromiseLike<SchemaResult<unknown>>,
  ): Promise<unknown> {
    let result: SchemaResult<unknown>;
    try {
      result = await promise;
    } catch (thrown) {
      return await this.#schemaFailed(rule, request, thrown);
    }
    return request.isCancelled ? undefined : await this.#takeChecked(rule, handler, request, result);
  }

  #takeChecked(rule: MessageRule, handler: Handler, request: Request, result: SchemaResult<unknown>): unknown {
    let error: PayloadValidationError;
    try {
      if (result.issues === undefined) return this.#handle(rule, handler, request, result.value);
      error = toMisfit(toName(rule), result.issues);
    } catch (fault) {
      // What the schema gave is no result of Standard Schema; a failure of the handler has been answered.
      return this.#failed(request, fault);
    }
    return this.#misfit(rule, request, error);
  }

  #handle(rule: MessageRule, handler: Handler, request: Request, message: unknown): unknown {
    try {
      return this.#answer(rule, request, handler.call(this.#contract.handlers, this.#caller, message, request));
    } catch (thrown) {
      return this.#failed(request, thrown);
    }
  }

  #answer(rule: MessageRule, request: Request, result: unknown): unknown {
    if (result === undefined) return this.#replies.complete(request.id);
    if (typeof result === "object" && result !== null) {
      if (isPromise(result)) return this.#answerLater(rule, request, result);
      if (isError(result)) return this.#failed(request, result);
      if (isStream(result)) return this.#stream(rule, request, result);
    }
    const checking = this.#replies.check(rule, result);
    return checking === undefined
      ? this.#send(rule, request, result)
      : this.#sendLater(rule, request, result, checking);
  }

  async #answerLater(rule: MessageRule, request: Request, promise: PromiseLike<unknown>): Promise<unknown> {
    try {
      const result = await promise;
      return request.isCancelled ? this.#drop(result) : await this.#answer(rule, request, result);
    } catch (thrown) {
      return this.#failed(request, thrown);
    }
  }

  #send(rule: MessageRule, request: Request, result: unknown): void {
    this.#replies.send(rule, request.id, result);
    if (rule.isStream) this.#replies.complete(request.id);
  }

  async #sendLater(rule: MessageRule, request: Request, result: unknown, checking: Promise<void>): Promise<void> {
    try {
      await checking;
      if (!request.isCancelled) this.#send(rule, request, result);
    } catch (thrown) {
      this.#failed(request, thrown);
    }
  }

  #stream(rule: MessageRule, request: Request, stream: AsyncIterable<unknown>): void {
    if (!rule.isStream) {
      this.#connected.streams.discard(stream);
      throw new TypeError(`${rule.handler} returned a stream: its message needs stream: true`);
    }
    const sink = new RequestStream(this.#connected, this.#replies, rule, request, this.#open);
    this.#connected.streams.run(stream, sink);
  }

  // What came too late.
  #drop(result: unknown): void {
    if (isStream(result)) this.#connected.streams.discard(result);
  }

  // C5: with an id the caller is told, and the connection stays open.
  #failed(request: Request, thrown: unknown): void {
    const { id } = request;
    if (request.isCancelled) {
      this.#connected.outbox.host.logger.debug("A request failed after it was cancelled", thrown);
      return;
    }
    if (id === undefined || isA(thrown, Failure)) throw thrown;
    const fault = this.#replies.fail(id, thrown);
    if (fault !== undefined) throw new Failure(fault, "A handler failed; its caller was told so");
  }

  #schemaFailed(rule: MessageRule, request: Request, thrown: unknown): unknown {
    if (request.isCancelled) return undefined;
    let error: PayloadValidationError;
    try {
      error = toMisfitOf(toName(rule), thrown);
    } catch (fault) {
      return this.#failed(request, fault);
    }
    return this.#misfit(rule, request, error);
  }

  #misfit(rule: MessageRule, request: Request, error: PayloadValidationError): unknown {
    const { handlers } = this.#contract;
    const handler = handlers[rule.errorHandler];
    if (!isErrorHandler(handler)) {
      if (request.id === undefined) throw toMisfitFailure(error);
      this.#replies.refuse(request.id, error.code, error.message, error.issues);
      throw new Failure(error);
    }
    try {
      return this.#answerMisfit(rule, request, error, handler.call(handlers, this.#caller, error));
    } catch (thrown) {
      return this.#failed(request, thrown);
    }
  }

  // What it returns may be of another form than replies to the message, so it is not checked.
  #answerMisfit(rule: MessageRule, request: Request, error: PayloadValidationError, result: unknown): unknown {
    const { id } = request;
    if (id === undefined) return result;
    if (result === undefined) return this.#replies.refuse(id, error.code, error.message, error.issues);
    if (typeof result === "object" && result !== null) {
      if (isPromise(result)) return this.#answerMisfitLater(rule, request, error, result);
      if (isError(result)) return this.#failed(request, result);
      if (isStream(result)) return this.#stream(rule, request, result);
    }
    return this.#send(rule, request, result);
  }

  async #answerMisfitLater(
    rule: MessageRule,
    request: Request,
    error: PayloadValidationError,
    promise: PromiseLike<unknown>,
  ): Promise<unknown> {
    try {
      const result = await promise;
      return request.isCancelled ? this.#drop(result) : await this.#answerMisfit(rule, request, error, result);
    } catch (thrown) {
      return this.#failed(request, thrown);
    }
  }
}

/** Tells whether a member of the handlers can handle messages. */
export function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}

function isErrorHandler(value: unknown): value is ErrorHandler {
  return typeof value === "function";
}

function toName({ type }: MessageRule): string {
  return `Message ${JSON.stringify(type)}`;
}
