/**
 * Messages of a client, and the promises that are made of them.
 *
 * @module
 */

import { utf8Length } from "../utf8.ts";

/** One message: text or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** The bytes of a message on the wire. */
export function sizeOf(message: Message): number {
  return typeof message === "string" ? utf8Length(message) : message.length;
}

/** Does nothing. */
export function ignore(): void {}

/** Lets nobody's rejection end the process. */
export function guarded<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(ignore);
  return promise;
}

/** A promise that rejects, whether or not somebody listens. */
export function rejected(error: unknown): Promise<never> {
  return guarded(Promise.reject(error));
}
