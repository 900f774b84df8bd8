/**
 * Sockets of `ws` as the core takes them, and their events.
 *
 * @module
 */

import type { Upgrade } from "../../src/slot.ts";
import type { RuntimeSocket } from "../../src/socket.ts";
import type { JoinedWriter } from "./joined_writer.ts";
import { CONNECTION, type NodeBuffer, type NodeSocket, type Served, type WsSocket } from "./runtime.ts";

// Milliseconds.
const LINGER = 2000;

/** Opens the connection over a socket of `ws` and forwards its events. Without a writer, frames are left to `ws`. */
export function openConnection(
  upgrade: Upgrade,
  ws: WsSocket & Served,
  raw: NodeSocket & Served,
  writer: JoinedWriter | undefined,
): void {
  ws.on("message", onMessage);
  ws.on("ping", onPing);
  ws.on("pong", onPong);
  ws.on("error", onError);
  ws.on("close", onClose);
  raw.on("drain", onDrain);
  raw.on("finish", onFinish);
  const connection = upgrade.open(writer === undefined ? new PlainSocket(ws) : new JoinedSocket(ws, raw, writer));
  ws[CONNECTION] = connection;
  raw[CONNECTION] = connection;
}

function onMessage(this: Served, data: NodeBuffer, isBinary: boolean): void {
  if (isBinary) this[CONNECTION]?.binary(toPlainBytes(data));
  else this[CONNECTION]?.text(data.toString());
}

function onPing(this: Served, data: NodeBuffer): void {
  this[CONNECTION]?.ping(toPlainBytes(data));
}

function onPong(this: Served, data: NodeBuffer): void {
  this[CONNECTION]?.pong(toPlainBytes(data));
}

function onDrain(this: Served): void {
  this[CONNECTION]?.drain();
}

// The close handshake is over, and it is for the peer to let go of the socket (RFC 6455, section 7.1.1). `ws` would wait as long as for its
// close frame.
function onFinish(this: NodeSocket): void {
  const timer = setTimeout(() => this.destroy(), LINGER);
  timer.unref();
  this.on("close", () => clearTimeout(timer));
}

function onClose(this: Served, code: number, reason: NodeBuffer): void {
  this[CONNECTION]?.closed(code, reason.toString());
}

// ws tells what was wrong with a frame by the code of the error, not by the code of the close.
function onError(this: Served, error: Error & { code?: unknown }): void {
  this[CONNECTION]?.failed(toStatusCode(error.code), error);
}

function toStatusCode(code: unknown): number {
  switch (code) {
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
      return 1009;
    case "WS_ERR_INVALID_UTF8":
      return 1007;
    default:
      return typeof code === "string" && code.startsWith("WS_ERR_") ? 1002 : 1006;
  }
}

// A Buffer would behave unlike the bytes of the other engines: its `slice` is a view, its JSON another.
function toPlainBytes(data: NodeBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A socket whose frames `ws` writes: on Bun, where `ws` is Bun's own. */
class PlainSocket implements RuntimeSocket {
  protected readonly ws: WsSocket;

  constructor(ws: WsSocket) {
    this.ws = ws;
  }

  get readyState(): number {
    return this.ws.readyState;
  }

  get bufferedAmount(): number {
    return this.ws.bufferedAmount;
  }

  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.ws.readyState !== 1) return false;
    this.ws.send(data);
    return true;
  }

  close(code?: number, reason?: string): void {
    this.ws.close(code, reason);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.ws.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.ws.pong(data);
  }

  terminate(): void {
    this.ws.terminate();
  }

  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.ws.resume();
  }
}

/** A socket whose messages are joined with those of the same tick. */
class JoinedSocket extends PlainSocket {
  readonly #raw: NodeSocket;
  readonly #writer: JoinedWriter;

  constructor(ws: WsSocket, raw: NodeSocket, writer: JoinedWriter) {
    super(ws);
    this.#raw = raw;
    this.#writer = writer;
  }

  override get bufferedAmount(): number {
    return this.#raw.writableLength;
  }

  override send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.ws.readyState !== 1) return false;
    if (typeof data === "string") this.#writer.text(this.#raw, data);
    else this.#writer.binary(this.#raw, data, false);
    return true;
  }

  sendOwned(data: Uint8Array<ArrayBuffer>): boolean {
    if (this.ws.readyState !== 1) return false;
    this.#writer.binary(this.#raw, data, true);
    return true;
  }
}
