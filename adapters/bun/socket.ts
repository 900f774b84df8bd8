/**
 * Sockets of Bun as the core takes them, and how Bun tells of their end.
 *
 * @module
 */

import type { Peer } from "../../src/peer.ts";
import type { Upgrade } from "../../src/slot.ts";
import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import type { BunServer, BunWebSocket } from "./runtime.ts";

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

/** A socket of Bun as the core takes it, from its request on; what Bun keeps with the socket. */
export class BunSocket implements RuntimeSocket, Peer {
  /** The connection, from `open` on. */
  connection: Connection | undefined;
  #asked: { readonly request: Request; readonly server: BunServer<BunSocket> } | undefined;
  #upgrade: Upgrade | undefined;
  #socket: BunWebSocket<unknown> | undefined;
  #address: string | undefined;

  /** Begins with a request. */
  constructor(request: Request, server: BunServer<BunSocket>) {
    this.#asked = { request, server };
  }

  /** Upgrades; `false` says that Bun does not, for the client has sent more than its request. */
  upgrade(upgrade: Upgrade): boolean {
    if (this.#asked === undefined) return false;
    const { request, server } = this.#asked;
    this.#upgrade = upgrade;
    const isUpgraded = server.upgrade(request, { data: this, ...toHeaders(upgrade, request) });
    if (!isUpgraded) upgrade.abandon();
    return isUpgraded;
  }

  /** Opens the connection over the socket that Bun has made. */
  open(socket: BunWebSocket<unknown>): void {
    // Not Bun's default, a Buffer, whose `slice` and JSON are unlike those of the other engines' bytes.
    socket.binaryType = "uint8array";
    this.#socket = socket;
    this.#asked = undefined;
    this.connection = this.#upgrade?.open(this);
    this.#upgrade = undefined;
    // Bun tells of the end inside `close()`; an `onOpen` that closed did so before there was a connection to tell.
    if (socket.readyState > 1) this.connection?.closed(1006, "");
  }

  get remoteAddress(): string | undefined {
    this.#address ??= this.#socket?.remoteAddress ?? this.#asked?.server.requestIP(this.#asked.request)?.address;
    return this.#address;
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

function toHeaders(upgrade: Upgrade, request: Request): { headers?: Headers } | undefined {
  // Without the header Bun echoes the first protocol that the client offers.
  const isOffered = request.headers.has("sec-websocket-protocol");
  if (upgrade.headers.length === 0 && !isOffered) return undefined;
  const headers = new Headers();
  for (const [name, value] of upgrade.headers) headers.append(name, value);
  if (isOffered) headers.set("sec-websocket-protocol", upgrade.protocol);
  return { headers };
}
