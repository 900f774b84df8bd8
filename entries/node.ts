/**
 * The engine `node`: `node:http` and `ws`, on Node, Deno and Bun.
 *
 * @module
 */

import { Listener } from "../listener.ts";
import type { ListenerConfig } from "../src/listener_config.ts";
import type { App } from "../src/slot.ts";

export { attach, type UpgraderOptions, upgrader } from "../adapters/node/mod.ts";
export type { NodeServer, UpgradeListener } from "../adapters/node/runtime.ts";

/** Serves an app and its upgrades on a port, and resolves when the port is open. */
export async function serve(app: App, options: Omit<ListenerConfig, "engine">): Promise<Listener> {
  const listener = new Listener(app, { ...options, engine: "node" });
  await listener.start();
  return listener;
}
