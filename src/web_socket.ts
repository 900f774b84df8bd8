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
  const opened = drive(socket, toStatusCode, () => {
    const isSecure = socket.url.startsWith("wss:");
    const details = { protocol: socket.protocol, remoteAddress: undefined, isSecure };
    const connection = new ServiceConnection(service, socket, rules, host, details);
    connection.start();
    return connection;
  }).then((connection) => connection.caller);
  opened.catch(() => {}); // Nobody needs to wait for a service to be opened.
  return opened;
}

/**
 * Forwards the events of a Web-standard socket to the connection that `open` makes once the socket is open.
 *
 * @param toCode Reads the close code of a runtime that does not follow the standard
 */
export function drive<Opened extends Connection>(
  socket: WebSocket,
  toCode: (event: CloseEvent) => number,
  open: () => Opened,
): Promise<Opened> {
  const { promise, resolve, reject } = Promise.withResolvers<Opened>();
  const fail = (): void => reject(new ConnectionError("The connection was closed before it was open"));
  const begin = (): void => {
    // From now on an `error` says nothing that the `close` after it does not say.
    socket.onerror = () => {};
    const connection = open();
    socket.onmessage = (event: MessageEvent): void => {
      const data: unknown = event.data;
      if (typeof data === "string") connection.text(data);
      else if (data instanceof ArrayBuffer) connection.binary(new Uint8Array(data));
    };
    socket.onclose = (event) => {
      // Deno keeps a lost socket until its idle timer ends; what belonged to it need not stay as long.
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
      connection.closed(toCode(event), event.reason);
    };
    resolve(connection);
  };
  socket.binaryType = "arraybuffer";
  socket.onopen = begin;
  socket.onclose = fail;
  // On Node 22 no `close` follows the `error` of a socket that was refused.
  socket.onerror = fail;
  if (socket.readyState === 1) begin();
  else if (socket.readyState > 1) reject(new ConnectionError("Cannot run a service over a socket that is closed"));
  return promise;
}

// Deno reports a lost connection as 0.
function toStatusCode(event: CloseEvent): number {
  return event.code === 0 ? 1006 : event.code;
}
