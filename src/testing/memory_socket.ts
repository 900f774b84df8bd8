/**
 * The service's end of a connection in memory: what a runtime would lend.
 *
 * @module
 */

import type { Connection, RuntimeSocket } from "../socket.ts";
import { copy, type Frame, Line } from "./line.ts";

/** A socket that needs no network. It behaves as that of the engine `node`: it waits for the peer's close frame, can pause and tells of drains. */
export class MemorySocket implements RuntimeSocket {
  /** 1 open, 2 closing, 3 closed. */
  readyState = 1;
  /** What the core lent; set once it has opened the connection. */
  connection: Connection | undefined;
  /** Called with what arrives at the client. */
  onArrival: (frame: Frame) => void = () => {};
  /** Called when the connection is lost for the client. */
  onLoss: () => void = () => {};
  /** What the client sends. */
  readonly fromClient: Line = new Line((frame) => this.#receive(frame));
  /** What the service sends. */
  readonly toClient: Line = new Line(
    (frame) => this.onArrival(frame),
    () => this.connection?.drain(),
  );

  /** Bytes that the client has not read. */
  get bufferedAmount(): number {
    return this.toClient.bytes;
  }

  /** Sends a message. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.readyState !== 1) return false;
    this.toClient.push(typeof data === "string" ? { kind: "text", data } : { kind: "binary", data: copy(data) });
    return true;
  }

  /** Sends a ping. */
  ping(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState === 1) this.toClient.push({ kind: "ping", data: copy(data) });
  }

  /** Sends a pong. */
  pong(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState === 1) this.toClient.push({ kind: "pong", data: copy(data) });
  }

  /** Sends a close frame. */
  close(code?: number, reason?: string): void {
    if (this.readyState !== 1) return;
    this.readyState = 2;
    this.toClient.push({ kind: "close", code: code ?? 1005, reason: reason ?? "" });
  }

  /** Loses the connection, and what the client has not read. */
  terminate(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.fromClient.cut();
    this.toClient.cut();
    this.onLoss();
  }

  /** Stops reading. */
  pause(): void {
    this.fromClient.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.fromClient.resume();
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case "text":
        return this.connection?.text(frame.data);
      case "binary":
        return this.connection?.binary(frame.data);
      case "ping":
        this.pong(frame.data);
        return this.connection?.ping(frame.data);
      case "pong":
        return this.connection?.pong(frame.data);
      case "close":
        // Runtimes answer with the same frame, after what was sent before.
        if (this.readyState === 1) this.toClient.push(frame);
        return this.#end(frame.code, frame.reason);
      case "drop":
        return this.#end(1006, "");
    }
  }

  #end(code: number, reason: string): void {
    this.readyState = 3;
    this.fromClient.cut();
    this.connection?.closed(code, reason);
  }
}
