/**
 * The engine `node`: `node:http` and `ws`, the app served by `@hono/node-server`. It runs on Node, Deno and Bun.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import { type Capabilities, ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { type OwnServerOptions, toOwnHost } from "../../src/connections.ts";
import type { Engine, ListenOptions, Server } from "../../src/engine.ts";
import type { Host } from "../../src/host.ts";
import { warnOfAge } from "../../src/runtime_age.ts";
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
 * ordinary requests.
 *
 * An upgrade for which the app has no upgrade service, and which no middleware refuses, goes to the next app that is attached to the server, and is
 * left to other listeners of its event `upgrade`, such as a `WebSocketServer` with `noServer` or the one of a development server. What none of
 * them has answered after 10 s gets 404; where there are no others it gets that at once.
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
  const host = toOwnHost(app, capabilities, "UpgraderOptions", options, [], AsyncLocalStorage.snapshot());
  if (options.timeout !== undefined)
    host.logger.debug(
      "Option timeout has no effect on a server of your own: set its headersTimeout and requestTimeout",
    );
  warn(host);
  return toUpgradeListener(app, host);
}

/** The engine `node`. */
export const engine: Engine = {
  capabilities,
  toApart: () => AsyncLocalStorage.snapshot(),
  async listen(app: App, options: ListenOptions, host: Host): Promise<Server> {
    warn(host);
    const server = toServer(app, host, options.secure);
    const strays = new Set<NodeSocket>();
    const answer = toUpgradeListener(app, host, strays);
    // Called by hand, for nobody else answers on a server of ours.
    server.on("upgrade", (request, socket, head) => answer(request, socket, head));
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

function warn(host: Host): void {
  const { bun, deno, node } = process.versions;
  warnOfAge(host, bun !== undefined ? "bun" : deno !== undefined ? "deno" : "node", bun ?? deno ?? node);
}

function portOf(address: unknown): number | undefined {
  if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
  return typeof address.port === "number" ? address.port : undefined;
}
