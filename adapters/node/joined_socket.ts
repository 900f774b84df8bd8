/**
 * A socket of `ws` as the core takes it, its messages joined with those of the same tick.
 *
 * @module
 */

import type { Upgrade } from "../../src/slot.ts";
import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import { endOnce, unmaskByWords } from "./internals/runtime.ts";
import type { JoinedWriter } from "./joined_writer.ts";
import { CONNECTION, type NodeSocket, readUnder, type Served, toBuffer, WsBase } from "./runtime.ts";
import { linger, onDrain, toPlainBytes, toStatusCode } from "./socket_events.ts";

/**
 * What `ws` makes instead of its own `WebSocket`.
 *
 * It is emitter, socket and wrapper in one, and has no listeners: its events go straight to the connection.
 */
export class JoinedSocket extends WsBase implements RuntimeSocket {
  /** What frames are written to. */
  protected raw: NodeSocket | undefined;
  /** What writes them. */
  protected writer: JoinedWriter | undefined;
  /** Who is told of what arrives. */
  protected connection: Connection | undefined;
  #highWaterMark = 0;
  #isClosing = false;

  /** Opens the connection and forwards what happens to it from then on. */
  serve(upgrade: Upgrade, raw: NodeSocket & Served, writer: JoinedWriter): void {
    endOnce(this, raw);
    unmaskByWords(this);
    this.raw = raw;
    this.writer = writer;
    this.#highWaterMark = upgrade.rules.highWaterMark;
    this.connection = upgrade.open(this);
    raw[CONNECTION] = this.connection;
    raw.on("drain", onDrain);
  }

  /** Bytes that have not left the process. Before they are told to be too many, the kernel is offered what still waits to be joined. */
  get bufferedAmount(): number {
    const raw = this.raw;
    if (raw === undefined) return 0;
    this.flush();
    if (raw.writableCorked > 0 && raw.writableLength > this.#highWaterMark) raw.uncork();
    return raw.writableLength;
  }

  /** Bytes that have come so far. */
  get bytesRead(): number | undefined {
    return this.raw?.bytesRead;
  }

  /** Sends a message; `false` says that it was not taken. */
  override send(data: string | Uint8Array): boolean {
    const raw = this.raw;
    if (raw === undefined || this.readyState !== 1) return false;
    if (typeof data === "string") this.writer?.text(raw, data);
    else this.writer?.binary(raw, data, false);
    return true;
  }

  /** Sends bytes that nobody will change. */
  sendOwned(data: Uint8Array<ArrayBuffer>): boolean {
    const raw = this.raw;
    if (raw === undefined || this.readyState !== 1) return false;
    this.writer?.binary(raw, data, true);
    return true;
  }

  /** Sends a ping, behind the messages before it. */
  override ping(data?: Uint8Array, ...options: unknown[]): void {
    this.flush();
    super.ping(data, ...options);
  }

  /** Sends a pong, behind the messages before it; `ws` calls it too, when it answers a ping. */
  override pong(data?: Uint8Array, ...options: unknown[]): void {
    this.flush();
    super.pong(data, ...options);
  }

  /** Sends a close frame; `ws` calls it too, when the peer closes. */
  override close(code?: number, reason?: string): void {
    this.flush();
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.raw?.on("finish", linger);
    }
    super.close(code, reason);
  }

  /** Gives the raw socket the messages that wait to be joined, for something else is to follow them. */
  protected flush(): void {
    if (this.raw !== undefined) this.writer?.flush(this.raw);
  }

  /** Stops reading. */
  override pause(): void {
    super.pause();
    if (this.raw !== undefined) readUnder(this.raw, false);
  }

  /** Goes on reading. */
  override resume(): void {
    if (this.raw !== undefined) readUnder(this.raw, true);
    super.resume();
  }

  /** Takes the events of `ws`. */
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const connection = this.connection;
    switch (event) {
      case "message":
        if (second === true) connection?.binary(toPlainBytes(toBuffer(first)));
        else connection?.text(toBuffer(first).toString());
        return true;
      case "ping":
        connection?.ping(toPlainBytes(toBuffer(first)));
        return true;
      case "pong":
        connection?.pong(toPlainBytes(toBuffer(first)));
        return true;
      case "close":
        connection?.closed(typeof first === "number" ? first : 1006, toBuffer(second).toString());
        return true;
      case "error":
        connection?.failed(toStatusCode(first), first);
        return true;
      default:
        return super.emit(event, first, second);
    }
  }
}
