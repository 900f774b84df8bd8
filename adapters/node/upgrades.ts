/**
 * Answers the event `upgrade` of an `http.Server`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import process from "node:process";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { WebSocketServer } from "ws";
import type { Host } from "../../src/host.ts";
import type { ServiceRules } from "../../src/service_config.ts";
import { type App, ask, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { JoinedWriter } from "./joined_writer.ts";
import { decideOn, decisionOf, toWsSocket, type UpgradeListener } from "./runtime.ts";
import { openConnection } from "./sockets.ts";

/** Whether Bun puts its own `ws` in place of the package: it writes frames by itself and tells nothing of drained sockets. */
export const onBun: boolean = process.versions.bun !== undefined;

interface Handshake {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Makes the listener: `@hono/node-server` turns the request into a `Request` and writes a refusal, `ws` writes the 101. */
export function toUpgradeListener(app: App, host: Host): UpgradeListener {
  const servers = new WeakMap<ServiceRules, WebSocketServer>();
  const handshakes = new WeakMap<object, Handshake>();
  const writer = onBun ? undefined : new JoinedWriter();

  const accept = (upgrade: Upgrade, { incoming, outgoing, socket, head }: Handshake): void => {
    const server = servers.get(upgrade.rules) ?? toWebSocketServer(upgrade.rules);
    servers.set(upgrade.rules, server);
    decideOn(incoming, upgrade);
    outgoing.detachSocket(socket);
    server.handleUpgrade(incoming, socket, head, (ws) => openConnection(upgrade, toWsSocket(ws), socket, writer));
  };

  const answer = getRequestListener(async (request, env) => {
    const handshake = handshakes.get(env.incoming);
    if (handshake === undefined) return new Response(null, { status: 500 });
    const { socket } = handshake;
    // On Bun a plain socket has the property too.
    const isSecure = "encrypted" in socket && socket.encrypted === true;
    const slot = new UpgradeSlot(host, socket.remoteAddress, isSecure);
    const decision = await ask(app, request, slot, { ...env });
    if (!(decision instanceof Upgrade)) return decision;
    accept(decision, handshake);
    return RESPONSE_ALREADY_SENT;
  });

  return (incoming, _stream, rest) => {
    if (!(incoming instanceof IncomingMessage))
      throw new TypeError("An upgrader listens to the event upgrade of an http.Server");
    const head = Buffer.isBuffer(rest) ? rest : Buffer.from(rest);
    // From Node 26 on the stream of a request with a body is not its socket.
    const { socket } = incoming;
    socket.on("error", () => {}); // A peer that leaves during the handshake; `close` follows.
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.assignSocket(socket);
    outgoing.on("finish", () => socket.destroySoon());
    handshakes.set(incoming, { incoming, outgoing, socket, head });
    void answer(incoming, outgoing);
  };
}

// A timer takes no more milliseconds.
const LONGEST = 2_147_483_647;

// `ws` has its limit a server, so there is one for each service; none of them listens.
function toWebSocketServer(rules: ServiceRules): WebSocketServer {
  // Apart from the rest, for the types of `ws` do not know them all.
  const limits = {
    maxPayload: rules.maxFrameSize,
    // So many fragments that none needs to be of less than 64 bytes.
    maxFragments: Math.max(16_384, Math.ceil(rules.maxFrameSize / 64)),
    // The core waits for the close frame; Bun's own `ws` tells nothing of what comes after it.
    closeTimeout: onBun && rules.closureTimeout !== -1 ? rules.closureTimeout : LONGEST,
  };
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    ...limits,
    handleProtocols: (_offered, request) => decisionOf(request)?.protocol || false,
  });
  server.on("headers", (lines, request) => {
    for (const [name, value] of decisionOf(request)?.headers ?? []) lines.push(`${name}: ${value}`);
  });
  return server;
}
