/**
 * The transports of a client, of which the one that is needed is loaded.
 *
 * @module
 */

import type { ClientConfig } from "./src/client/client_config.ts";
import { webSocketTransport } from "./src/client/platform.ts";
import { page } from "./src/client/runtime.ts";
import type { Transport } from "./src/client/transport.ts";
import { UnsupportedError } from "./src/errors.ts";

/** What not every transport can do. */
const DEMANDS = [
  "customHeaders",
  "cookies",
  "auth",
  "secureSocket",
  "webSocketCompressionEnabled",
  "pingPongHandler",
  "heartbeat",
] as const;

/**
 * Chooses and loads what carries a client: in a browser the platform's `WebSocket`, elsewhere `ws`, which tells more and trusts less.
 *
 * @throws {UnsupportedError} If the transport cannot do what an option asks
 * @throws {TypeError} If what was given as transport is none
 */
export async function toTransport(config: ClientConfig): Promise<Transport> {
  // What has no navigator is Node that was told so.
  const isBrowser = page.navigator && !/^(?:Node\.js|Deno|Bun)\//.test(page.navigator.userAgent ?? "");
  const demands = DEMANDS.filter((name) => {
    // In a browser there are no pings; a credential may travel otherwise.
    if (name === "heartbeat" && isBrowser) return false;
    if (name === "auth" && (config.credentials ?? "header") !== "header") return false;
    return name === "webSocketCompressionEnabled" ? config[name] === false : config[name];
  });
  const name = config.transport ?? (isBrowser ? "platform" : "ws");
  if (name !== "ws" && name !== "platform" && typeof Object(name).dial !== "function") {
    throw new TypeError('Option transport must be "platform", "ws" or a Transport');
  }
  if (isBrowser && name === "ws") throw refusal("transport");
  const chosen =
    typeof name === "object"
      ? name
      : name === "ws"
        ? (await import("./adapters/ws/mod.ts")).wsTransport
        : webSocketTransport();
  for (const demand of demands) {
    if (!(demand === "pingPongHandler" || demand === "heartbeat" ? chosen.ping : chosen.headers)) throw refusal(demand);
  }
  return chosen.headers || chosen.ping ? (await import("./adapters/ws/dress.ts")).dress(chosen, config) : chosen;
}

function refusal(option: string): UnsupportedError {
  const advice = option === "auth" ? ", or credentials { subProtocol } or { query }" : "";
  return new UnsupportedError(`Option ${option} needs transport "ws", off the browser${advice}`);
}
