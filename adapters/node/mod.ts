/**
 * The engine `node`: `node:http` and `ws`, the app served by `@hono/node-server`. It runs on Node, Deno and Bun.
 *
 * @module
 */

import { type Capabilities, ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { type OwnServerOptions, toOwnHost } from "../../src/connections.ts";
import type { Engine, ListenOptions, Server } from "../../src/engine.ts";
import type { Host } from "../../src/host.ts";
import type { App } from "../../src/slot.ts";
import { isNode, type NodeServer, type NodeSocket, onBun, type UpgradeListener } from "./runtime.ts";
import { toServer } from "./servers.ts";
import { toUpgradeListener } from "./upgrades.ts";

/** Options of {@link attach} and {@link upgrader}. */
export type UpgraderOptions = OwnServerOptions;

const capabilities: Capabilities = {
  ...ENGINE_CAPABILITIES.node,
  drain: !onBun,
  // On Deno `ws` delivers a message of corrupt data as an empty one.
  compression: isNode || onBun,
};

/**
 * Serves the upgrades of your own `http.Server`, be it made by `node:http` or by `serve` of `@hono/node-server`, which goes on serving its
 * ordinary requests. One listener a server answers all its upgrades: of two that are attached the first does.
 *
 * @returns What ends it; open connections stay
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { upgrade } from "@switchboard/websocket";
 * import { attach } from "@switchboard/websocket/node";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/echo", upgrade(() => ({ onTextMessage: (_caller, text) => text })));
 * const server = createServer((_request, response) => response.end("Hello"));
 * const detach = attach(server, app);
 * detach();
 * ```
 */
export function attach(server: NodeServer, app: App, options: UpgraderOptions = {}): () => void {
  const listener = upgrader(app, options);
  server.on("upgrade", listener);
  return () => {
    server.off("upgrade", listener);
  };
}

/** Makes the listener for the event `upgrade` of an `http.Server`; {@link attach} adds it for you. */
export function upgrader(app: App, options: UpgraderOptions = {}): UpgradeListener {
  const host = toOwnHost(capabilities, "UpgraderOptions", options);
  if (options.timeout !== undefined)
    host.logger.debug(
      "Option timeout has no effect on a server of your own: set its headersTimeout and requestTimeout",
    );
  return toUpgradeListener(app, host);
}

/** The engine `node`. */
export const engine: Engine = {
  capabilities,
  async listen(app: App, options: ListenOptions, host: Host): Promise<Server> {
    const server = toServer(app, host, options.secure);
    const strays = new Set<NodeSocket>();
    server.on("upgrade", toUpgradeListener(app, host, strays));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.hostname, resolve);
    });
    const close = (force: boolean): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        if (!force) return;
        server.closeAllConnections();
        for (const socket of strays) socket.destroy();
      });
    const address = server.address();
    return { port: portOf(address) ?? options.port, close };
  },
};

function portOf(address: unknown): number | undefined {
  if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
  return typeof address.port === "number" ? address.port : undefined;
}
