/**
 * What users write to define a contract: plain data and schemas.
 *
 * @module
 */

import type { StandardSchema } from "../standard_schema.ts";

/** One type of message that a caller may send. */
export interface MessageDefinition {
  /** The payload: the message without the fields of type and id. The handler gets what the schema returns. */
  readonly message: StandardSchema;
  /** A reply, or each item of a stream. @default the handler returns nothing; the items of a stream are any JSON */
  readonly reply?: StandardSchema;
  /** Whether the handler returns a stream of replies. @default false */
  readonly stream?: boolean;
  /** The name of the handler, where the one that is derived from the type will not do. @default `on` and the words of the type */
  readonly handler?: `on${string}`;
}

/** Types of messages that have a meaning of their own. */
export interface ReservedTypes {
  /** Ends a stream, and answers a request whose handler returned nothing. @default "complete" */
  readonly complete?: string;
  /** Answers a request that failed. @default "error" */
  readonly error?: string;
  /** Is sent by a caller that wants no more of a stream. @default "cancel" */
  readonly cancel?: string;
}

/** What `contract` takes. */
export interface ContractDefinition {
  /** The field that names the type of a message. */
  readonly dispatcherKey: string;
  /** The field that correlates a reply with its request. @default none: replies are not correlated, and the typed client can only send and get pushes */
  readonly dispatcherStreamId?: string;
  /** What callers send, by type; none where the service only pushes. */
  readonly messages: Readonly<Record<string, MessageDefinition>>;
  /** What the service sends unasked, by type. @default none */
  readonly pushes?: Readonly<Record<string, StandardSchema>>;
  /** Other names for the reserved types. @default complete, error and cancel */
  readonly reserved?: ReservedTypes;
  /** Whether replies and pushes are checked against their schemas before they are sent. @default unless `NODE_ENV` is "production" */
  readonly validateReplies?: boolean;
}
