/**
 * The engine `node`: `node:http` and `ws`, the app served by `@hono/node-server`. It runs on Node, Deno and Bun.
 *
 * @module
 */

import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import process from "node:process";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { WebSocketServer } from "ws";
import { type Capabilities, ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import type { Engine, ListenOptions, Server } from "../../src/engine.ts";
import { Host } from "../../src/host.ts";
import type { Logger } from "../../src/logger.ts";
import type { ServiceRules } from "../../src/service_config.ts";
import { type App, ask, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { JoinedWriter } from "./joined_writer.ts";
import { type NodeServer, toWsSocket, type UpgradeListener } from "./runtime.ts";
import { openConnection } from "./sockets.ts";

/** Options of {@link attach} and {@link upgrader}. */
export interface UpgraderOptions {
  /** Where faults are told. @default the console */
  logger?: Logger;
}

// Bun puts its own `ws` in place of the package: it writes frames by itself and tells nothing of drained sockets.
const onBun = process.versions.bun !== undefined;

const capabilities: Capabilities = { ...ENGINE_CAPABILITIES.node, drain: !onBun };

/**
 * Serves the upgrades of your own `http.Server`, be it made by `node:http` or by `serve` of `@hono/node-server`, which goes on serving its
 * ordinary requests.
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
  return toUpgradeListener(app, new Host(capabilities, options.logger));
}

/** The engine `node`. */
export const engine: Engine = {
  capabilities,
  async listen(app: App, options: ListenOptions, host: Host): Promise<Server> {
    const server = createServer(getRequestListener((request, env) => app.fetch(request, { ...env })));
    server.on("upgrade", toUpgradeListener(app, host));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.hostname, resolve);
    });
    const close = (force: boolean): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        if (force) server.closeAllConnections();
      });
    return { port: (server.address() as AddressInfo).port, close };
  },
};

function toUpgradeListener(app: App, host: Host): (request: IncomingMessage, socket: Socket, head: Buffer) => void {
  const servers = new WeakMap<ServiceRules, WebSocketServer>();
  const heads = new WeakMap<IncomingMessage, Buffer>();
  const writer = onBun ? undefined : new JoinedWriter();
  const answer = getRequestListener(async (request, env) => {
    const incoming = env.incoming as IncomingMessage;
    const { socket } = incoming;
    const slot = new UpgradeSlot(host, socket.remoteAddress, "encrypted" in socket);
    const decision = await ask(app, request, slot, { ...env });
    if (!(decision instanceof Upgrade)) return decision;
    (env.outgoing as ServerResponse).detachSocket(socket);
    const server = servers.get(decision.rules) ?? toWebSocketServer(decision.rules);
    servers.set(decision.rules, server);
    Object.assign(incoming, { [DECISION]: decision });
    server.handleUpgrade(incoming, socket, heads.get(incoming) ?? Buffer.alloc(0), (ws) =>
      openConnection(decision, toWsSocket(ws), socket, writer),
    );
    return RESPONSE_ALREADY_SENT;
  });
  return (incoming, socket, head) => {
    heads.set(incoming, head);
    socket.on("error", () => {}); // A peer that leaves during the handshake; `close` follows.
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.assignSocket(socket);
    outgoing.on("finish", () => socket.destroySoon());
    void answer(incoming, outgoing);
  };
}

const DECISION: unique symbol = Symbol("decision");

function toWebSocketServer(rules: ServiceRules): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: rules.maxFrameSize,
    perMessageDeflate: false,
    handleProtocols: (_offered, request) => (request as Decided)[DECISION]?.protocol || false,
  });
  server.on("headers", (lines, request) => {
    for (const [name, value] of (request as Decided)[DECISION]?.headers ?? []) lines.push(`${name}: ${value}`);
  });
  return server;
}

type Decided = IncomingMessage & { [DECISION]?: Upgrade };
