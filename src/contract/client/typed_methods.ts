/**
 * What a contract adds to a client.
 *
 * @module
 */

import type { JsonValue } from "../../service.ts";
import type { InputOf, OutputOf } from "../../standard_schema.ts";
import type { ContractDefinition, MessageDefinition } from "../definition.ts";

/** How long an answer may take, and what else ends the wait. */
export interface RequestOptions {
  /** Seconds until a request is given up with a `ReadTimedOutError`; for a stream, until each next item. @default none */
  readonly timeout?: number | undefined;
  /** Ends the wait when it aborts. As after a timeout the service is told to stop. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** The options of `stream`. */
export interface StreamOptions extends RequestOptions {
  /** Ask again after a reconnection, instead of ending with a `ConnectionError`. @default false */
  readonly resubscribe?: boolean | undefined;
}

type Messages<Definition extends ContractDefinition> = Definition["messages"];
type Pushes<Definition extends ContractDefinition> = NonNullable<Definition["pushes"]>;
type Types<Definition extends ContractDefinition> = keyof Messages<Definition> & string;
type StreamTypes<Definition extends ContractDefinition> = {
  [Type in Types<Definition>]: Messages<Definition>[Type] extends { readonly stream: true } ? Type : never;
}[Types<Definition>];
type ReplyIn<Message extends MessageDefinition> = Message extends { readonly reply: infer Schema }
  ? OutputOf<Schema>
  : Message extends { readonly stream: true }
    ? JsonValue
    : undefined;

/** The methods of a client that has a contract. */
export interface TypedMethods<Definition extends ContractDefinition> {
  /**
   * Sends a message and gives its reply; `undefined` for a message whose handler returns nothing.
   *
   * @returns A promise that settles once. It rejects with a `RequestError` when the service answers with an error, a `ReadTimedOutError` after
   *   `timeout`, the reason of `signal` when that aborts, a `PayloadValidationError` when the reply does not fit its schema, and a
   *   `ConnectionError` when the connection is lost
   * @throws {TypeError} If the contract has no such message, it is a stream, an option is unknown, or the message cannot be sent
   * @throws {RangeError} If `timeout` is out of range
   */
  request<Type extends Exclude<Types<Definition>, StreamTypes<Definition>>>(
    type: Type,
    message: InputOf<Messages<Definition>[Type]["message"]>,
    options?: RequestOptions,
  ): Promise<ReplyIn<Messages<Definition>[Type]>>;
  /**
   * Sends a message and gives the items of its stream; leaving the loop tells the service that no more are wanted. Nothing is sent until the first
   * item is asked for. Throws what `request` rejects with, after the items that came before, but the reason of `signal` at once; and a
   * `ConnectionError` of code "queue_full" if 1,024 items or 1 MiB wait to be taken.
   */
  stream<Type extends StreamTypes<Definition>>(
    type: Type,
    message: InputOf<Messages<Definition>[Type]["message"]>,
    options?: StreamOptions,
  ): AsyncIterableIterator<ReplyIn<Messages<Definition>[Type]>, undefined>;
  /** Gives the pushes of a type from now on, to each who asks; ends when the client does. If too many wait to be taken, the oldest are dropped. */
  pushes<Type extends keyof Pushes<Definition> & string>(
    type: Type,
  ): AsyncIterableIterator<OutputOf<Pushes<Definition>[Type]>, undefined>;
  /** Sends a message without an id: nothing comes back that belongs to it. Settles as `writeTextMessage` does. */
  send<Type extends Types<Definition>>(
    type: Type,
    message: InputOf<Messages<Definition>[Type]["message"]>,
  ): Promise<void>;
  /** How many messages came that nobody waited for. */
  readonly droppedMessages: number;
}
