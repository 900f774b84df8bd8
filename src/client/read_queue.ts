/**
 * What was received and not read, and who waits to read (rules L1 to L3).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { PayloadBindingError, ReadTimedOutError, type WebSocketError } from "../errors.ts";

/** One message: text or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** What a read takes. */
export type Kind = "text" | "binary" | undefined;

interface Reader {
  readonly kind: Kind;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: WebSocketError) => void;
  cancel?: () => void;
}

/** A first-in first-out queue of messages, or of readers: never of both. */
export class ReadQueue {
  /** Bytes of all messages. */
  bytes = 0;
  readonly #clock: Clock;
  readonly #timeout: number;
  #messages: (Message | undefined)[] = [];
  #head = 0;
  #readers: Reader[] = [];
  #end: WebSocketError | undefined;

  /** `timeout` in seconds is for each read, -1 for none. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.#timeout = timeout;
  }

  /** How many messages wait. */
  get count(): number {
    return this.#messages.length - this.#head;
  }

  /** Adds the newest message. */
  push(message: Message): void {
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) {
      reader.cancel?.();
      const mismatch = toMismatch(reader.kind, message);
      if (mismatch === undefined) return reader.resolve(message);
      reader.reject(mismatch);
    }
    this.#messages.push(message);
    this.bytes += sizeOf(message);
  }

  /** Takes the oldest message, or waits for one. A message of the other kind stays. */
  read(kind: Kind): Promise<Message> {
    const message = this.#messages[this.#head];
    if (message !== undefined) {
      const mismatch = toMismatch(kind, message);
      return mismatch === undefined ? Promise.resolve(this.#take(message)) : rejected(mismatch);
    }
    if (this.#end !== undefined) return rejected(this.#end);
    return guarded(new Promise((resolve, reject) => this.#enlist({ kind, resolve, reject })));
  }

  /** No message will come any more. */
  end(error: WebSocketError): void {
    this.#end = error;
    for (const reader of this.#readers.splice(0)) {
      reader.cancel?.();
      reader.reject(error);
    }
  }

  #enlist(reader: Reader): void {
    this.#readers.push(reader);
    if (this.#timeout < 0) return;
    reader.cancel = this.#clock.schedule(() => {
      this.#readers = this.#readers.filter((other) => other !== reader);
      reader.reject(new ReadTimedOutError("Read timed out"));
    }, this.#timeout * 1000);
  }

  #take(message: Message): Message {
    this.bytes -= sizeOf(message);
    this.#messages[this.#head++] = undefined;
    if (this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }
}

/** Lets nobody's rejection end the process. */
export function guarded<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** A promise that rejects, whether or not somebody listens. */
export function rejected(error: Error): Promise<never> {
  return guarded(Promise.reject(error));
}

/** Bytes of a message on the wire. */
export function sizeOf(message: Message): number {
  return typeof message === "string" ? new TextEncoder().encode(message).length : message.length;
}

function toMismatch(kind: Kind, message: Message): WebSocketError | undefined {
  const actual = typeof message === "string" ? "text" : "binary";
  if (kind === undefined || kind === actual) return undefined;
  return new PayloadBindingError(`The next message is ${actual}, not ${kind}`);
}
