/**
 * A service over any Web-standard `WebSocket`.
 *
 * @module
 */

import type { Caller } from "./caller.ts";
import { socketCapabilities } from "./capabilities.ts";
import { systemClock } from "./clock.ts";
import { ServiceConnection } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { Host } from "./host.ts";
import { consoleLogger, type Logger } from "./logger.ts";
import type { Service } from "./service.ts";
import { type ServiceConfig, toServiceRules } from "./service_config.ts";
import type { Connection } from "./socket.ts";

/** What {@link accept} takes besides the options of a service. */
export interface AcceptOptions {
  /** Where faults are told. @default the console */
  logger?: Logger;
}

/**
 * Runs a service over a Web-standard `WebSocket`: a client's, `Deno.upgradeWebSocket`'s, Cloudflare's. The options that concern the handshake
 * have no effect.
 *
 * The part of it that needs more than the standard gives is lost, as `caller.capabilities` says: there are no pings, and a connection that
 * does not answer a close is counted as down after `connectionClosureTimeout`.
 *
 * @returns The caller, once the socket is open
 * @throws {ConnectionError} If the socket is closed, or closes before it opens
 * @throws {TypeError} If an option is wrong
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
  const rules = toServiceRules(config);
  const host = new Host(socketCapabilities({}), options.logger ?? consoleLogger, systemClock);
  const { promise, resolve, reject } = Promise.withResolvers<Caller>();
  promise.catch(() => {}); // Nobody needs to wait for a service to be opened.
  const open = (): Connection => {
    const isSecure = socket.url.startsWith("wss:");
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

/**
 * Forwards the events of a Web-standard socket to the connection that `open` makes once the socket is open. Nothing that was needed until then
 * stays with the socket.
 *
 * @param toCode Reads the close code of a runtime that does not follow the standard
 * @param refused Is told when the socket closes before it is open
 */
export function drive(
  socket: WebSocket,
  toCode: (event: CloseEvent) => number,
  open: () => Connection,
  refused: (error: ConnectionError) => void,
): void {
  socket.binaryType = "arraybuffer";
  if (socket.readyState === 1) return forward(socket, toCode, open());
  const settle = (event: Event): void => {
    socket.removeEventListener("open", settle);
    socket.removeEventListener("close", settle);
    socket.removeEventListener("error", settle);
    if (event.type === "open") forward(socket, toCode, open());
    else refused(new ConnectionError("The connection was closed before it was open"));
  };
  socket.addEventListener("open", settle);
  socket.addEventListener("close", settle);
  // On Node 22 no `close` follows the `error` of a socket that was refused. Later an `error` says nothing that the `close` after it does not.
  socket.addEventListener("error", settle);
}

function forward(socket: WebSocket, toCode: (event: CloseEvent) => number, connection: Connection): void {
  const onMessage = (event: MessageEvent): void => {
    const data: unknown = event.data;
    if (typeof data === "string") connection.text(data);
    else if (data instanceof ArrayBuffer) connection.binary(new Uint8Array(data));
  };
  const onClose = (event: CloseEvent): void => {
    // Deno keeps a lost socket until its idle timer ends; what belonged to it need not stay as long.
    socket.removeEventListener("message", onMessage);
    socket.removeEventListener("close", onClose);
    connection.closed(toCode(event), event.reason);
  };
  socket.addEventListener("message", onMessage);
  socket.addEventListener("close", onClose);
}

// Deno reports a lost connection as 0.
function toStatusCode(event: CloseEvent): number {
  return event.code === 0 ? 1006 : event.code;
}
