/**
 * The transports of a client, of which the one that is needed is loaded.
 *
 * @module
 */

import type { ClientConfig } from "./src/client/client_config.ts";
import { webSocketTransport } from "./src/client/platform.ts";
import type { Transport, TransportCapabilities } from "./src/client/transport.ts";
import { UnsupportedError } from "./src/errors.ts";

/**
 * Chooses and loads what carries a client: in a browser the platform's `WebSocket`; elsewhere that too, unless an option asks for more.
 *
 * @param config The options; with the user of the URL as `auth`
 * @throws {UnsupportedError} If the transport cannot do what an option asks
 * @throws {TypeError} If what was given as transport is none
 */
export async function toTransport(config: ClientConfig): Promise<Transport> {
  const needs = toNeeds(config);
  const transport = await pick(config, needs.length > 0);
  const { name, capabilities } = transport;
  for (const [option, capability] of needs) {
    if (capabilities[capability]) continue;
    const advice = option === "auth" ? "; credentials { subProtocol } or { query } work everywhere" : "";
    throw new UnsupportedError(
      `Option ${option} is too much for transport "${name}": use "ws", off the browser${advice}`,
    );
  }
  // What a browser's own WebSocket does not do is not loaded there.
  return capabilities.headers ? (await import("./adapters/ws/dress.ts")).dress(transport, config) : transport;
}

type Need = readonly [option: keyof ClientConfig, capability: keyof TransportCapabilities, isAsked: unknown];

/** Gives the options that not every transport can obey, with what they need of it. */
function toNeeds(config: ClientConfig): Need[] {
  const { auth, credentials = "header", customHeaders = {}, cookies = {} } = config;
  const needs: Need[] = [
    ["customHeaders", "headers", Object.keys(customHeaders)[0]],
    ["cookies", "headers", Object.keys(cookies)[0]],
    ["auth", "headers", auth && credentials === "header"],
    ["secureSocket", "tls", config.secureSocket],
    ["pingPongHandler", "ping", config.pingPongHandler],
    // In a browser it is just off.
    ["heartbeat", "ping", config.heartbeat && !isBrowser()],
    ["webSocketCompressionEnabled", "compression", config.webSocketCompressionEnabled === false],
  ];
  return needs.filter(([, , isAsked]) => isAsked);
}

async function pick(config: ClientConfig, needsMore: boolean): Promise<Transport> {
  const { transport, retryConfig, handShakeTimeout } = config;
  if (isTransport(transport)) return transport;
  // Whether to try again depends on what the platform hides, and what takes too long must be cut off.
  const wantsMore = needsMore || retryConfig || handShakeTimeout !== undefined || typeof WebSocket === "undefined";
  switch (transport ?? (wantsMore && !isBrowser() ? "ws" : "platform")) {
    case "platform":
      return webSocketTransport();
    case "ws":
      if (isBrowser()) throw new UnsupportedError('Transport "ws" does not run in browsers');
      return (await import("./adapters/ws/mod.ts")).wsTransport;
  }
  throw new TypeError('Option transport must be "platform", "ws" or a Transport');
}

function isTransport(value: unknown): value is Transport {
  return (
    typeof value === "object" &&
    value !== null &&
    "dial" in value &&
    typeof value.dial === "function" &&
    "capabilities" in value &&
    typeof value.capabilities === "object"
  );
}

// What has no navigator is Node that was told so.
function isBrowser(): boolean {
  const { navigator } = globalThis;
  return navigator !== undefined && !/^(?:Node\.js|Deno|Bun)\//.test(navigator.userAgent);
}
