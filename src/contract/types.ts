/**
 * The types that follow from a contract.
 *
 * @module
 */

import type { Caller, WriteOptions } from "../caller.ts";
import type { CloseFrame } from "../close_frame.ts";
import type { JsonValue, Reply } from "../service.ts";
import type { InputOf, OutputOf } from "../standard_schema.ts";
import type { ContractDefinition } from "./definition.ts";
import type { HandlerName } from "./names.ts";

/** Anything that has a definition: a contract. */
interface Defined<Definition extends ContractDefinition = ContractDefinition> {
  readonly definition: Definition;
}

/** The types of the messages of a contract. */
export type TypesOf<Of extends Defined> = keyof Of["definition"]["messages"] & string;

/** What the handler of a message gets: what its schema returns. */
export type MessageOf<Of extends Defined, Type extends TypesOf<Of>> = OutputOf<
  Of["definition"]["messages"][Type]["message"]
>;

/** What a caller sends: what the schema takes. */
export type MessageInputOf<Of extends Defined, Type extends TypesOf<Of>> = InputOf<
  Of["definition"]["messages"][Type]["message"]
>;

/** What the handler of a message gives: a reply, or an item of its stream. */
export type ReplyOf<Of extends Defined, Type extends TypesOf<Of>> = ReplyIn<Of["definition"]["messages"][Type]>;

/** What the caller gets of it. */
export type ReplyOutputOf<Of extends Defined, Type extends TypesOf<Of>> = ReplyOut<Of["definition"]["messages"][Type]>;

/** The types of the pushes of a contract. */
export type PushTypesOf<Of extends Defined> = keyof NonNullable<Of["definition"]["pushes"]> & string;

/** What a service pushes. */
export type PushOf<Of extends Defined, Type extends PushTypesOf<Of>> = InputOf<
  NonNullable<Of["definition"]["pushes"]>[Type]
>;

/** What the caller gets of it. */
export type PushOutputOf<Of extends Defined, Type extends PushTypesOf<Of>> = OutputOf<
  NonNullable<Of["definition"]["pushes"]>[Type]
>;

/** The caller of a service with a contract, which can also be sent pushes. */
export type CallerOf<Of extends Defined> = Caller & Pusher<Of["definition"]>;

/** What a handler gets besides the caller and the message. */
export interface RequestContext {
  /** The type of the message. */
  readonly type: string;
  /** The id that the caller gave, `undefined` for none. */
  readonly id: string | number | undefined;
  /**
   * Aborts when the caller cancels the request, and when the connection begins to close or is lost before it is answered. It is for the work on the
   * answer; what goes on after that takes `caller.signal`.
   */
  readonly signal: AbortSignal;
}

/** Sends what callers did not ask for. */
export interface Pusher<Definition extends ContractDefinition> {
  /**
   * Sends a push, as `writeTextMessage` sends a text.
   *
   * @returns A promise that resolves and rejects as that of `writeTextMessage` does; it rejects with a `PayloadValidationError`, and `onError` is
   *   called, if the payload does not fit its schema, while replies are validated
   * @throws {TypeError} If the contract has no such push, or the payload has no JSON form or a field with the name of `dispatcherStreamId`
   */
  send<Type extends keyof NonNullable<Definition["pushes"]> & string>(
    type: Type,
    payload: InputOf<NonNullable<Definition["pushes"]>[Type]>,
    options?: WriteOptions,
  ): Promise<void>;
}

type ReplyIn<Message> = Message extends { readonly reply: infer Schema } ? InputOf<Schema> : undefined;

type ReplyOut<Message> = Message extends { readonly reply: infer Schema } ? OutputOf<Schema> : undefined;

type NameIn<Message, Type extends string> = Message extends { readonly handler: infer Name extends string }
  ? Name
  : HandlerName<Type>;

type Item<Message> = Message extends { readonly reply: infer Schema } ? InputOf<Schema> : JsonValue;

type Answer<Message> = Message extends { readonly stream: true }
  ? AsyncIterable<Item<Message> | CloseFrame | Error> | CloseFrame | Error
  : Message extends { readonly reply: infer Schema }
    ? InputOf<Schema> | CloseFrame | Error
    : void | undefined | CloseFrame | Error;

type Types<Definition extends ContractDefinition> = keyof Definition["messages"] & string;

/** The handlers of the messages of a contract. */
export type MessageHandlersOf<Definition extends ContractDefinition> = {
  [Type in Types<Definition> as NameIn<Definition["messages"][Type], Type>]: (
    caller: Caller & Pusher<Definition>,
    message: OutputOf<Definition["messages"][Type]["message"]>,
    context: RequestContext,
  ) => Answer<Definition["messages"][Type]> | Promise<Answer<Definition["messages"][Type]>>;
};

/** The handlers of messages that do not fit, by the name of the handler and `Error`. */
export type ErrorHandlersOf<Definition extends ContractDefinition> = {
  [Type in Types<Definition> as `${NameIn<Definition["messages"][Type], Type>}Error`]?: (
    caller: Caller & Pusher<Definition>,
    error: Error,
  ) => Reply | Promise<Reply>;
};

/** The callbacks of `Service`, with a caller that can be sent pushes. */
export interface LifecycleOf<Definition extends ContractDefinition> {
  /** The connection is open. No other callback starts before this one has settled. */
  onOpen?(caller: Caller & Pusher<Definition>): Reply | Promise<Reply>;
  /** Text arrived that is no message of the contract, or one that has no handler. */
  onTextMessage?(caller: Caller & Pusher<Definition>, text: string): Reply | Promise<Reply>;
  /** A binary message arrived. Without this callback it is read as JSON. */
  onBinaryMessage?(caller: Caller & Pusher<Definition>, data: Uint8Array<ArrayBuffer>): Reply | Promise<Reply>;
  /** A message arrived that is none of the contract, or has no handler, and for which there is no more specific callback. */
  onMessage?(caller: Caller & Pusher<Definition>, data: unknown): Reply | Promise<Reply>;
  /** A ping arrived. The runtime has answered it; this only observes. */
  onPing?(caller: Caller & Pusher<Definition>, data: Uint8Array<ArrayBuffer>): Reply | Promise<Reply>;
  /** A pong arrived. */
  onPong?(caller: Caller & Pusher<Definition>, data: Uint8Array<ArrayBuffer>): Reply | Promise<Reply>;
  /** No frame went either way for `idleTimeout`. Without this callback the connection is closed with 1001. */
  onIdleTimeout?(caller: Caller & Pusher<Definition>): Reply | Promise<Reply>;
  /** The connection is down: 1005 for a close frame without a code, 1006 for a lost connection. */
  onClose?(caller: Caller & Pusher<Definition>, statusCode: number, reason: string): void | Promise<void>;
  /** A callback, a handler or a stream with an id failed, a frame was bad, a push does not fit, or a message does not and nobody else takes that. */
  onError?(caller: Caller & Pusher<Definition>, error: Error): Reply | Promise<Reply>;
}

/**
 * What `service` of a contract takes: a handler for each message, unless `onMessage` takes what has none. As a union it is nothing that a class can
 * implement (TS2422): leave `implements` out, and `service(new Market())` checks the class.
 */
// Where several members fit as well, the compiler tells what the last lacks, and orders intersections by their length: that one has three parts.
export type HandlersOf<Definition extends ContractDefinition> =
  | (Catching<Definition> & Partial<MessageHandlersOf<Definition> & ErrorHandlersOf<Definition>>)
  | (LifecycleOf<Definition> & ErrorHandlersOf<Definition> & MessageHandlersOf<Definition>);

interface Catching<Definition extends ContractDefinition> extends LifecycleOf<Definition> {
  onMessage(caller: Caller & Pusher<Definition>, data: unknown): Reply | Promise<Reply>;
}
