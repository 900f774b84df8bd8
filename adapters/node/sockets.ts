/**
 * Sockets of Bun's own `ws` as the core takes them, and their events.
 *
 * @module
 */

import { isWorthCompressing } from "../../src/compression.ts";
import type { Upgrade } from "../../src/slot.ts";
import type { RuntimeSocket } from "../../src/socket.ts";
import { CONNECTION, type NodeBuffer, type NodeSocket, type Served, type WsSocket } from "./runtime.ts";
import { linger, onDrain, toPlainBytes, toStatusCode } from "./socket_events.ts";

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

function onClose(this: Served, code: number, reason: NodeBuffer): void {
  this[CONNECTION]?.closed(code, reason.toString());
}

function onError(this: Served, error: Error): void {
  this[CONNECTION]?.failed(toStatusCode(error), error);
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
