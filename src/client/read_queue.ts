/**
 * What was received and not read, and who waits to read (rules L1 to L3).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { PayloadBindingError, ReadTimedOutError } from "../errors.ts";
import { guarded, type Message, rejected, sizeOf } from "./message.ts";

/** What a read takes; `undefined` is either. */
export type Kind = "text" | "binary" | undefined;

/** A first-in first-out queue of messages, or of readers: never of both. */
export interface ReadQueue {
  /** Adds the newest message. */
  push(message: Message): void;
  /** Takes the oldest message, or waits for one. A message of the other kind stays. */
  read(kind: Kind): Promise<Message>;
  /** No message will come any more. */
  end(error: Error): void;
  /** Tells whether so many messages, or so many bytes, wait. */
  holds(messages: number, bytes: number): boolean;
}

interface Reader extends PromiseWithResolvers<Message> {
  readonly kind: Kind;
  readonly cancel: (() => void) | undefined;
}

/** Makes a queue; `timeout` in seconds is for each read, -1 for none. */
export function toReadQueue(timeout: number, clock: Clock): ReadQueue {
  const messages: Message[] = [];
  const readers: Reader[] = [];
  let bytes = 0;
  let end: Error | undefined;

  // Guarded only where it fails, for most reads do not.
  const fail = ({ promise, reject, cancel }: Reader, error: Error): void => {
    void guarded(promise);
    cancel?.();
    reject(error);
  };
  const wait = (kind: Kind): Promise<Message> => {
    const late = (): void => {
      readers.splice(readers.indexOf(reader), 1);
      fail(reader, new ReadTimedOutError("Read timed out"));
    };
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const cancel = timeout < 0 ? undefined : clock.schedule(late, timeout * 1000);
    const reader: Reader = { kind, promise, resolve, reject, cancel };
    readers.push(reader);
    return promise;
  };

  return {
    push(message) {
      for (let reader = readers.shift(); reader; reader = readers.shift()) {
        const mismatch = toMismatch(reader.kind, message);
        if (!mismatch) {
          reader.cancel?.();
          return reader.resolve(message);
        }
        fail(reader, mismatch);
      }
      messages.push(message);
      bytes += sizeOf(message);
    },
    read(kind) {
      const [message] = messages;
      if (message === undefined) return end ? rejected(end) : wait(kind);
      const mismatch = toMismatch(kind, message);
      if (mismatch) return rejected(mismatch);
      messages.shift();
      bytes -= sizeOf(message);
      return Promise.resolve(message);
    },
    end(error) {
      end = error;
      for (const reader of readers.splice(0)) fail(reader, error);
    },
    holds: (most, mostBytes) => messages.length >= most || bytes >= mostBytes,
  };
}

function toMismatch(kind: Kind, message: Message): Error | undefined {
  const actual = typeof message === "string" ? "text" : "binary";
  return kind && kind !== actual ? new PayloadBindingError(`The next message is ${actual}, not ${kind}`) : undefined;
}
