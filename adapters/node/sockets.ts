/**
 * Sockets of Bun's own `ws` as the core takes them, and their events.
 *
 * @module
 */

import { systemClock } from "../../src/clock.ts";
import { isWorthCompressing } from "../../src/compression.ts";
import type { Upgrade } from "../../src/slot.ts";
import type { RuntimeSocket } from "../../src/socket.ts";
import { CONNECTION, type NodeBuffer, type NodeSocket, type Served, type WsSocket } from "./runtime.ts";

// Milliseconds.
const LINGER = 2000;

/** Opens the connection over a socket of `ws`, whose client may take compressed messages, and forwards its events. */
export function openConnection(
  upgrade: Upgrade,
  ws: WsSocket & Served,
  raw: NodeSocket & Served,
  deflates: boolean,
): void {
  ws.on("message", onMessage);
  ws.on("ping", onPing);
  ws.on("pong", onPong);
  ws.on("error", onError);
  ws.on("close", onClose);
  raw.on("drain", onDrain);
  raw.on("finish", linger);
  const connection = upgrade.open(new PlainSocket(ws, deflates));
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

/** Tells the connection of a raw socket that its unsent bytes have left. Listens to `drain`. */
export function onDrain(this: Served): void {
  this[CONNECTION]?.drain();
}

/**
 * Destroys a socket that its peer does not let go of once the close handshake is over (RFC 6455, section 7.1.1): `ws` would wait as long as
 * for its close frame. Listens to `finish`.
 */
export function linger(this: NodeSocket): void {
  this.on(
    "close",
    systemClock.schedule(() => this.destroy(), LINGER),
  );
}

function onClose(this: Served, code: number, reason: NodeBuffer): void {
  this[CONNECTION]?.closed(code, reason.toString());
}

function onError(this: Served, error: Error): void {
  this[CONNECTION]?.failed(toStatusCode(error), error);
}

/** Reads what was wrong with a frame: `ws` tells it by the code of the error, not by the code of the close. */
export function toStatusCode(error: unknown): number {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  switch (code) {
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
      return 1009;
    case "WS_ERR_INVALID_UTF8":
    // Of zlib: compressed data that is none, that ends too soon, or that asks for a dictionary.
    case "Z_DATA_ERROR":
    case "Z_BUF_ERROR":
    case "Z_NEED_DICT":
      return 1007;
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return 1008;
    default:
      return typeof code === "string" && code.startsWith("WS_ERR_") ? 1002 : 1006;
  }
}

/** Turns a Buffer into bytes like those of the other engines: its `slice` would be a view, its JSON another. */
export function toPlainBytes(data: NodeBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A socket whose frames `ws` writes. */
class PlainSocket implements RuntimeSocket {
  readonly #ws: WsSocket;
  readonly #deflates: boolean;

  constructor(ws: WsSocket, deflates: boolean) {
    this.#ws = ws;
    this.#deflates = deflates;
  }

  get readyState(): number {
    return this.#ws.readyState;
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  send(data: string | Uint8Array<ArrayBuffer>, compress?: boolean): boolean {
    if (this.#ws.readyState !== 1) return false;
    if (this.#deflates) this.#ws.send(data, { compress: compress ?? isWorthCompressing(data) });
    else this.#ws.send(data);
    return true;
  }

  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#ws.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#ws.pong(data);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }
}
