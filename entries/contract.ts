/**
 * Contracts: types of messages, their schemas and replies, from which follow dispatch, validation, a typed client and AsyncAPI. For servers and browsers.
 *
 * @example
 * ```ts
 * import { contract } from "@switchboard/websocket/contract";
 * import * as v from "valibot";
 *
 * export const chat = contract({
 *   dispatcherKey: "event",
 *   dispatcherStreamId: "id",
 *   messages: { say: { message: v.object({ text: v.string() }) } },
 *   pushes: { said: v.object({ text: v.string() }) },
 * });
 * ```
 *
 * @module
 */

export type { RequestOptions, StreamOptions, TypedMethods } from "../src/contract/client/typed_methods.ts";
export { type Contract, contract } from "../src/contract/contract.ts";
export type { ContractDefinition, MessageDefinition, ReservedTypes } from "../src/contract/definition.ts";
export type { HandlerName } from "../src/contract/names.ts";
export type {
  CallerOf,
  ErrorHandlersOf,
  HandlersOf,
  LifecycleOf,
  MessageHandlersOf,
  MessageInputOf,
  MessageOf,
  Pusher,
  PushOf,
  PushOutputOf,
  PushTypesOf,
  ReplyOf,
  ReplyOutputOf,
  RequestContext,
  TypesOf,
} from "../src/contract/types.ts";
export {
  ConnectionClosureError,
  ConnectionError,
  PayloadBindingError,
  PayloadValidationError,
  ReadTimedOutError,
  RequestError,
  WebSocketError,
} from "../src/errors.ts";
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from "../src/standard_schema.ts";
