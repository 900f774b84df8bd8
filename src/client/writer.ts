/**
 * The three ways to write.
 *
 * @module
 */

import { isBinary, toBytes, toUnshared } from "../bytes.ts";
import { toMessage } from "../message.ts";
import type { ClientEvents, TypedEventTarget } from "./client_events.ts";
import type { Message } from "./message.ts";

/** How one message of a client is written. */
export interface ClientWriteOptions {
  /** Whether the message is compressed, where permessage-deflate was negotiated and the transport leaves the choice. @default true for messages of at least 1024 bytes */
  compress?: boolean | undefined;
  /** Takes the message back when it aborts, if it still waits to be handed over: the write rejects with its reason. @default none */
  signal?: AbortSignal | undefined;
}

/** Takes a message for one connection, or for whichever there is. */
export type WriteMessage = (message: Message, compress?: boolean, signal?: AbortSignal) => Promise<void>;

// `EventTarget` with the names and types of these events.
const Target: new () => TypedEventTarget<ClientEvents> = EventTarget;

/**
 * Writes. A write resolves when it was handed over, which does not mean that it has arrived; it rejects with a `ConnectionError` when that is not
 * possible. It need not be awaited, but a writer that does is held up while the socket is full.
 */
export class Writer extends Target {
  readonly #write: WriteMessage;

  /** Made by the client, never by users. */
  constructor(write: WriteMessage) {
    super();
    this.#write = write;
  }

  /**
   * Sends a text message.
   *
   * @throws {TypeError} If `text` is no string
   */
  writeTextMessage(text: string, options?: ClientWriteOptions): Promise<void> {
    if (typeof text !== "string") throw new TypeError(`Cannot write a ${typeof text} as a text message`);
    return this.#send(text, options);
  }

  /**
   * Sends a binary message. The bytes may be changed afterwards.
   *
   * @throws {TypeError} If `data` is neither a `Uint8Array` nor an `ArrayBuffer`
   */
  writeBinaryMessage(data: Uint8Array | ArrayBuffer, options?: ClientWriteOptions): Promise<void> {
    return this.#send(toBinary(data), options);
  }

  /**
   * Sends a string as text, bytes as binary, anything else as JSON text.
   *
   * @throws {TypeError} If the value has no JSON form, or is a promise or a stream
   */
  writeMessage(value: unknown, options?: ClientWriteOptions): Promise<void> {
    return this.#send(toMessage(value), options);
  }

  #send(data: string | Uint8Array, options: ClientWriteOptions | undefined): Promise<void> {
    return this.#write(typeof data === "string" ? data : toUnshared(data), options?.compress, options?.signal);
  }
}

/**
 * Views what is to be sent as bytes.
 *
 * @throws {TypeError} If it is neither a `Uint8Array` nor an `ArrayBuffer`
 */
export function toBinary(data: Uint8Array | ArrayBuffer): Uint8Array {
  if (!isBinary(data)) throw new TypeError("Cannot write what is neither a Uint8Array nor an ArrayBuffer as binary");
  return toBytes(data);
}
