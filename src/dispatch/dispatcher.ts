/**
 * Takes the messages of a connection by its contract.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import type { ContractService, Handlers } from "../contract/contract_service.ts";
import { isRequestId, type RequestId } from "../contract/envelope.ts";
import type { MessageRule } from "../contract/rules.ts";
import { type PayloadValidationError, RequestError, toError } from "../errors.ts";
import { Failure } from "../failure.ts";
import type { Intake } from "../intake.ts";
import { quote } from "../logger.ts";
import { isPromise, isStream } from "../reply.ts";
import type { ServiceRules } from "../service_config.ts";
import type { SchemaResult } from "../standard_schema.ts";
import type { Connected } from "./connected.ts";
import { toBindingFailure, toMisfitFailure } from "./failures.ts";
import { decode, type Fields, isFields, parseJson, without } from "./json.ts";
import { Replies } from "./replies.ts";
import { Request } from "./request.ts";
import { type OpenRequests, RequestStream } from "./request_stream.ts";
import { ask, toMisfit, toMisfitOf } from "./validate.ts";

type Handler = (this: Handlers, caller: Caller, message: unknown, request: Request) => unknown;
type ErrorHandler = (this: Handlers, caller: Caller, error: Error) => unknown;

/** Dispatches the messages of one connection, one at a time: which those are that may run, the contract says. */
export class Dispatcher implements Intake {
  readonly #connected: Connected;
  readonly #caller: Caller;
  readonly #contract: ContractService;
  readonly #validates: boolean;
  readonly #replies: Replies;
  // Of one that is under way, the next is not dispatched; only streams go on beside it.
  #last: Request | undefined;
  #open: OpenRequests | undefined;

  /** Makes it for one connection. */
  constructor(connected: Connected, caller: Caller, contract: ContractService, rules: ServiceRules) {
    this.#connected = connected;
    this.#caller = caller;
    this.#contract = contract;
    this.#validates = rules.validation;
    this.#replies = new Replies(connected.outbox, contract, rules.validation && contract.rules.validateReplies);
  }

  text(text: string): unknown {
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      return this.#leave(text);
    }
    return isFields(message) ? this.#take(message, text) : this.#leave(text);
  }

  binary(data: Uint8Array<ArrayBuffer>): unknown {
    const { handlers } = this.#contract;
    if (handlers.onBinaryMessage !== undefined) return handlers.onBinaryMessage(this.#caller, data);
    let message: unknown;
    try {
      message = parseJson(decode(data));
    } catch (cause) {
      if (handlers.onMessage !== undefined) return this.#leave(data);
      throw toBindingFailure(cause);
    }
    return isFields(message) ? this.#take(message, data) : this.#leave(data);
  }

  closing(): void {
    this.#last?.abort();
  }

  #take(fields: Fields, raw: string | Uint8Array<ArrayBuffer>): unknown {
    const { rules, handlers } = this.#contract;
    const type = fields[rules.dispatcherKey];
    const rule = typeof type === "string" ? rules.messages.get(type) : undefined;
    const handler = rule === undefined ? undefined : handlers[rule.handler];
    if (rule === undefined || !isHandler(handler)) return this.#refer(type, fields, raw);
    const id = readId(fields, rules.dispatcherStreamId);
    if (id === null) return this.#refuseId();
    if (id !== undefined && this.#open?.has(id)) return this.#refuseDuplicate(id);
    return this.#dispatch(rule, handler, id, without(fields, rules.dispatcherKey, rules.dispatcherStreamId));
  }

  // What is no message of the contract, or has no handler.
  #refer(type: unknown, fields: Fields, raw: string | Uint8Array<ArrayBuffer>): unknown {
    const { reserved, dispatcherStreamId } = this.#contract.rules;
    const id = readId(fields, dispatcherStreamId);
    if (type === reserved.cancel && dispatcherStreamId !== undefined) return this.#cancel(id);
    if (this.#isWanted(raw)) return this.#leave(raw);
    if (id === null) return this.#refuseId();
    if (id === undefined) return undefined;
    if (this.#open?.has(id)) return this.#refuseDuplicate(id);
    const message = typeof type === "string" ? `There is no message type ${quote(type)}` : "The message has no type";
    return this.#replies.refuse(id, "unknown_type", message);
  }

  #isWanted(raw: string | Uint8Array<ArrayBuffer>): boolean {
    const { onMessage, onTextMessage } = this.#contract.handlers;
    return onMessage !== undefined || (typeof raw === "string" && onTextMessage !== undefined);
  }

  #leave(raw: string | Uint8Array<ArrayBuffer>): unknown {
    const { handlers } = this.#contract;
    if (typeof raw === "string" && handlers.onTextMessage !== undefined) {
      return handlers.onTextMessage(this.#caller, raw);
    }
    return handlers.onMessage?.(this.#caller, raw);
  }

  #refuseId(): void {
    const name = JSON.stringify(this.#contract.rules.dispatcherStreamId);
    this.#replies.refuse(undefined, "invalid_id", `Field ${name} must be a string or a safe integer`);
  }

  #refuseDuplicate(id: RequestId): void {
    this.#replies.refuse(id, "duplicate_id", "A request with this id is still answered");
  }

  #cancel(id: RequestId | undefined | null): void {
    if (id === null) return this.#refuseId();
    const stream = id === undefined ? undefined : this.#open?.get(id);
    if (stream === undefined) return;
    this.#connected.streams.stop(stream);
    this.#replies.complete(id);
  }

  #dispatch(rule: MessageRule, handler: Handler, id: RequestId | undefined, payload: Fields): unknown {
    const request = new Request(rule, id, this.#connected.outbox);
    this.#last = request;
    if (!this.#validates) return this.#handle(rule, handler, request, payload);
    let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
    try {
      result = ask(rule.message, payload);
    } catch (thrown) {
      return this.#schemaFailed(rule, request, thrown);
    }
    return isPromise(result)
      ? this.#handleLater(rule, handler, request, result)
      : this.#handleChecked(rule, handler, request, result);
  }

  #handleChecked(rule: MessageRule, handler: Handler, request: Request, result: SchemaResult<unknown>): unknown {
    if (result.issues === undefined) return this.#handle(rule, handler, request, result.value);
    return this.#misfit(rule, request, toMisfit(toName(rule), result.issues));
  }

  async #handleLater(
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
    return await this.#handleChecked(rule, handler, request, result);
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
      if (result instanceof Error) return this.#failed(request, result);
      if (isStream(result)) return this.#stream(rule, request, result);
    }
    const checking = this.#replies.reply(rule, request.id, result);
    if (checking !== undefined) return this.#replyLater(rule, request, checking);
    if (rule.isStream) this.#replies.complete(request.id);
    return undefined;
  }

  async #answerLater(rule: MessageRule, request: Request, promise: PromiseLike<unknown>): Promise<unknown> {
    try {
      return await this.#answer(rule, request, await promise);
    } catch (thrown) {
      return this.#failed(request, thrown);
    }
  }

  async #replyLater(rule: MessageRule, request: Request, checking: Promise<void>): Promise<void> {
    try {
      await checking;
      if (rule.isStream) this.#replies.complete(request.id);
    } catch (thrown) {
      this.#failed(request, thrown);
    }
  }

  #stream(rule: MessageRule, request: Request, stream: AsyncIterable<unknown>): void {
    if (!rule.isStream) throw new TypeError(`${rule.handler} returned a stream: its message needs stream: true`);
    this.#open ??= new Map();
    const sink = new RequestStream(this.#connected, this.#replies, rule, request, this.#open);
    this.#connected.streams.run(stream, sink);
  }

  // C5, with an id: the caller is told, and the connection stays open.
  #failed(request: Request, thrown: unknown): void {
    const { id } = request;
    if (id === undefined || thrown instanceof Failure) throw thrown;
    if (thrown instanceof RequestError) return this.#replies.refuseWith(id, thrown);
    this.#replies.refuse(id, "internal", "Internal error");
    throw new Failure(toError(thrown), "A handler failed; its caller was told so");
  }

  #schemaFailed(rule: MessageRule, request: Request, thrown: unknown): unknown {
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

  // Of the error's handler, whose reply may be another than that of the message.
  #answerMisfit(rule: MessageRule, request: Request, error: PayloadValidationError, result: unknown): unknown {
    const { id } = request;
    if (id === undefined) return result;
    if (result === undefined) return this.#replies.refuse(id, error.code, error.message, error.issues);
    if (typeof result === "object" && result !== null) {
      if (isPromise(result)) return this.#answerMisfitLater(rule, request, error, result);
      if (result instanceof Error) return this.#failed(request, result);
      if (isStream(result)) return this.#stream(rule, request, result);
    }
    this.#replies.send(rule, id, result);
    if (rule.isStream) this.#replies.complete(id);
    return undefined;
  }

  async #answerMisfitLater(
    rule: MessageRule,
    request: Request,
    error: PayloadValidationError,
    promise: PromiseLike<unknown>,
  ): Promise<unknown> {
    try {
      return await this.#answerMisfit(rule, request, error, await promise);
    } catch (thrown) {
      return this.#failed(request, thrown);
    }
  }
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}

function isErrorHandler(value: unknown): value is ErrorHandler {
  return typeof value === "function";
}

function toName({ type }: MessageRule): string {
  return `Message ${JSON.stringify(type)}`;
}

/** Gives the id of a message, `undefined` for none and `null` for what can be none. */
function readId(fields: Fields, name: string | undefined): RequestId | undefined | null {
  if (name === undefined) return undefined;
  const id = fields[name];
  if (id === undefined || isRequestId(id)) return id;
  // It may be named like a member of every object.
  return Object.hasOwn(fields, name) ? null : undefined;
}
