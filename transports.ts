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
  const { navigator } = page;
  const isBrowser = navigator && !/^(Node\.js|Deno|Bun)\//.test(`${navigator.userAgent}`);
  const name = config.transport ?? (isBrowser ? "platform" : "ws");
  if (name !== "ws" && name !== "platform" && typeof Object(name).dial !== "function") {
    throw new TypeError('Option transport must be "platform", "ws" or a Transport');
  }
  const chosen = name === "ws" ? await load(isBrowser) : name === "platform" ? webSocketTransport() : name;
  for (const option of DEMANDS) {
    // In a browser there are no pings; a credential may travel otherwise.
    const isMoot =
      option === "heartbeat" ? isBrowser : option === "auth" && (config.credentials ?? "header") !== "header";
    const isAsked = option === "webSocketCompressionEnabled" ? config[option] === false : config[option];
    const isAble = option === "pingPongHandler" || option === "heartbeat" ? chosen.ping : chosen.headers;
    if (isAsked && !isMoot && !isAble) throw refusal(option);
  }
  return chosen.headers || chosen.ping ? (await import("./adapters/ws/dress.ts")).dress(chosen, config) : chosen;
}

// What only looks like a browser, as Electron and the environments of test runners do, may be Node all the same; a bundle for browsers holds nothing there.
async function load(isBrowser: unknown): Promise<Transport> {
  const loading = import("./adapters/ws/mod.ts");
  const { wsTransport } = await (isBrowser ? loading.catch(Object) : loading);
  if (!wsTransport) throw new UnsupportedError('Option transport "ws" needs Node, Deno or Bun');
  return wsTransport;
}

function refusal(option: string): UnsupportedError {
  const advice = option === "auth" ? ", or credentials { subProtocol } or { query }" : "";
  return new UnsupportedError(`Option ${option} needs Node, Deno or Bun, and transport "ws"${advice}`);
}
