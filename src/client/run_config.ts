/**
 * The options of a service over an outgoing connection: those of a client that still mean something, and those of a service.
 *
 * @module
 */

import type { HostConfig } from "../host_config.ts";
import type { Logger } from "../logger.ts";
import { checkNames } from "../options.ts";
import { type ServiceConfig, type ServiceRules, toServiceRules } from "../service_config.ts";
import type { ClientConfig } from "./client_config.ts";
import { type ClientRules, toClientRules } from "./client_rules.ts";

type ServiceOptions = Pick<
  ServiceConfig,
  | "idleTimeout"
  | "connectionClosureTimeout"
  | "maxQueuedMessages"
  | "maxQueuedBytes"
  | "maxBufferedAmount"
  | "writeTimeout"
>;

// The service reads, validates, has the contract and is told of pings; between two connections there is no caller to write to.
type ReaderOptions = "readTimeout" | "validation" | "pingPongHandler" | "whileDown" | "contract";

/**
 * The options of `run`. Connecting, credentials, retry and the heartbeat are a client's, and so are their defaults; `idleTimeout`,
 * `connectionClosureTimeout`, `maxQueuedMessages`, `maxQueuedBytes`, `maxBufferedAmount` and `writeTimeout` are a service's. Durations are in seconds,
 * fractions allowed; sizes in bytes.
 */
export interface RunConfig extends Omit<ClientConfig, ReaderOptions | keyof ServiceOptions>, ServiceOptions {
  /** Where faults are logged. @default the console, without `debug` */
  logger?: Logger | undefined;
}

/** A checked {@link RunConfig}. */
export interface RunRules {
  /** What the dialer obeys. */
  readonly client: ClientRules;
  /** What the transport is chosen by. */
  readonly dialling: ClientConfig;
  /** What the connections obey. */
  readonly service: ServiceRules;
  /** What the connections share. */
  readonly host: HostConfig;
}

const NAMES: ReadonlySet<string> = new Set<keyof RunConfig>([
  "subProtocols",
  "customHeaders",
  "cookies",
  "auth",
  "credentials",
  "handShakeTimeout",
  "secureSocket",
  "maxFrameSize",
  "webSocketCompressionEnabled",
  "retryConfig",
  "signal",
  "heartbeat",
  "transport",
  "idleTimeout",
  "connectionClosureTimeout",
  "maxQueuedMessages",
  "maxQueuedBytes",
  "maxBufferedAmount",
  "writeTimeout",
  "logger",
]);

/**
 * Checks a URL and the options, and fills in the defaults.
 *
 * @throws {TypeError} If the URL is malformed, or an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toRunRules(url: string | URL, config: RunConfig): RunRules {
  checkNames("RunConfig", config, NAMES);
  const {
    idleTimeout,
    connectionClosureTimeout,
    maxQueuedMessages,
    maxQueuedBytes,
    maxBufferedAmount,
    writeTimeout,
    logger,
    ...dialling
  } = config;
  const client = toClientRules(url, dialling);
  const service = toServiceRules({
    idleTimeout,
    connectionClosureTimeout,
    maxQueuedMessages,
    maxQueuedBytes,
    maxBufferedAmount,
    writeTimeout,
    maxFrameSize: client.maxFrameSize,
    // The transport's own tells more of them.
    heartbeat: false,
  });
  return {
    client,
    dialling: { ...dialling, auth: client.auth },
    service,
    host: {
      webSocketCompressionEnabled: config.webSocketCompressionEnabled ?? true,
      ...(logger !== undefined && { logger }),
    },
  };
}
