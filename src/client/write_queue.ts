/**
 * Writes: handed to the socket, or kept until there is one that takes them (rule L10).
 *
 * @module
 */

import { copyOf } from "../bytes.ts";
import { type Clock, soon } from "../clock.ts";
import { ConnectionError } from "../errors.ts";
import type { RuntimeSocket } from "../socket.ts";
import { guarded, type Message, rejected, sizeOf } from "./message.ts";

/** Bytes that a socket may hold unsent before writes wait, and that may wait. */
const MOST_BYTES = 1_048_576;
/** Messages that may wait. */
const MOST_MESSAGES = 1000;
/** Seconds that a write waits at most. */
const LONGEST = 60;
/** Milliseconds after which a full socket is looked at again, for no platform tells that bytes have left. */
const LOOK = 10;

/** What a message counts for besides its bytes, until the socket is asked again what it holds. */
const EACH = 4096;

/** The promise of every write that waits for nothing. */
const DONE: Promise<void> = /* @__PURE__ */ Promise.resolve();

/** A bounded first-in first-out queue of writes. */
export interface WriteQueue {
  /** Hands a message over, or keeps it. */
  write(message: Message, compress?: boolean, signal?: AbortSignal): Promise<void>;
  /** There is a socket: what waits goes out, then whatever is written. */
  up(socket: RuntimeSocket): void;
  /** There is none. */
  down(): void;
  /** Hands over what the socket takes, all of it if `most` is infinite. */
  flush(most?: number): void;
  /** Something arrived: others have had their turn. */
  rest(): void;
  /** Rejects what waits. */
  end(error: Error): void;
}

interface Write {
  readonly message: Message;
  readonly compress: boolean | undefined;
  readonly size: number;
  /** Ends the wait: with an error, or without one. */
  readonly settle: (error?: unknown) => void;
}

/**
 * Makes a queue; `timeout` in seconds is for each write, -1 for as long as any may wait.
 *
 * @param aside Is asked first about a message that the socket has not taken at once; what it returns settles the write
 */
export function toWriteQueue(
  timeout: number,
  queuesWhileDown: boolean,
  clock: Clock,
  aside: (message: Message, compress?: boolean) => Promise<void> | undefined,
): WriteQueue {
  const writes: Write[] = [];
  const patience = 1000 * (timeout < 0 ? LONGEST : Math.min(timeout, LONGEST));
  let bytes = 0;
  // Bytes that may be handed over before the socket is asked what it holds.
  let room = 0;
  // Whether something arrived since the room was last used up.
  let isRested = false;
  let socket: RuntimeSocket | undefined;
  let cancel: (() => void) | undefined;

  const flush = (most = MOST_BYTES): void => {
    cancel?.();
    while (
      writes[0] &&
      socket &&
      socket.bufferedAmount <= most &&
      hand(socket, writes[0].message, writes[0].compress)
    ) {
      // A socket may end while it takes one, and with it all that wait.
      writes[0]?.settle();
    }
    if (writes[0] && socket) cancel = clock.schedule(flush, LOOK);
  };
  const end = (error: Error): void => {
    socket = undefined;
    cancel?.();
    while (writes[0]) writes[0].settle(error);
  };

  return {
    flush,
    end,
    write(message, compress, signal) {
      if (signal?.aborted) return rejected(signal.reason);
      if (
        socket &&
        !writes[0] &&
        (room > 0 || (room = MOST_BYTES - socket.bufferedAmount) >= 0) &&
        hand(socket, message, compress)
      ) {
        room -= message.length * 3 + EACH;
        // A writer that awaits its writes would keep all others waiting, though the socket takes all at once.
        if (room <= 0 && !isRested) return new Promise(soon);
        isRested &&= room > 0;
        return DONE;
      }
      const elsewhere = aside(message, compress);
      if (elsewhere) return elsewhere;
      if (!socket && !queuesWhileDown) return rejected(lost());
      const size = sizeOf(message);
      if ((!socket || writes[0]) && (writes.length >= MOST_MESSAGES || bytes + size > MOST_BYTES)) {
        return rejected(new ConnectionError("Cannot write: too much waits", {}, "queue_full"));
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const cancelTimer = clock.schedule(
        () => write.settle(new ConnectionError("Write timed out", {}, "write_timed_out")),
        patience,
      );
      const takeBack = (): void => write.settle(signal?.reason);
      signal?.addEventListener("abort", takeBack);
      const write: Write = {
        // The bytes may be changed afterwards.
        message: typeof message === "string" ? message : copyOf(message),
        compress,
        size,
        settle(error) {
          cancelTimer();
          signal?.removeEventListener("abort", takeBack);
          bytes -= size;
          writes.splice(writes.indexOf(write), 1);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      bytes += size;
      if (writes.push(write) === 1) flush();
      return guarded(promise);
    },
    rest() {
      isRested = true;
    },
    up(opened) {
      socket = opened;
      room = 0;
      flush();
    },
    down() {
      socket = undefined;
      cancel?.();
      if (!queuesWhileDown) end(lost());
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
    return socket.send(message, compress) !== false;
  } catch {
    return false;
  }
}
