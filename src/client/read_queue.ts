/**
 * What was received and not read, and who waits to read (rules L1 to L3).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { PayloadBindingError, ReadTimedOutError } from "../errors.ts";
import { ignore, type Message, rejected, sizeOf } from "./message.ts";

/** What a read takes; `undefined` is either, and "step" either as what an iterator gives, which ends when no message will come. */
export type Kind = "text" | "binary" | "step" | undefined;

/** What an iterator over messages gives. */
export type Step = IteratorResult<Message, undefined>;

/** A first-in first-out queue of messages, or of readers: never of both. */
export interface ReadQueue {
  /** Gives the newest message to who waits for it, or keeps it; tells whether it was kept. */
  push(message: Message): boolean;
  /** Takes the oldest message, or waits for one. A message of the other kind stays. */
  read(kind: "step"): Promise<Step>;
  read(kind: Kind): Promise<Message>;
  /** No message will come any more. */
  end(error: Error): void;
  /** Tells whether so many messages, or so many bytes, wait. */
  holds(messages: number, bytes: number): boolean;
}

// All fields from the beginning, so that engines need not move any.
interface Reader {
  readonly kind: Kind;
  promise: Promise<Message | Step> | undefined;
  resolve: (value: Message | Step) => void;
  reject: (error: Error) => void;
  cancel: (() => void) | undefined;
}

/** What an iterator gives at the end. */
export const END: Step = { done: true, value: undefined };

/** Makes a queue; `timeout` in seconds is for each read, -1 for none. */
export function toReadQueue(timeout: number, clock: Clock): ReadQueue {
  const messages: Message[] = [];
  const readers: Reader[] = [];
  let bytes = 0;
  let end: Error | undefined;

  // Guarded only where it fails, for most reads do not.
  const fail = ({ kind, promise, resolve, reject, cancel }: Reader, error: Error): void => {
    cancel?.();
    if (kind === "step" && error === end) return resolve(END);
    promise?.catch(ignore);
    reject(error);
  };
  const wait = (kind: Kind): Promise<Message | Step> => {
    const reader: Reader = { kind, promise: undefined, resolve: ignore, reject: ignore, cancel: undefined };
    // A read costs a tenth more by Promise.withResolvers.
    const promise = new Promise<Message | Step>((resolve, reject) => {
      reader.resolve = resolve;
      reader.reject = reject;
    });
    reader.promise = promise;
    if (timeout >= 0) {
      reader.cancel = clock.schedule(() => {
        readers.splice(readers.indexOf(reader), 1);
        fail(reader, new ReadTimedOutError("Read timed out"));
      }, timeout * 1000);
    }
    readers.push(reader);
    return promise;
  };
  function read(kind: "step"): Promise<Step>;
  function read(kind: Kind): Promise<Message>;
  function read(kind: Kind): Promise<Message | Step> {
    const message = messages[0];
    if (message === undefined) {
      if (!end) return wait(kind);
      return kind === "step" ? Promise.resolve(END) : rejected(end);
    }
    const mismatch = toMismatch(kind, message);
    if (mismatch) return rejected(mismatch);
    messages.shift();
    bytes -= sizeOf(message);
    return Promise.resolve(toTaken(kind, message));
  }

  return {
    read,
    push(message) {
      for (let reader = readers.shift(); reader; reader = readers.shift()) {
        const mismatch = toMismatch(reader.kind, message);
        if (!mismatch) {
          reader.cancel?.();
          reader.resolve(toTaken(reader.kind, message));
          return false;
        }
        fail(reader, mismatch);
      }
      bytes += sizeOf(message);
      return messages.push(message) > 0;
    },
    end(error) {
      end = error;
      for (const reader of readers.splice(0)) fail(reader, error);
    },
    holds: (most, mostBytes) => messages.length >= most || bytes >= mostBytes,
  };
}

function toTaken(kind: Kind, value: Message): Message | Step {
  return kind === "step" ? { done: false, value } : value;
}

function toMismatch(kind: Kind, message: Message): Error | undefined {
  if (!kind || kind === "step") return undefined;
  const actual = typeof message === "string" ? "text" : "binary";
  if (kind === actual) return undefined;
  return new PayloadBindingError(`The next message is ${actual}, not ${kind}`);
}
