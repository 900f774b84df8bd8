/**
 * The engine `bun`: `Bun.serve` and its own sockets.
 *
 * @module
 */

import { answerFault, ask } from "../../src/ask.ts";
import { toUnshared } from "../../src/bytes.ts";
import { ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { toDeflatedLimit } from "../../src/compression.ts";
import { type OwnServerOptions, toOwnHost } from "../../src/connections.ts";
import type { Engine, ListenOptions, Server } from "../../src/engine.ts";
import { ListenerError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import { refuse } from "../../src/refusal.ts";
import { type App, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { type BunServer, type BunWebSocketHandler, bunGlobal } from "./runtime.ts";
import { BunSocket, closed } from "./socket.ts";
import { Tick } from "./tick.ts";
import { toBunTls } from "./tls.ts";

/** What Bun keeps with a socket: the decision until it opens, the connection from then on. */
export type SocketData = BunSocket;

/** Options of {@link handlers}. */
export interface HandlersOptions extends OwnServerOptions {
  /** Bytes of the largest message that Bun accepts; each service judges its own `maxFrameSize`. @default 16777216 */
  maxFrameSize?: number;
}

/** What `Bun.serve` takes to serve an app and its upgrades. */
export interface Handlers {
  /** Answers a request, or upgrades it. */
  fetch(request: Request, server: BunServer<SocketData>): Response | undefined | Promise<Response | undefined>;
  /** The events of the sockets. */
  websocket: BunWebSocketHandler<SocketData>;
}

// Milliseconds that the last bytes of a stopped server may take to leave.
const LINGER = 60_000;

// Bun drops a message that would exceed this, silently; the core closes long before.
const NEVER_DROP = 0x7fffffff;

/**
 * Makes the handlers to spread into your own `Bun.serve`.
 *
 * @example
 * ```ts
 * import { upgrade } from "@switchboard/websocket";
 * import { handlers } from "@switchboard/websocket/bun";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/echo", upgrade(() => ({ onTextMessage: (_caller, text) => text })));
 * export default { port: 0, ...handlers(app) };
 * ```
 */
export function handlers(app: App, options: HandlersOptions = {}): Handlers {
  const host = toOwnHost(ENGINE_CAPABILITIES.bun, "HandlersOptions", options, "maxFrameSize");
  return toHandlers(app, host, options.maxFrameSize ?? 16_777_216);
}

/** The engine `bun`. */
export const engine: Engine = {
  capabilities: ENGINE_CAPABILITIES.bun,
  listen(app: App, options: ListenOptions, host: Host): Promise<Server> {
    const bun = bunGlobal();
    if (bun === undefined) throw new ListenerError('The engine "bun" runs on Bun only');
    const { port, hostname, maxFrameSize, secure } = options;
    const tls = secure === undefined ? {} : { tls: toBunTls(secure) };
    // Else a peer is shown what goes wrong, with the paths of the machine; not in development Bun would share a port that is taken.
    const quiet = { development: false, reusePort: false, error: (error: unknown) => answerFault(host, error) };
    const server = bun.serve({ port, hostname, ...tls, ...quiet, ...toHandlers(app, host, maxFrameSize) });
    return Promise.resolve({
      port: server.port ?? port,
      limit: (size) => void server.reload({ ...quiet, ...toHandlers(app, host, size) }),
      close(force) {
        if (!force) outlive(server);
        return server.stop(force);
      },
    });
  },
};

// Once nobody holds a server that has stopped, Bun collects it, and cuts off what its last connections have yet to send.
function outlive(server: unknown): void {
  const timer = setTimeout(() => server, LINGER);
  timer.unref();
}

function toHandlers(app: App, host: Host, maxFrameSize: number): Handlers {
  const tick = new Tick();
  return {
    fetch(request, server) {
      const socket = new BunSocket(request, server, tick);
      const slot = new UpgradeSlot(host, socket, request.url.startsWith("https:"));
      // To count the headers costs more than all other checks; Bun itself takes no more than 16 KiB.
      if (!host.rules.hasHeaderLimit) slot.headerSize = 0;
      const answer = ask(app, request, slot, { server });
      return answer instanceof Promise ? answer.then((late) => reply(late, socket)) : reply(answer, socket);
    },
    websocket: {
      open: (socket) => socket.data.open(socket),
      message({ data }, message) {
        tick.served = data;
        if (typeof message === "string") data.connection?.text(message);
        else data.connection?.binary(message);
        tick.served = undefined;
      },
      ping: (socket, data) => socket.data.connection?.ping(toUnshared(data)),
      pong: (socket, data) => socket.data.connection?.pong(toUnshared(data)),
      drain: (socket) => socket.data.connection?.drain(),
      close: (socket, code, reason) => closed(socket.data.connection, code, reason),
      idleTimeout: 0,
      sendPings: false,
      perMessageDeflate: host.capabilities.compression,
      maxPayloadLength: host.capabilities.compression ? toDeflatedLimit(maxFrameSize) : maxFrameSize,
      backpressureLimit: NEVER_DROP,
      closeOnBackpressureLimit: false,
    },
  };
}

function reply(answer: Response | Upgrade, socket: BunSocket): Response | undefined {
  if (!(answer instanceof Upgrade)) return answer;
  return socket.upgrade(answer) ? undefined : refuse(400, "Send nothing before the upgrade is answered");
}
