/**
 * One attempt to connect, and the connection that it becomes.
 *
 * @module
 */

import { ConnectionClosureError, CorruptedFrameError, PayloadTooLargeError } from "../errors.ts";
import type { Connection, RuntimeSocket } from "../socket.ts";
import type { Handshake, Line } from "./transport.ts";

/** Whom a link belongs to. */
export interface LinkOwner {
  /** The handshake is done; gives who takes what arrives. */
  opened(socket: RuntimeSocket, handshake: Handshake): Connection;
  /** There is no connection, or none any more. */
  lost(cause: Error): void;
}

/** Stands between a transport and its owner, who hears of one end only, and of nothing after it has let go (L11). */
export class Link implements Line {
  isPaused = false;
  /** What the transport lent. */
  socket: RuntimeSocket | undefined;
  #owner: LinkOwner | undefined;
  #to: Connection | undefined;
  #fault: unknown;
  #closing: readonly [code: number, reason: string] | undefined;

  constructor(owner: LinkOwner) {
    this.#owner = owner;
  }

  opened(handshake: Handshake): void {
    const { socket } = this;
    if (socket === undefined) return;
    const to = this.#owner?.opened(socket, handshake);
    // What it ran may have let go.
    if (this.#owner !== undefined) this.#to = to;
  }

  refused(error: Error): void {
    this.#let()?.lost(error);
  }

  text(data: string): void {
    this.#to?.text(data);
  }

  binary(data: Uint8Array<ArrayBuffer>): void {
    this.#to?.binary(data);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#to?.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#to?.pong(data);
  }

  drain(): void {
    this.#to?.drain();
  }

  failed(code: number, cause: unknown): void {
    this.#fault ??=
      code === 1009
        ? new PayloadTooLargeError("A message is over maxFrameSize")
        : new CorruptedFrameError("A frame breaks the protocol", { cause });
    this.#to?.failed(code, cause);
  }

  closed(code: number, reason: string): void {
    this.#to?.closed(code, reason);
    // Of our own close the code counts that we sent.
    this.#let()?.lost(toClosure(...(this.#closing ?? [code, reason]), this.#fault));
  }

  /** Begins the closing handshake. */
  close(code: number, reason: string): void {
    this.#closing = [code, reason];
    this.resume();
    this.socket?.close(code, reason);
  }

  /** Ends whatever there is at once, without a close frame where the transport can. Nobody hears of it but who takes what arrives. */
  abandon(): void {
    const to = this.#to;
    this.#let();
    to?.closed(1006, "");
    try {
      if (this.socket?.terminate !== undefined) this.socket.terminate();
      else this.socket?.close();
    } catch {
      // It was never open.
    }
  }

  /** Stops reading; `false` where that is not possible. */
  pause(): boolean {
    if (!this.isPaused) this.socket?.pause?.();
    this.isPaused = this.socket?.pause !== undefined;
    return this.isPaused;
  }

  /** Goes on reading. */
  resume(): void {
    if (this.isPaused) this.socket?.resume?.();
    this.isPaused = false;
  }

  #let(): LinkOwner | undefined {
    const owner = this.#owner;
    this.#owner = this.#to = undefined;
    return owner;
  }
}

/** The error for a connection that has ended. */
export function toClosure(statusCode: number, reason: string, cause?: unknown): ConnectionClosureError {
  return new ConnectionClosureError(
    `The connection was ${statusCode === 1006 ? "lost" : `closed: ${statusCode} ${reason}`}`,
    {
      statusCode,
      reason,
      cause,
    },
  );
}
