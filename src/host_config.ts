/**
 * The options that all servers have, a listener's and your own alike.
 *
 * @module
 */

import type { ConnectionLimits } from "./admission.ts";
import type { Logger } from "./logger.ts";
import { type Complete, checkBoolean, checkInteger, checkNames, checkOwnNames, toMilliseconds } from "./options.ts";
import { type RequestLimits, toRequestLimits } from "./request_limits.ts";
import { HOST_NAMES } from "./server_names.ts";
import { SERVICE_NAMES } from "./service_config.ts";

/** The options of a listener, `attach`, `handlers` and `handler` alike. */
export interface HostConfig {
  /** Where faults are logged. @default the console, without `debug` */
  logger?: Logger | undefined;
  /** How large a request may be. @default { maxUriLength: 4096, maxHeaderSize: 8192, maxEntityBodySize: -1 } */
  requestLimits?: RequestLimits | undefined;
  /** The most connections, upgrades under way included; beyond that upgrades get 503 with `Retry-After`. @default no limit */
  maxConnections?: number | undefined;
  /** The same from one IPv4 address or one /64 of IPv6; beyond that upgrades get 429 with `Retry-After`. @default no limit */
  maxConnectionsPerAddress?: number | undefined;
  /** How many proxies stand in front of the server; their `X-Forwarded-For`, `-Proto` and `-Host` are believed. @default 0 */
  trustedProxies?: number | undefined;
  /** The header `Server` of every response, the 101 too. @default none */
  server?: string | undefined;
  /**
   * Seconds in which a request must arrive, its headers in 10 at most; 0 is no limit. Only the engine `node` has it: `bun` ends a connection
   * whose headers take longer than 12 seconds, `deno` waits for ever, and a server of your own has a limit of its own.
   * @default 120
   */
  timeout?: number | undefined;
  /**
   * Whether messages of at least 1024 bytes are compressed for clients that offer permessage-deflate (RFC 7692), without context takeover;
   * not on engine `deno`, nor on engine `node` under Deno. A write can say otherwise for its message. @default true
   */
  webSocketCompressionEnabled?: boolean | undefined;
  /** What becomes of a connection after a response. @default { keepAlive: "AUTO", maxPipelinedRequests: 10 } */
  http1Settings?: Http1Settings | undefined;
}

/** What becomes of an HTTP/1.1 connection after a response that is no upgrade. */
export interface Http1Settings {
  /** `"NEVER"` ends it; `"AUTO"` leaves it to the client and the runtime. No engine keeps what a client wants ended: `"ALWAYS"` is `"AUTO"`. @default "AUTO" */
  keepAlive?: "AUTO" | "ALWAYS" | "NEVER" | undefined;
  /** Requests that a client may send ahead. No engine has such a bound; the value is checked and has no effect. @default 10 */
  maxPipelinedRequests?: number | undefined;
}

/** A checked {@link HostConfig}. */
export interface HostRules extends ConnectionLimits {
  readonly requestLimits: Complete<RequestLimits>;
  /** Whether `maxHeaderSize` was asked for, and is not just the default. */
  readonly hasHeaderLimit: boolean;
  readonly trustedProxies: number;
  /** Milliseconds for a request; 0 is no limit. */
  readonly timeout: number;
  /** Milliseconds for the headers of a request; 0 is no limit. */
  readonly headersTimeout: number;
  /** Headers of every response. */
  readonly headers: readonly (readonly [string, string])[];
  /** The header `Server` alone, which the 101 has too. */
  readonly server: string | undefined;
  /** Whether messages are compressed for clients that offer it. */
  readonly compression: boolean;
  /** Options that were given, and that no engine can follow. */
  readonly ignored: readonly string[];
}

const NAMES: readonly (keyof HostConfig)[] = HOST_NAMES;
const OF_A_SERVICE = "it is one of a service, so give it to upgrade or to attach of a listener";
const LEVELS = ["debug", "info", "warn", "error"] as const;
const KEEP_ALIVE: ReadonlySet<string> = new Set(["AUTO", "ALWAYS", "NEVER"]);
const HEADERS_WITHIN = 10_000;
const MOST_PROXIES = 100;

/**
 * Refuses options that nobody knows.
 *
 * @param further The names of the options that only this kind of server has
 * @throws {TypeError} Naming the option
 */
export function checkHostNames(what: string, config: object, ...further: string[]): void {
  const names = new Set<string>([...NAMES, ...further]);
  checkOwnNames(what, config, names, [SERVICE_NAMES, OF_A_SERVICE]);
}

/**
 * Checks the options of a server and fills in the defaults.
 *
 * @throws {TypeError} If an option is of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toHostRules(config: HostConfig): HostRules {
  const { logger, requestLimits = {}, maxConnections, maxConnectionsPerAddress, http1Settings = {} } = config;
  if (logger !== undefined && !LEVELS.every((level) => typeof logger?.[level] === "function")) {
    throw new TypeError(`Option logger must have the functions ${LEVELS.join(", ")}`);
  }
  const server = toServer(config.server);
  const { keepAlive, ignored } = toHttp1(http1Settings);
  const headers: [string, string][] = [];
  if (server !== undefined) headers.push(["server", server]);
  if (keepAlive === "NEVER") headers.push(["connection", "close"]);
  const timeout = toMilliseconds("timeout", config.timeout ?? 120);
  return {
    requestLimits: toRequestLimits(requestLimits),
    hasHeaderLimit: requestLimits.maxHeaderSize !== undefined,
    maxConnections: toCount("maxConnections", maxConnections),
    maxConnectionsPerAddress: toCount("maxConnectionsPerAddress", maxConnectionsPerAddress),
    trustedProxies: toHops(config.trustedProxies ?? 0),
    timeout,
    headersTimeout: Math.min(timeout, HEADERS_WITHIN),
    headers,
    server,
    compression: checkBoolean("webSocketCompressionEnabled", config.webSocketCompressionEnabled ?? true),
    ignored,
  };
}

function toCount(name: string, value: number | undefined): number {
  return value === undefined ? Number.POSITIVE_INFINITY : checkInteger(name, value, 1);
}

function toHops(hops: number): number {
  if (checkInteger("trustedProxies", hops, 0) <= MOST_PROXIES) return hops;
  throw new RangeError(`Option trustedProxies is ${hops}: must be a whole number from 0 to ${MOST_PROXIES}`);
}

function toServer(server: unknown): string | undefined {
  if (server === undefined) return undefined;
  if (typeof server === "object") {
    throw new TypeError(
      'Option server is the header Server, so it must be text; attach of "@switchboard/websocket/node" serves an http.Server',
    );
  }
  // RFC 9110, section 5.5: no control characters; outside of ASCII the runtimes differ.
  if (typeof server !== "string" || !/^[!-~](?:[ -~]*[!-~])?$/.test(server)) {
    throw new TypeError(
      `Option server is ${JSON.stringify(server)}: must be printable ASCII, without spaces around it`,
    );
  }
  return server;
}

function toHttp1(settings: Http1Settings): { keepAlive: string; ignored: readonly string[] } {
  checkNames("http1Settings", settings, new Set(["keepAlive", "maxPipelinedRequests"]));
  const { keepAlive = "AUTO", maxPipelinedRequests } = settings;
  if (!KEEP_ALIVE.has(keepAlive)) {
    throw new TypeError(
      `Option http1Settings.keepAlive is ${JSON.stringify(keepAlive)}: must be one of ${[...KEEP_ALIVE].join(", ")}`,
    );
  }
  const ignored = keepAlive === "ALWAYS" ? ["http1Settings.keepAlive"] : [];
  if (maxPipelinedRequests === undefined) return { keepAlive, ignored };
  checkInteger("http1Settings.maxPipelinedRequests", maxPipelinedRequests, 1);
  return { keepAlive, ignored: [...ignored, "http1Settings.maxPipelinedRequests"] };
}
