/**
 * What a returned value becomes on the wire (R6).
 *
 * @module
 */

import { CloseFrame } from "./close_frame.ts";
import { toMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";

/** Tells whether a value is promise-like. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Tells whether a value is a promise where there may be none. Nobody waits for it, so its rejection would end the process. */
export function isStray(value: unknown): boolean {
  if (!isPromise(value)) return false;
  Promise.resolve(value).catch(() => {});
  return true;
}

/** Tells whether a returned value is a stream of replies. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/**
 * Sends one returned value that is neither a promise, a stream nor an error.
 *
 * A value for a connection that has ended meanwhile is dropped; a value after the service's own `close` is its mistake.
 *
 * @throws {TypeError} If the value has no JSON form
 * @throws {ConnectionClosureError} If the service has closed the connection
 */
export function sendReply(outbox: Outbox, reply: unknown): void {
  if (reply === undefined) return;
  if (typeof reply === "object" && reply !== null && !(reply instanceof Uint8Array) && CloseFrame.is(reply)) {
    void outbox.close(reply.statusCode, reply.reason);
    return;
  }
  sendMessage(outbox, toMessage(reply));
}

/**
 * Sends a returned message; dropped or refused as by {@link sendReply}.
 *
 * @throws {ConnectionClosureError} If the service has closed the connection
 */
export function sendMessage(outbox: Outbox, message: string | Uint8Array): void {
  if (!outbox.send(message, true) && outbox.closedByService) throw outbox.refusal();
}
