/**
 * Takes the messages of a connection by its contract.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import type { ContractService } from "../contract/contract_service.ts";
import { isRequestId, type RequestId } from "../contract/envelope.ts";
import { parseJson } from "../contract/json.ts";
import type { Intake } from "../intake.ts";
import { quote } from "../logger.ts";
import { isPromise } from "../reply.ts";
import type { ServiceRules } from "../service_config.ts";
import type { Connected } from "./connected.ts";
import { toBindingFailure } from "./failures.ts";
import { decode, type Fields, isFields, without } from "./fields.ts";
import { Handling, isHandler } from "./handling.ts";
import { OpenStreams } from "./open_streams.ts";
import { Replies } from "./replies.ts";
import { Request } from "./request.ts";

// A longer message is parsed once, in its turn.
const LONGEST_CANCEL = 1024;

/** Takes the messages of one connection, one at a time, to the handlers that the contract names. */
export class Dispatcher implements Intake {
  readonly #connected: Connected;
  readonly #caller: Caller;
  readonly #contract: ContractService;
  readonly #replies: Replies;
  readonly #handling: Handling;
  /** The streams that have an id: only they go on beside other messages. */
  readonly #open: OpenStreams = new OpenStreams();
  /** The request whose handler has yet to settle. */
  #current: Request | undefined;
  /** How many a `cancel` waits for each id: a request before one of them, which waits too, is not wanted any more. */
  #waived: Map<RequestId, number> | undefined;

  /** Makes it for one connection. */
  constructor(connected: Connected, caller: Caller, contract: ContractService, rules: ServiceRules) {
    this.#connected = connected;
    this.#caller = caller;
    this.#contract = contract;
    this.#replies = new Replies(connected.outbox, contract, rules.validation && contract.rules.validateReplies);
    this.#handling = new Handling(connected, caller, contract, this.#replies, this.#open, rules.validation);
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

  overtakes(text: string): boolean {
    const { reserved, dispatcherKey, dispatcherStreamId } = this.#contract.rules;
    if (text.length > LONGEST_CANCEL || !text.includes(reserved.cancel)) return false;
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      return false;
    }
    if (!isFields(message) || message[dispatcherKey] !== reserved.cancel) return false;
    const id = readId(message, dispatcherStreamId);
    if (id === null || id === undefined) return false;
    if (this.#cancel(id)) return true;
    // It keeps its own place, for behind that the id may be that of another request.
    this.#waived ??= new Map();
    this.#waived.set(id, (this.#waived.get(id) ?? 0) + 1);
    return false;
  }

  closing(): void {
    this.#current?.abort();
  }

  #take(fields: Fields, raw: string | Uint8Array<ArrayBuffer>): unknown {
    const { rules, handlers } = this.#contract;
    const type = fields[rules.dispatcherKey];
    const rule = typeof type === "string" ? rules.messages.get(type) : undefined;
    const handler = rule === undefined ? undefined : handlers[rule.handler];
    if (rule === undefined || !isHandler(handler)) return this.#refer(type, fields, raw);
    const id = readId(fields, rules.dispatcherStreamId);
    if (id === null) return this.#refuseId();
    if (id !== undefined && this.#open.get(id) !== undefined) return this.#refuseDuplicate(id);
    if (id !== undefined && this.#waived?.has(id)) return this.#replies.complete(id);
    const request = new Request(rule.type, id, this.#connected.outbox);
    const payload = without(fields, rules.dispatcherKey, rules.dispatcherStreamId);
    let result: unknown;
    this.#current = request;
    try {
      result = this.#handling.take(rule, handler, request, payload);
    } finally {
      this.#current = undefined;
    }
    return isPromise(result) ? this.#await(request, result) : result;
  }

  async #await(request: Request, result: PromiseLike<unknown>): Promise<unknown> {
    this.#current = request;
    try {
      return await result;
    } finally {
      this.#current = undefined;
    }
  }

  // What is no message of the contract, or has no handler.
  #refer(type: unknown, fields: Fields, raw: string | Uint8Array<ArrayBuffer>): unknown {
    const { reserved, dispatcherStreamId } = this.#contract.rules;
    const id = readId(fields, dispatcherStreamId);
    const isCancel = type === reserved.cancel && dispatcherStreamId !== undefined;
    if (!isCancel && this.#isWanted(raw)) return this.#leave(raw);
    if (id === null) return this.#refuseId();
    if (id === undefined) return undefined;
    if (isCancel) {
      this.#claim(id);
      return void this.#cancel(id);
    }
    if (this.#open.get(id) !== undefined) return this.#refuseDuplicate(id);
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

  // The turn of a cancel has come.
  #claim(id: RequestId): void {
    const count = this.#waived?.get(id) ?? 0;
    if (count > 1) this.#waived?.set(id, count - 1);
    else this.#waived?.delete(id);
  }

  /** Returns whether there was such a request. */
  #cancel(id: RequestId): boolean {
    const stream = this.#open.get(id);
    if (stream !== undefined) this.#connected.streams.stop(stream);
    else if (this.#current?.id !== id || !this.#current.cancel()) return false;
    this.#replies.complete(id);
    return true;
  }
}

/** Gives the id of a message, `undefined` for none and `null` for what can be none. */
function readId(fields: Fields, name: string | undefined): RequestId | undefined | null {
  if (name === undefined) return undefined;
  const id = fields[name];
  if (id === undefined || isRequestId(id)) return id;
  // It may be named like a member of every object.
  return Object.hasOwn(fields, name) ? null : undefined;
}
