/**
 * The engine `bun`: `Bun.serve`.
 *
 * @module
 */

import { Listener } from "../listener.ts";
import type { ListenerConfig } from "../src/listener_config.ts";
import type { App } from "../src/slot.ts";

export type { OtherSockets } from "../adapters/bun/events.ts";
export { type Handlers, type HandlersOptions, handlers, type SocketData } from "../adapters/bun/mod.ts";
export type { BunServer, BunWebSocket, BunWebSocketHandler } from "../adapters/bun/runtime.ts";

/** Serves an app and its upgrades on a port, and resolves when the port is open. */
export async function serve(app: App, options: Omit<ListenerConfig, "engine">): Promise<Listener> {
  const listener = new Listener(app, { ...options, engine: "bun" });
  await listener.start();
  return listener;
}
