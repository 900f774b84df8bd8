/**
 * Sockets of Bun as the core takes them, and how Bun tells of their end.
 *
 * @module
 */

import { copyOf } from "../../src/bytes.ts";
import { isWorthCompressing } from "../../src/compression.ts";
import type { Peer } from "../../src/peer.ts";
import type { Upgrade } from "../../src/slot.ts";
import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import type { BunServer, BunWebSocket } from "./runtime.ts";
import type { Tick, Waiting } from "./tick.ts";

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
    case "Received invalid compressed data":
      return 1007;
    default:
      return 1002;
  }
}

type Message = string | Uint8Array<ArrayBuffer>;

// Bun keeps sockets through a hot reload, which loads this module anew: those of before are of a class of then.
const KIND = "@switchboard/websocket/bun";

// Why a message may not be handed to Bun as it is: an extension was offered, of which Bun knows one (where nothing was negotiated it compresses
// nothing); the event is another socket's, so that Bun would make a system call of it; others wait, that it must not overtake.
const OFFERED = 1;
const AWAY = 2;
const BEHIND = 4;

// More than this is worth neither a copy nor a wait.
const JOIN_UP_TO = 4096;

// More than this is handed to the kernel at once.
const MOST_WAITING = 65536;

/** A socket of Bun as the core takes it, from its request on; what Bun keeps with the socket. */
export class BunSocket implements RuntimeSocket, Peer, Waiting {
  /** The connection, from `open` on. */
  connection: Connection | undefined;
  #handshake: Handshake | undefined;
  #socket: BunWebSocket<unknown> | undefined;
  #address: string | undefined;
  readonly #tick: Tick;
  #waiting: Joined | undefined;
  // One number, for every message asks.
  #obstacles = AWAY;

  /** Begins with a request. */
  constructor(request: Request, server: BunServer<BunSocket>, tick: Tick) {
    this.#handshake = { request, server, upgrade: undefined };
    this.#tick = tick;
  }

  /** Upgrades; `false` says that Bun does not, for the client has sent more than its request. */
  upgrade(upgrade: Upgrade): boolean {
    if (this.#handshake === undefined) return false;
    this.#handshake.upgrade = upgrade;
    const { request, server } = this.#handshake;
    if (request.headers.has("sec-websocket-extensions")) this.#obstacles |= OFFERED;
    const headers = toHeaders(upgrade, request);
    // A spread would copy, and costs more than the headers.
    const isUpgraded = server.upgrade(request, headers === undefined ? { data: this } : { data: this, headers });
    if (!isUpgraded) upgrade.abandon();
    return isUpgraded;
  }

  /** Opens the connection over the socket that Bun has made. */
  open(socket: BunWebSocket<unknown>): void {
    // Not Bun's default, a Buffer, whose `slice` and JSON are unlike those of the other engines' bytes.
    socket.binaryType = "uint8array";
    this.#socket = socket;
    const upgrade = this.#handshake?.upgrade;
    this.#handshake = undefined;
    this.connection = upgrade?.open(this);
    // Bun tells of the end inside `close()`; an `onOpen` that closed did so before there was a connection to tell.
    if (socket.readyState > 1) this.connection?.closed(1006, "");
  }

  /** By which it is known for ours. */
  get kind(): string {
    return KIND;
  }

  get remoteAddress(): string | undefined {
    const { request, server } = this.#handshake ?? {};
    this.#address ??= this.#socket?.remoteAddress ?? (request && server?.requestIP(request)?.address);
    return this.#address;
  }

  /** Bun copies what it is given, whatever memory it is in. */
  get takesShared(): boolean {
    return true;
  }

  get readyState(): number {
    return this.#socket?.readyState ?? 0;
  }

  /** Bytes that have not left the process. Before they are told, the kernel is offered what waits for the end of the tick. */
  get bufferedAmount(): number {
    this.flush();
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  /** A message of this socket is being handled: what is sent to it need not wait, for Bun joins it. */
  beginEvent(): void {
    this.#obstacles &= ~AWAY;
  }

  /** It has been handled. */
  endEvent(): void {
    this.#obstacles |= AWAY;
  }

  send(data: Message, compress?: boolean): void {
    if (this.#obstacles === 0) this.#socket?.send(data);
    else this.#post(data, false, compress);
  }

  sendOwned(data: Uint8Array<ArrayBuffer>, compress?: boolean): void {
    if (this.#obstacles === 0) this.#socket?.send(data);
    else this.#post(data, true, compress);
  }

  /** Sends what waits for the end of the tick. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#obstacles &= ~BEHIND;
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== 1) return;
    const { messages } = waiting;
    const [first] = messages;
    if (messages.length === 1 && first !== undefined) socket.send(first);
    else socket.cork(() => messages.forEach((data) => void socket.send(data)));
  }

  close(code?: number, reason?: string): void {
    this.flush();
    this.#socket?.close(code, reason);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.flush();
    this.#socket?.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.flush();
    this.#socket?.pong(data);
  }

  terminate(): void {
    this.#waiting = undefined;
    this.#obstacles &= ~BEHIND;
    this.#socket?.terminate();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  #post(data: Message, owned: boolean, compress: boolean | undefined): void {
    if (this.#obstacles & OFFERED && (compress ?? isWorthCompressing(data))) this.#compress(data);
    else if (this.#obstacles & (AWAY | BEHIND)) this.#join(data, owned);
    else this.#socket?.send(data);
  }

  #compress(data: Message): void {
    this.flush();
    this.#socket?.send(data, true);
  }

  #join(data: Message, owned: boolean): void {
    const size = sizeOf(data);
    if (size > JOIN_UP_TO) {
      this.flush();
      this.#socket?.send(data);
      return;
    }
    // Bun has not taken the bytes when `send` returns, and they may change.
    const message = typeof data === "string" || owned ? data : copyOf(data);
    if (this.#waiting === undefined) {
      this.#waiting = { messages: [message], bytes: size };
      this.#obstacles |= BEHIND;
      this.#tick.add(this);
      return;
    }
    this.#waiting.messages.push(message);
    this.#waiting.bytes += size;
    if (this.#waiting.bytes > MOST_WAITING) this.flush();
  }
}

/** Tells what Bun keeps with our sockets from what it keeps with those that others have upgraded. */
export function isOurs(data: unknown): data is BunSocket {
  if (data instanceof BunSocket) return true;
  return typeof data === "object" && data !== null && "kind" in data && data.kind === KIND;
}

/** What the opening handshake needs. */
interface Handshake {
  readonly request: Request;
  readonly server: BunServer<BunSocket>;
  /** The decision. */
  upgrade: Upgrade | undefined;
}

/** Messages that leave together. */
interface Joined {
  readonly messages: Message[];
  bytes: number;
}

/** What a string has in bytes at least, and bytes exactly. */
function sizeOf(data: Message): number {
  return typeof data === "string" ? data.length : data.byteLength;
}

function toHeaders(upgrade: Upgrade, request: Request): Headers | undefined {
  // Without the header Bun echoes the first protocol that the client offers.
  const isOffered = request.headers.has("sec-websocket-protocol");
  if (upgrade.headers.length === 0 && !isOffered) return undefined;
  const headers = new Headers();
  for (const [name, value] of upgrade.headers) headers.append(name, value);
  if (isOffered) headers.set("sec-websocket-protocol", upgrade.protocol);
  return headers;
}
