/**
 * Writes: handed to the socket, or kept until there is one that takes them (rule L10).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { ConnectionError } from "../errors.ts";
import type { RuntimeSocket } from "../socket.ts";
import { guarded, type Message, rejected, sizeOf } from "./message.ts";

/** Bytes that a socket may hold unsent before writes wait, and that may wait. */
const MOST_BYTES = 1_048_576;
/** Messages that may wait. */
const MOST_MESSAGES = 1000;
/** Milliseconds that a write waits for a connection. */
const LONGEST_DOWN = 60_000;
/** Milliseconds after which a full socket is looked at again, for not every transport tells that bytes have left. */
const LOOK = 10;

/** The promise of every write that waits for nothing. */
const DONE: Promise<void> = /* @__PURE__ */ Promise.resolve();

/** A bounded first-in first-out queue of writes. */
export interface WriteQueue {
  /** Hands a message over, or keeps it. */
  write(message: Message, compress?: boolean): Promise<void>;
  /** There is a socket: what waits goes out, then whatever is written. */
  up(socket: RuntimeSocket): void;
  /** There is none. */
  down(): void;
  /** Hands over what the socket takes, all of it if `most` is infinite. */
  flush(most?: number): void;
  /** Rejects what waits. */
  end(error: Error): void;
}

interface Write {
  readonly message: Message;
  readonly compress: boolean | undefined;
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  until: number;
}

/** Makes a queue; `timeout` in seconds is for each write, -1 for none. */
export function toWriteQueue(timeout: number, queuesWhileDown: boolean, clock: Clock): WriteQueue {
  const writes: Write[] = [];
  const patience = timeout < 0 ? Number.POSITIVE_INFINITY : timeout * 1000;
  let bytes = 0;
  let socket: RuntimeSocket | undefined;
  let cancel: (() => void) | undefined;

  const shift = (): Write | undefined => {
    const write = writes.shift();
    bytes -= write?.size ?? 0;
    return write;
  };
  const flush = (most = MOST_BYTES): void => {
    for (let [write] = writes; write && socket && socket.bufferedAmount <= most; [write] = writes) {
      if (!hand(socket, write.message, write.compress)) break;
      shift()?.resolve();
    }
    arm();
  };
  const arm = (): void => {
    cancel?.();
    const [write] = writes;
    if (write) cancel = clock.schedule(look, Math.min(write.until - clock.now(), socket ? LOOK : LONGEST_DOWN));
  };
  const look = (): void => {
    while (writes[0] && writes[0].until <= clock.now()) shift()?.reject(failure("Write timed out", "write_timed_out"));
    flush();
  };
  const end = (error: Error): void => {
    socket = undefined;
    cancel?.();
    while (writes.length > 0) shift()?.reject(error);
  };

  return {
    flush,
    end,
    write(message, compress) {
      if (socket && !writes.length && socket.bufferedAmount <= MOST_BYTES && hand(socket, message, compress))
        return DONE;
      if (!socket && !queuesWhileDown) return rejected(lost());
      const size = sizeOf(message);
      if ((!socket || writes.length) && (writes.length >= MOST_MESSAGES || bytes + size > MOST_BYTES)) {
        return rejected(failure("Cannot write: too much waits already", "queue_full"));
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const until = clock.now() + (socket ? patience : Math.min(patience, LONGEST_DOWN));
      // The bytes may be changed afterwards.
      writes.push({ message: message.slice(), compress, size, resolve, reject, until });
      bytes += size;
      if (writes.length < 2) arm();
      return guarded(promise);
    },
    up(opened) {
      socket = opened;
      flush();
    },
    down() {
      socket = undefined;
      if (!queuesWhileDown) return end(lost());
      const until = clock.now() + LONGEST_DOWN;
      for (const write of writes) write.until = Math.min(write.until, until);
      arm();
    },
  };
}

/** Writes now or never. */
export function writeTo(socket: RuntimeSocket, message: Message, compress?: boolean): Promise<void> {
  return hand(socket, message, compress) ? DONE : rejected(lost());
}

/** The error of a write without a connection. */
export function lost(): ConnectionError {
  return new ConnectionError("Cannot write: there is no connection");
}

function hand(socket: RuntimeSocket, message: Message, compress?: boolean): boolean {
  try {
    return socket.readyState === 1 && socket.send(message, compress) !== false;
  } catch {
    return false;
  }
}

function failure(message: string, code: string): ConnectionError {
  return new ConnectionError(message, {}, code);
}
