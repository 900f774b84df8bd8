/**
 * Sockets of Bun as the core takes them, and how Bun tells of their end.
 *
 * @module
 */

import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import type { BunWebSocket } from "./runtime.ts";

/** Forwards Bun's `close`, which puts what it found wrong into the reason of a 1006. */
export function closed(connection: Connection | undefined, code: number, reason: string): void {
  if (code !== 1006) return connection?.closed(code, reason);
  connection?.failed(toStatusCode(reason), new Error(reason));
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

/** A socket of Bun as the core takes it. */
export class BunSocket implements RuntimeSocket {
  readonly #socket: BunWebSocket<unknown>;

  constructor(socket: BunWebSocket<unknown>) {
    this.#socket = socket;
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  get bufferedAmount(): number {
    return this.#socket.getBufferedAmount();
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#socket.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#socket.pong(data);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
