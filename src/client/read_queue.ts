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

interface Reader {
  /** Gives it a message, unless that is of the other kind. */
  take(message: Message): boolean;
  fail(error: Error): void;
}

/** Makes a queue; `timeout` in seconds is for each read, -1 for none. */
export function toReadQueue(timeout: number, clock: Clock): ReadQueue {
  const messages: Message[] = [];
  const readers: Reader[] = [];
  let bytes = 0;
  let end: Error | undefined;
  return {
    push(message) {
      while (readers.length > 0) if (readers.shift()?.take(message)) return;
      messages.push(message);
      bytes += sizeOf(message);
    },
    read(kind) {
      const [message] = messages;
      if (message !== undefined) {
        const mismatch = toMismatch(kind, message);
        if (mismatch) return rejected(mismatch);
        messages.shift();
        bytes -= sizeOf(message);
        return Promise.resolve(message);
      }
      if (end) return rejected(end);
      const { promise, resolve, reject } = Promise.withResolvers<Message>();
      let cancel: (() => void) | undefined;
      // Guarded only where it fails, for most reads do not.
      const fail = (error: Error): void => {
        void guarded(promise);
        cancel?.();
        reject(error);
      };
      const reader: Reader = {
        fail,
        take(message) {
          const mismatch = toMismatch(kind, message);
          if (mismatch) {
            fail(mismatch);
            return false;
          }
          cancel?.();
          resolve(message);
          return true;
        },
      };
      readers.push(reader);
      if (timeout >= 0) {
        cancel = clock.schedule(() => {
          readers.splice(readers.indexOf(reader), 1);
          fail(new ReadTimedOutError("Read timed out"));
        }, timeout * 1000);
      }
      return promise;
    },
    end(error) {
      end = error;
      for (const reader of readers.splice(0)) reader.fail(error);
    },
    holds: (most, mostBytes) => messages.length >= most || bytes >= mostBytes,
  };
}

function toMismatch(kind: Kind, message: Message): Error | undefined {
  const actual = typeof message === "string" ? "text" : "binary";
  return kind && kind !== actual ? new PayloadBindingError(`The next message is ${actual}, not ${kind}`) : undefined;
}
