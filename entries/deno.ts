/**
 * The engine `deno`: `Deno.serve` and `Deno.upgradeWebSocket`.
 *
 * @module
 */

import { Listener } from "../listener.ts";
import type { ListenerConfig } from "../src/listener_config.ts";
import type { App } from "../src/slot.ts";

export { type Handler, type HandlerOptions, handler } from "../adapters/deno/mod.ts";
export type { DenoServeInfo } from "../adapters/deno/runtime.ts";

/** Serves an app and its upgrades on a port, and resolves when the port is open. */
export async function serve(app: App, options: Omit<ListenerConfig, "engine">): Promise<Listener> {
  const listener = new Listener(app, { ...options, engine: "deno" });
  await listener.start();
  return listener;
}
