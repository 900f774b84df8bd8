/**
 * What users write: the callbacks of one connection.
 *
 * @module
 */

import type { Caller } from "./caller.ts";
import type { CloseFrame } from "./close_frame.ts";

/**
 * What goes out as JSON text: plain values, lists, and objects of any type, interfaces too.
 *
 * What has no JSON form worth sending does not compile: functions, maps, sets, promises, generators that are not async.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }
  | JsonObject;

/** An object that is neither a function, an iterable nor one of the built-in classes that JSON knows nothing of. */
export type JsonObject = object & {
  readonly [Symbol.iterator]?: never;
  readonly [Symbol.hasInstance]?: never;
  readonly [Symbol.toStringTag]?: never;
};

/**
 * What a callback may return (rule R6).
 *
 * | value | what happens |
 * |---|---|
 * | nothing | nothing is sent |
 * | `string` | one text message |
 * | `Uint8Array`, `ArrayBuffer` | one binary message; the bytes are handed over, do not change them afterwards |
 * | {@link CloseFrame} | the connection is closed |
 * | async iterable | each item is sent as it comes, while later messages are handled |
 * | `Error` | goes to `onError` |
 * | anything else, arrays too | JSON text |
 */
export type Reply =
  | void
  | undefined
  | string
  | Uint8Array
  | ArrayBuffer
  | CloseFrame
  | JsonValue
  | AsyncIterable<Reply>
  | Error;

/**
 * The callbacks of one connection, all optional: a class instance or a plain object.
 *
 * One callback of a connection runs at a time, in the order of arrival; `onOpen` is the first, `onClose` the last, each exactly once.
 *
 * @example
 * ```ts
 * import { Listener, type Service } from "@switchboard/websocket";
 *
 * const echo: Service = { onTextMessage: (_caller, text) => text };
 *
 * const listener = new Listener(0);
 * listener.attach("/echo", () => echo);
 * await listener.start();
 * await listener.gracefulStop();
 * ```
 */
export interface Service {
  /** The connection is open. No other callback starts before this one has settled. */
  onOpen?(caller: Caller): Reply | Promise<Reply>;
  /** A text message arrived, whole. */
  onTextMessage?(caller: Caller, text: string): Reply | Promise<Reply>;
  /** A binary message arrived, whole. */
  onBinaryMessage?(caller: Caller, data: Uint8Array<ArrayBuffer>): Reply | Promise<Reply>;
  /**
   * A message arrived for which there is no more specific callback: `string` or `Uint8Array`, or with option `message` what that schema made of
   * the JSON in it.
   */
  onMessage?(caller: Caller, data: unknown): Reply | Promise<Reply>;
  /** A ping arrived. The runtime has answered it; this only observes. */
  onPing?(caller: Caller, data: Uint8Array<ArrayBuffer>): Reply | Promise<Reply>;
  /** A pong arrived. */
  onPong?(caller: Caller, data: Uint8Array<ArrayBuffer>): Reply | Promise<Reply>;
  /** No frame went either way for `idleTimeout`. Without this callback the connection is closed with 1001. */
  onIdleTimeout?(caller: Caller): Reply | Promise<Reply>;
  /** The connection is down: 1005 for a close frame without a code, 1006 for a lost connection. */
  onClose?(caller: Caller, statusCode: number, reason: string): void | Promise<void>;
  /** A callback threw, rejected or returned an `Error`, a frame was bad, or a returned value could not be sent. */
  onError?(caller: Caller, error: Error): Reply | Promise<Reply>;
}
