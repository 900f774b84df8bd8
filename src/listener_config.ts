/**
 * The options of a listener, and which engine they call for.
 *
 * @module
 */

import { checkRequirements, ENGINE_CAPABILITIES, type EngineName, type Requirement } from "./capabilities.ts";
import type { Engine } from "./engine.ts";
import { ListenerError } from "./errors.ts";
import { checkHostNames, type HostConfig, toHostRules } from "./host_config.ts";
import { quote } from "./logger.ts";
import { checkSecureSocket, type SecureSocket } from "./secure_socket.ts";
import { checkSupport, prefersNode } from "./secure_support.ts";
import { LISTENER_NAMES } from "./server_names.ts";
import { toRequirements } from "./service_config.ts";

/** The options of a listener. */
export interface ListenerConfig extends HostConfig {
  /** The port; 0 picks a free one. For `new Listener(app, { port })`. */
  port?: number | undefined;
  /** The address to listen on; of IPv6 without brackets. @default "0.0.0.0" */
  host?: string | undefined;
  /** What carries the connections; `"auto"` takes the runtime's own unless something is required that it lacks. Or an engine of your own. @default "auto" */
  engine?: "auto" | EngineName | Engine | undefined;
  /** What the engine must be able to do. @default [] */
  requires?: readonly Requirement[] | undefined;
  /** TLS: the certificate, and what is asked of clients. @default none */
  secureSocket?: SecureSocket | undefined;
}

const NAMES: readonly (keyof ListenerConfig)[] = LISTENER_NAMES;
const ENGINES: ReadonlySet<string> = new Set<EngineName | "auto">(["auto", "node", "bun", "deno"]);
/** Who it is that requires something. */
export const A_SERVICE = "The listener, or a service on it,";

/**
 * Checks the options of a listener.
 *
 * @throws {TypeError} If an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function checkListenerConfig(config: ListenerConfig): void {
  checkHostNames("ListenerConfig", config, ...NAMES);
  toHostRules(config);
  const { port, host, engine, requires, secureSocket } = config;
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65535)) {
    throw new RangeError(`Option port is ${port}: must be a whole number from 0 to 65535`);
  }
  if (host !== undefined && (typeof host !== "string" || host === ""))
    throw new TypeError("Option host must be an address");
  if (host !== undefined && /^\[.*\]$/.test(host)) {
    throw new RangeError(`Option host is ${quote(host)}: write it without brackets, ${quote(host.slice(1, -1))}`);
  }
  if (engine !== undefined && !isEngine(engine)) {
    throw new TypeError(`Option engine is ${JSON.stringify(engine)}: must be one of ${[...ENGINES].join(", ")}`);
  }
  if (requires !== undefined) toRequirements(requires);
  if (secureSocket !== undefined) checkSecureSocket(secureSocket);
}

/** Says why a value is nothing that a listener can be made of. */
export function whyNoTarget(target: unknown): string {
  const needs = "A listener needs a port, which is a number,";
  if (typeof target === "function") return `${needs} or an app with a function fetch, not a function`;
  if (typeof target !== "object" || target === null) return `${needs} not ${JSON.stringify(target)}`;
  return "listen" in target
    ? 'A listener opens its own port: attach of "@switchboard/websocket/node" serves an http.Server'
    : `${needs} or an app with a function fetch`;
}

/**
 * Picks the engine: what was asked for, else the runtime's own, else, where that lacks what is required or asked of TLS, `node`.
 *
 * @throws {UnsupportedError} If the engine lacks what is required or asked of TLS
 * @throws {ListenerError} If the engine does not run here
 */
export function pickEngine(
  choice: "auto" | EngineName,
  runtime: EngineName,
  requires: readonly Requirement[],
  secure?: SecureSocket,
): EngineName {
  if (choice !== "auto") {
    if (choice !== "node" && choice !== runtime) {
      throw new ListenerError(
        `The engine "${choice}" does not run on ${runtime}: use engine ${runtime === "node" ? "" : `"${runtime}", `}"node" or "auto"`,
      );
    }
    checkRequirements(ENGINE_CAPABILITIES[choice], requires, A_SERVICE);
    checkSupport(choice, runtime, secure);
    return choice;
  }
  const native = ENGINE_CAPABILITIES[runtime];
  const isEnough = requires.every((requirement) => native[requirement]) && !prefersNode(runtime, secure);
  const engine = isEnough ? runtime : "node";
  checkRequirements(ENGINE_CAPABILITIES[engine], requires, A_SERVICE);
  checkSupport(engine, runtime, secure);
  return engine;
}

function isEngine(engine: unknown): boolean {
  if (typeof engine === "string") return ENGINES.has(engine);
  return typeof engine === "object" && engine !== null && "listen" in engine && typeof engine.listen === "function";
}
