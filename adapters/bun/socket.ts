/**
 * Sockets of Bun as the core takes them, and how Bun tells of their end.
 *
 * @module
 */

import type { Upgrade } from "../../src/slot.ts";
import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import type { BunWebSocket } from "./runtime.ts";

/** Forwards Bun's `close`, which puts what it found wrong into the reason of a 1006. */
export function closed(connection: Connection | undefined, code: number, reason: string): void {
  if (code !== 1006) return connection?.closed(code, reason);
  const fault = toStatusCode(reason);
  if (fault !== 1006) connection?.failed(fault, new Error(reason));
  connection?.closed(1006, "");
}

// Every fault of a frame begins so (packages/bun-uws/src/WebSocketProtocol.h); a timeout or a lost connection does not.
function toStatusCode(reason: string): number {
  if (!reason.startsWith("Received ")) return 1006;
  switch (reason) {
    case "Received too big message":
    case "Received message that does not fit in memory":
      return 1009;
    case "Received invalid UTF-8":
      return 1007;
    default:
      return 1002;
  }
}

/** A socket of Bun as the core takes it; what Bun keeps with the socket. */
export class BunSocket implements RuntimeSocket {
  /** The connection, from `open` on. */
  connection: Connection | undefined;
  #upgrade: Upgrade | undefined;
  #socket: BunWebSocket<unknown> | undefined;

  /** Keeps the decision until Bun has upgraded. */
  constructor(upgrade: Upgrade) {
    this.#upgrade = upgrade;
  }

  /** Opens the connection over the socket that Bun has made. */
  open(socket: BunWebSocket<unknown>): void {
    // Not Bun's default, a Buffer, whose `slice` and JSON are unlike those of the other engines' bytes.
    socket.binaryType = "uint8array";
    this.#socket = socket;
    this.connection = this.#upgrade?.open(this);
    this.#upgrade = undefined;
    // Bun tells of the end inside `close()`; an `onOpen` that closed did so before there was a connection to tell.
    if (socket.readyState > 1) this.connection?.closed(1006, "");
  }

  get readyState(): number {
    return this.#socket?.readyState ?? 0;
  }

  get bufferedAmount(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket?.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#socket?.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#socket?.pong(data);
  }

  terminate(): void {
    this.#socket?.terminate();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }
}
