/**
 * The events of all sockets of a server of Bun: ours go to their connections, those of others to whoever handles them.
 *
 * @module
 */

import { toUnshared } from "../../src/bytes.ts";
import { toDeflatedLimit } from "../../src/compression.ts";
import type { Host } from "../../src/host.ts";
import { type BunWebSocket, type BunWebSocketHandler, toOther } from "./runtime.ts";
import { type BunSocket, closed, isOurs } from "./socket.ts";

// Bun drops a message that would exceed this, silently; the core closes long before.
const NEVER_DROP = 0x7fffffff;

/** The events of sockets that are not ours, as `Bun.serve` takes them: of Bun's `ServerWebSocket`, whatever its data. */
export interface OtherSockets {
  /** A socket has opened. */
  open?(socket: never): unknown;
  /** A message has arrived. */
  message?(socket: never, message: never): unknown;
  /** A ping has arrived. */
  ping?(socket: never, data: never): unknown;
  /** A pong has arrived. */
  pong?(socket: never, data: never): unknown;
  /** Unsent bytes have left. */
  drain?(socket: never): unknown;
  /** A socket has closed. */
  close?(socket: never, code: number, reason: string): unknown;
}

/** Makes the handlers of `Bun.serve({ websocket })`. */
export function toEvents(host: Host, maxFrameSize: number, others: OtherSockets): BunWebSocketHandler<BunSocket> {
  return {
    open(socket) {
      if (isOurs(socket.data)) socket.data.open(socket);
      else others.open?.(toOther(socket));
    },
    message(socket, message) {
      const { data } = socket;
      if (!isOurs(data)) return void others.message?.(toOther(socket), toOther(message));
      data.beginEvent();
      if (typeof message === "string") data.connection?.text(message);
      else data.connection?.binary(message);
      data.endEvent();
    },
    ping(socket, data) {
      if (isOurs(socket.data)) socket.data.connection?.ping(toUnshared(data));
      else others.ping?.(toOther(socket), toOther(data));
    },
    pong(socket, data) {
      if (isOurs(socket.data)) socket.data.connection?.pong(toUnshared(data));
      else others.pong?.(toOther(socket), toOther(data));
    },
    drain(socket) {
      if (isOurs(socket.data)) socket.data.connection?.drain();
      else others.drain?.(toOther(socket));
    },
    close(socket, code, reason) {
      if (isOurs(socket.data)) closed(socket.data.connection, code, reason);
      else others.close?.(toOther(socket), code, reason);
    },
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: host.capabilities.compression,
    maxPayloadLength: host.capabilities.compression ? toDeflatedLimit(maxFrameSize) : maxFrameSize,
    backpressureLimit: NEVER_DROP,
    closeOnBackpressureLimit: false,
  };
}

/** Stands for the others where nobody has said what becomes of sockets that a route has upgraded by itself. */
export function toNobody(host: Host): OtherSockets {
  return {
    open(socket: BunWebSocket<unknown>) {
      host.warnOnce(
        "A route has upgraded a connection by itself, and nobody handles it: give its handlers to option websocket of handlers(), of the entry point bun",
      );
      socket.close(1011, "No handler");
    },
  };
}
