/**
 * A service over any Web-standard `WebSocket`.
 *
 * @module
 */

import { isBinary } from "./bytes.ts";
import type { Caller } from "./caller.ts";
import { SOCKET_CAPABILITIES } from "./capabilities.ts";
import { ServiceConnection } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { Host } from "./host.ts";
import type { Logger } from "./logger.ts";
import type { Service } from "./service.ts";
import { type ServiceConfig, toServiceRules } from "./service_config.ts";
import { isService, nameNoService } from "./service_value.ts";
import type { Connection } from "./socket.ts";

/** What {@link accept} takes besides the options of a service. */
export interface AcceptOptions {
  /** Where faults are logged. @default the console, without `debug` */
  logger?: Logger | undefined;
}

/**
 * Runs a service over a Web-standard `WebSocket`: a client's, `Deno.upgradeWebSocket`'s, Cloudflare's. The options that concern the handshake
 * have no effect, but for `requires`. On Cloudflare call the socket's own `accept()` first, or nothing can be sent.
 *
 * What needs more than the standard gives is not there, as `caller.capabilities` says: there are no pings, and a connection that
 * does not answer a close is counted as down after `connectionClosureTimeout`.
 *
 * @returns The caller, once the socket is open
 * @throws {ConnectionError} If the socket is closed, or closes before it opens
 * @throws {TypeError} If an option is unknown or of the wrong type, or the service is none
 * @throws {RangeError} If a number is out of range
 * @throws {UnsupportedError} If the service requires what such a socket lacks
 * @example
 * ```ts
 * import { accept } from "@switchboard/websocket";
 *
 * export async function follow(url: string): Promise<void> {
 *   const caller = await accept(new WebSocket(url), { onTextMessage: (_caller, text) => console.log(text) });
 *   await caller.writeTextMessage("Hello");
 * }
 * ```
 */
export function accept(
  socket: WebSocket,
  service: Service,
  config: ServiceConfig = {},
  options: AcceptOptions = {},
): Promise<Caller> {
  if (!isService(service)) throw new TypeError(`Cannot run ${nameNoService(service)}: must be a service`);
  const rules = toServiceRules(config);
  const host = new Host(SOCKET_CAPABILITIES, options);
  host.checkRequirements(rules.requires, "A service");
  const { promise, resolve, reject } = Promise.withResolvers<Caller>();
  promise.catch(() => {}); // Nobody needs to wait for a service to be opened.
  const open = (): Connection => {
    // Cloudflare's WebSocketPair has no URL.
    const isSecure = socket.url?.startsWith("wss:") ?? false;
    const details = { protocol: socket.protocol, peer: {}, isSecure };
    const connection = new ServiceConnection(service, socket, rules, host, details);
    connection.start();
    resolve(connection.caller);
    return connection;
  };
  if (socket.readyState > 1) reject(new ConnectionError("Cannot run a service over a socket that is closed"));
  else drive(socket, toStatusCode, open, reject);
  return promise;
}

/** What a `CloseEvent` says, which is not named since the types of Node 22 do not know it. */
export interface SocketClosure {
  readonly code: number;
  readonly wasClean: boolean;
}

/**
 * Forwards the events of a Web-standard socket to the connection that `open` makes once the socket is open.
 *
 * @param toCode Reads the close code of a runtime that does not follow the standard
 * @param refused Is told when the socket closes before it is open, if anybody wants to know
 */
export function drive(
  socket: WebSocket,
  toCode: (event: SocketClosure) => number,
  open: () => Connection,
  refused?: (error: ConnectionError) => void,
): void {
  socket.binaryType = "arraybuffer";
  const events = new Events(socket, toCode);
  if (socket.readyState === 1) return events.open(open());
  events.wait(open, refused);
}

/** What listens to a socket: one object for all its events, and no event that is not needed, for a runtime keeps a list for each. */
class Events {
  readonly #socket: WebSocket;
  readonly #toCode: (event: SocketClosure) => number;
  #connection: Connection | undefined;

  constructor(socket: WebSocket, toCode: (event: SocketClosure) => number) {
    this.#socket = socket;
    this.#toCode = toCode;
    socket.addEventListener("close", this);
  }

  /** Waits for the socket to open. What was needed until then does not stay with it. */
  wait(open: () => Connection, refused: ((error: ConnectionError) => void) | undefined): void {
    const socket = this.#socket;
    const settle = (event: Event): void => {
      socket.removeEventListener("open", settle);
      if (refused !== undefined) {
        socket.removeEventListener("close", settle);
        socket.removeEventListener("error", settle);
      }
      if (event.type === "open") this.open(open());
      else refused?.(new ConnectionError("The connection was closed before it was open"));
    };
    socket.addEventListener("open", settle);
    if (refused === undefined) return;
    socket.addEventListener("close", settle);
    // On Node 22 no `close` follows the `error` of a socket that was refused. Later an `error` says nothing that the `close` after it does not.
    socket.addEventListener("error", settle);
  }

  /** Forwards to a connection from now on. */
  open(connection: Connection): void {
    this.#connection = connection;
    this.#socket.addEventListener("message", this);
  }

  handleEvent(event: Event): void {
    const connection = this.#connection;
    if (isMessage(event)) return forward(event.data, connection);
    if (!isClose(event)) return;
    // Deno keeps a lost socket until its idle timer ends; what belonged to it need not stay as long.
    this.#connection = undefined;
    const code = this.#toCode(event);
    // Deno gives one of its own to a peer that it drops for its silence.
    connection?.closed(code, code === 1006 ? "" : event.reason);
  }
}

function forward(data: unknown, connection: Connection | undefined): void {
  if (typeof data === "string") connection?.text(data);
  // The question that asks for no name first: asking costs a quarter of a microsecond on V8.
  else if (data instanceof ArrayBuffer || isBinary(data)) connection?.binary(new Uint8Array(data));
}

function isMessage(event: Event): event is MessageEvent {
  return event.type === "message";
}

function isClose(event: Event): event is CloseEvent {
  return event.type === "close";
}

// Deno reports a lost connection as 0.
function toStatusCode(event: SocketClosure): number {
  return event.code === 0 ? 1006 : event.code;
}
