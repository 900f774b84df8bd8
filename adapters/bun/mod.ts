/**
 * The engine `bun`: `Bun.serve` and its own sockets.
 *
 * @module
 */

import { answerFault, ask, dress } from "../../src/ask.ts";
import { ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { systemClock } from "../../src/clock.ts";
import { type OwnServerOptions, toOwnHost } from "../../src/connections.ts";
import type { Engine, ListenOptions, Server } from "../../src/engine.ts";
import { ListenerError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import { refuse } from "../../src/refusal.ts";
import { warnOfAge } from "../../src/runtime_age.ts";
import { type App, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { type OtherSockets, toEvents, toNobody } from "./events.ts";
import { type BunServer, type BunWebSocketHandler, bunGlobal, bunVersion } from "./runtime.ts";
import { BunSocket } from "./socket.ts";
import { Tick } from "./tick.ts";
import { toBunTls } from "./tls.ts";

export type { BunSocket as SocketData };

/** Options of {@link handlers}. */
export interface HandlersOptions extends OwnServerOptions {
  /** Bytes of the largest message that Bun accepts; each service judges its own `maxFrameSize`. @default 16777216 */
  maxFrameSize?: number | undefined;
  /**
   * The events of sockets that others have upgraded, such as Hono's own `upgradeWebSocket` on another route: a server of Bun has one place for the
   * events of all its sockets. Without it such a socket is closed with 1011. @default none
   */
  websocket?: OtherSockets | undefined;
}

/** What `Bun.serve` takes to serve an app and its upgrades. */
export interface Handlers {
  /** Answers a request, or upgrades it. */
  readonly fetch: (
    request: Request,
    server: BunServer<BunSocket>,
  ) => Response | undefined | Promise<Response | undefined>;
  /** The events of the sockets. */
  websocket: BunWebSocketHandler<BunSocket>;
}

// Seconds without a byte: the most that Bun takes. Its own 10 would cut off an answer that takes longer.
const IDLE = 255;

// Milliseconds that the last bytes of a stopped server may take to leave.
const LINGER = 60_000;

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
  const host = toOwnHost(app, ENGINE_CAPABILITIES.bun, "HandlersOptions", options, ["maxFrameSize", "websocket"]);
  const { maxFrameSize = 16_777_216, websocket } = options;
  if (websocket !== undefined && (typeof websocket !== "object" || websocket === null))
    throw new TypeError("Option websocket must be the handlers that another upgrade wants Bun.serve to have");
  warnOfAge(host, "bun", bunVersion());
  return toHandlers(app, host, maxFrameSize, websocket ?? toNobody(host));
}

/** The engine `bun`. */
export const engine: Engine = {
  capabilities: ENGINE_CAPABILITIES.bun,
  listen(app: App, options: ListenOptions, host: Host): Promise<Server> {
    const bun = bunGlobal();
    if (bun === undefined) throw new ListenerError('The engine "bun" runs on Bun only');
    warnOfAge(host, "bun", bunVersion());
    const { port, hostname, maxFrameSize, secure } = options;
    const tls = secure === undefined ? {} : { tls: toBunTls(secure) };
    // Otherwise Bun shows a peer what went wrong, with paths of the machine; and outside of development it would share a port that is taken.
    const quiet = { development: false, reusePort: false, error: (error: unknown) => answerFault(host, error) };
    const own = { ...tls, ...quiet, idleTimeout: IDLE, maxRequestBodySize: Number.MAX_SAFE_INTEGER };
    const nobody = toNobody(host);
    const server = bun.serve({ port, hostname, ...own, ...toHandlers(app, host, maxFrameSize, nobody) });
    return Promise.resolve({
      port: server.port ?? port,
      limit: (size) => void server.reload({ ...quiet, ...toHandlers(app, host, size, nobody) }),
      close(force) {
        if (!force) outlive(server);
        return server.stop(force);
      },
    });
  },
};

// Once nobody holds a server that has stopped, Bun collects it, and cuts off what its last connections have yet to send.
function outlive(server: unknown): void {
  systemClock.schedule(() => server, LINGER);
}

function toHandlers(app: App, host: Host, maxFrameSize: number, others: OtherSockets): Handlers {
  const tick = new Tick();
  return {
    fetch(request, server) {
      const { url } = request;
      // Of a Host that is none Bun makes no address, and an app would take a part of the path for all of it.
      if (url.startsWith("/")) return dress(host, refuse(400, "Send a Host of name and port"));
      const socket = new BunSocket(request, server, tick);
      const slot = new UpgradeSlot(host, socket, url.startsWith("https:"));
      // To count the headers costs more than all other checks; Bun itself takes no more than 16 KiB.
      if (!host.rules.hasHeaderLimit) slot.headerSize = 0;
      slot.allowsNothing = true;
      const answer = ask(app, request, slot, { server });
      return answer instanceof Promise ? answer.then((late) => reply(late, socket)) : reply(answer, socket);
    },
    websocket: toEvents(host, maxFrameSize, others),
  };
}

function reply(answer: Response | Upgrade, socket: BunSocket): Response | undefined {
  if (!(answer instanceof Upgrade)) return answer;
  return socket.upgrade(answer) ? undefined : refuse(400, "Send nothing before the upgrade is answered");
}
