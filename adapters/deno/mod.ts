/**
 * The engine `deno`: `Deno.serve` and `Deno.upgradeWebSocket`.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { ask, dress } from "../../src/ask.ts";
import { ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { type OwnServerOptions, toOwnHost } from "../../src/connections.ts";
import type { Engine, ListenOptions, Server } from "../../src/engine.ts";
import { ListenerError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import { refuse } from "../../src/refusal.ts";
import { warnOfAge } from "../../src/runtime_age.ts";
import { type App, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { drive, type SocketClosure } from "../../src/web_socket.ts";
import { DenoPort } from "./port.ts";
import { type DenoGlobal, type DenoServeInfo, denoGlobal, hostnameOf } from "./runtime.ts";

// Seconds: past 31 bits of milliseconds Deno ends the connection at once.
const LONGEST_IDLE = 2_147_483;

/** Options of {@link handler}. */
export type HandlerOptions = OwnServerOptions;

/** What `Deno.serve` takes to serve an app and its upgrades. */
export type Handler = (request: Request, info: DenoServeInfo) => Promise<Response>;

/**
 * Makes the handler for your own `Deno.serve`.
 *
 * @throws {ListenerError} Anywhere but on Deno
 * @example
 * ```ts
 * import { upgrade } from "@switchboard/websocket";
 * import { handler } from "@switchboard/websocket/deno";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/echo", upgrade(() => ({ onTextMessage: (_caller, text) => text })));
 * export default { fetch: handler(app) };
 * ```
 */
export function handler(app: App, options: HandlerOptions = {}): Handler {
  const host = toOwnHost(app, ENGINE_CAPABILITIES.deno, "HandlerOptions", options, [], AsyncLocalStorage.snapshot());
  const answer = toHandler(deno(), app, host);
  warnOfAge(host, "deno", deno().version.deno);
  return async (request, info) => await answer(request, info);
}

/** The engine `deno`. */
export const engine: Engine = {
  capabilities: ENGINE_CAPABILITIES.deno,
  toApart: () => AsyncLocalStorage.snapshot(),
  listen(app: App, options: ListenOptions, host: Host): Promise<Server> {
    warnOfAge(host, "deno", deno().version.deno);
    return Promise.resolve(new DenoPort(deno(), options, toHandler(deno(), app, host), host));
  },
};

function toHandler(
  runtime: DenoGlobal,
  app: App,
  host: Host,
): (request: Request, info: DenoServeInfo) => Response | Promise<Response> {
  return (request, info) => {
    // Deno voids the request once upgraded, so all of it is read before.
    const { remoteAddr } = info;
    const slot = new UpgradeSlot(host, { remoteAddress: hostnameOf(remoteAddr) }, request.url.startsWith("https:"));
    // Reading all headers makes Deno keep them with the socket, 1.7 kB: only for those who ask for a limit.
    if (!host.rules.hasHeaderLimit) slot.headerSize = 0;
    const answer = ask(app, request, slot, { info, remoteAddr });
    if (!(answer instanceof Promise)) return reply(runtime, answer, request, host);
    const { signal } = request;
    // Of a peer that has left meanwhile Deno tells nothing once the socket is made, and it would keep that for ever.
    return answer.then((late) =>
      signal.aborted && late instanceof Upgrade
        ? turnAway(late, host, "Wait for the answer")
        : reply(runtime, late, request, host),
    );
  };
}

function reply(runtime: DenoGlobal, answer: Response | Upgrade, request: Request, host: Host): Response {
  if (!(answer instanceof Upgrade)) return answer;
  const { heartbeatInterval, heartbeatTimeout } = answer.rules;
  // Deno pings a silent peer after half of its idle timeout, and drops it at the end.
  const idleTimeout = Math.min(Math.ceil((heartbeatInterval + heartbeatTimeout) / 1000), LONGEST_IDLE);
  // Deno lets a request without Host through. Not `has`, for which it copies all headers and keeps them with the socket.
  if (request.headers.get("host") === null) return turnAway(answer, host, "Send a Host");
  const { socket, response } = runtime.upgradeWebSocket(request, { idleTimeout });
  // Not by the option: in a list without blanks behind the commas, as `ws` writes it, Deno finds none of the names.
  if (answer.protocol !== "") response.headers.set("sec-websocket-protocol", answer.protocol);
  for (const [name, value] of answer.headers) response.headers.append(name, value);
  drive(socket, toStatusCode, () => answer.open(socket));
  return response;
}

function turnAway(upgrade: Upgrade, host: Host, advice: string): Response {
  upgrade.abandon();
  return dress(host, refuse(400, advice));
}

// Deno reports a lost connection as 0, and one that it drops for its silence as an unclean 1001.
function toStatusCode(event: SocketClosure): number {
  return event.wasClean ? event.code : 1006;
}

function deno(): DenoGlobal {
  const runtime = denoGlobal();
  if (runtime === undefined) throw new ListenerError('The engine "deno" runs on Deno only');
  return runtime;
}
