/**
 * The options of a service, and what they become once they are checked.
 *
 * @module
 */

import type { Authenticator } from "./authenticator.ts";
import { toAuthenticators } from "./authenticators.ts";
import { MOST_UNSENT, WRITE_TIMEOUT } from "./backlog.ts";
import type { Requirement } from "./capabilities.ts";
import { type CredentialSource, toCredentialSources } from "./credentials.ts";
import { isToken } from "./http.ts";
import {
  checkBoolean,
  checkInteger,
  checkNames,
  checkOwnNames,
  type Elsewhere,
  toClosureTimeout,
  toDuration,
  toMilliseconds,
} from "./options.ts";
import { toOrigin } from "./origin.ts";
import { HOST_NAMES, LISTENER_NAMES } from "./server_names.ts";
import { checkSchema, type StandardSchema } from "./standard_schema.ts";

/** Pings that tell whether a silent peer is still there. */
export interface Heartbeat {
  /** Seconds of silence after which the peer is pinged. @default 30 */
  interval?: number | undefined;
  /** Seconds to wait for any frame after the ping; then the connection is dropped with 1006. @default 10 */
  timeout?: number | undefined;
}

/**
 * The options of `upgrade(config, handler)` and of `accept`. Durations are in seconds, fractions allowed; sizes in bytes.
 *
 * A wrong value throws a `TypeError` or `RangeError` that names the option, when the service is made.
 */
export interface ServiceConfig {
  /** Subprotocols that the service speaks. The client's order wins; nothing else is ever echoed. @default [] */
  subProtocols?: readonly string[] | undefined;
  /** Refuse with 400 a client that offers none of `subProtocols`. @default false */
  requireSubProtocol?: boolean | undefined;
  /** Seconds without a frame in either direction until `onIdleTimeout`; 0 is never. @default 0 */
  idleTimeout?: number | undefined;
  /** Bytes of the largest message accepted; a larger one closes with 1009. What is sent has no such bound. @default 65536 */
  maxFrameSize?: number | undefined;
  /** Seconds to wait for the peer's close frame; -1 waits for ever. @default 60 */
  connectionClosureTimeout?: number | undefined;
  /** Origins that may connect: `"same-origin"`, a list, or `"*"`. A request without `Origin` passes. @default "same-origin" */
  origins?: "same-origin" | "*" | readonly string[] | undefined;
  /** Headers of the 101, `Set-Cookie` too; or a function of the request that gives them. @default none */
  responseHeaders?: (ResponseHeaders | ((request: Request) => ResponseHeaders)) | undefined;
  /** Seconds that the upgrade handler may take; then 503. @default 10 */
  upgradeTimeout?: number | undefined;
  /** Pings for silent peers; `false` turns them off. @default { interval: 30, timeout: 10 } */
  heartbeat?: Heartbeat | false | undefined;
  /** Messages that may wait for their callback; at the mark reading pauses. @default 64 */
  maxQueuedMessages?: number | undefined;
  /** Bytes that may wait for their callback; at the mark reading pauses. @default 1048576 */
  maxQueuedBytes?: number | undefined;
  /** Unsent bytes; a write that finds more closes with 1013. @default 1048576 */
  maxBufferedAmount?: number | undefined;
  /** Seconds for which the amount of unsent bytes may fail to shrink; then the connection closes with 1013. @default 30 */
  writeTimeout?: number | undefined;
  /** Who may connect: asked in their order, those of another scheme skipped; the first principal wins. @default anybody */
  auth?: readonly Authenticator[] | undefined;
  /** Where a credential may stand; the first that has one decides. @default ["header"] */
  credentials?: readonly CredentialSource[] | undefined;
  /** Close with 4401 when the principal's `expiresAt` passes. @default true */
  closeOnExpiry?: boolean | undefined;
  /**
   * A Standard Schema for what `onMessage` gets: text, and binary where there is no `onBinaryMessage`, is then read as JSON. What does not fit goes
   * to `onError`, or without that closes with 1003 (no JSON) or 1007. For services without a contract. @default none
   */
  message?: StandardSchema | undefined;
  /** Whether messages are checked by the schemas of `message` and of contracts; JSON is parsed all the same. @default true */
  validation?: boolean | undefined;
  /** What the engine must be able to do; `attach` or `start` fails on one that cannot. @default [] */
  requires?: readonly Requirement[] | undefined;
}

/** The options of a service with schemas, by which `params`, `query` and `headers` of the handler's request are checked and typed. */
export interface UpgradeConfig<Params = unknown, Query = unknown, Fields = unknown> extends ServiceConfig {
  /** A Standard Schema for the parameters of the path, which it gets as strings; what does not fit is refused with 400. @default none */
  params?: StandardSchema<Params> | undefined;
  /** The same for the query: a string, or a list of strings for a name that comes more than once. @default none */
  query?: StandardSchema<Query> | undefined;
  /** The same for the headers, by their lower-case names. @default none */
  headers?: StandardSchema<Fields> | undefined;
}

/** Headers as a record or as pairs, where one name may come more than once. */
export type ResponseHeaders = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** A checked {@link ServiceConfig}, durations in milliseconds. Shared by all connections of a service. */
export interface ServiceRules {
  readonly subProtocols: ReadonlySet<string>;
  readonly requireSubProtocol: boolean;
  readonly idleTimeout: number;
  readonly maxFrameSize: number;
  /** -1 waits for ever. */
  readonly closureTimeout: number;
  readonly origins: "same-origin" | "*" | readonly string[];
  readonly responseHeaders: ServiceConfig["responseHeaders"];
  readonly upgradeTimeout: number;
  /** 0 is off. */
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxBufferedAmount: number;
  /** Unsent bytes over which a connection handles nothing more: 64 KiB, or `maxBufferedAmount` if that is less. */
  readonly highWaterMark: number;
  readonly writeTimeout: number;
  readonly auth: readonly Authenticator[];
  readonly credentials: readonly CredentialSource[];
  readonly closeOnExpiry: boolean;
  readonly params: StandardSchema | undefined;
  readonly query: StandardSchema | undefined;
  readonly headers: StandardSchema | undefined;
  readonly message: StandardSchema | undefined;
  readonly validation: boolean;
  readonly requires: readonly Requirement[];
}

/** The names of the options. */
export const SERVICE_NAMES: ReadonlySet<string> = new Set<keyof UpgradeConfig>([
  "subProtocols",
  "requireSubProtocol",
  "idleTimeout",
  "maxFrameSize",
  "connectionClosureTimeout",
  "origins",
  "responseHeaders",
  "upgradeTimeout",
  "heartbeat",
  "maxQueuedMessages",
  "maxQueuedBytes",
  "maxBufferedAmount",
  "writeTimeout",
  "auth",
  "credentials",
  "closeOnExpiry",
  "params",
  "query",
  "headers",
  "message",
  "validation",
  "requires",
]);

const OF_SERVERS: Elsewhere = [
  new Set([...HOST_NAMES, ...LISTENER_NAMES, "connections"]),
  "it is one of the server, so give it to the listener, or to attach, handlers or handler",
];
const OF_CONTRACTS: Elsewhere = [
  new Set(["dispatcherKey", "dispatcherStreamId"]),
  "it is one of a contract, so give it to contract",
];
const REQUIREMENTS: ReadonlySet<string> = new Set<Requirement>(["ping", "terminate", "compression", "messageLimit"]);

/**
 * Checks the options of a service and fills in the defaults.
 *
 * @throws {TypeError} If an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toServiceRules(config: UpgradeConfig = {}): ServiceRules {
  checkOwnNames("ServiceConfig", config, SERVICE_NAMES, OF_CONTRACTS, OF_SERVERS);
  const heartbeat = config.heartbeat ?? {};
  if (heartbeat !== false) checkNames("heartbeat", heartbeat, new Set(["interval", "timeout"]));
  const maxBufferedAmount = checkInteger("maxBufferedAmount", config.maxBufferedAmount ?? MOST_UNSENT, 1);
  const rules: ServiceRules = {
    subProtocols: toSubProtocols(config.subProtocols ?? []),
    requireSubProtocol: checkBoolean("requireSubProtocol", config.requireSubProtocol ?? false),
    idleTimeout: toMilliseconds("idleTimeout", config.idleTimeout ?? 0),
    maxFrameSize: checkInteger("maxFrameSize", config.maxFrameSize ?? 65536, 1),
    closureTimeout: toClosureTimeout("connectionClosureTimeout", config.connectionClosureTimeout ?? 60),
    origins: toOrigins(config.origins ?? "same-origin"),
    responseHeaders: config.responseHeaders,
    upgradeTimeout: toDuration("upgradeTimeout", config.upgradeTimeout ?? 10),
    heartbeatInterval: heartbeat === false ? 0 : toDuration("heartbeat.interval", heartbeat.interval ?? 30),
    heartbeatTimeout: heartbeat === false ? 0 : toDuration("heartbeat.timeout", heartbeat.timeout ?? 10),
    maxQueuedMessages: checkInteger("maxQueuedMessages", config.maxQueuedMessages ?? 64, 1),
    maxQueuedBytes: checkInteger("maxQueuedBytes", config.maxQueuedBytes ?? 1_048_576, 1),
    maxBufferedAmount,
    highWaterMark: Math.min(65536, maxBufferedAmount),
    writeTimeout: toDuration("writeTimeout", config.writeTimeout ?? WRITE_TIMEOUT),
    auth: toAuthenticators(config.auth),
    credentials: toCredentialSources(config.credentials),
    closeOnExpiry: checkBoolean("closeOnExpiry", config.closeOnExpiry ?? true),
    params: config.params,
    query: config.query,
    headers: config.headers,
    message: config.message,
    validation: checkBoolean("validation", config.validation ?? true),
    requires: toRequirements(config.requires ?? []),
  };
  for (const name of ["params", "query", "headers", "message"] as const) checkSchema(name, rules[name]);
  if (config.credentials !== undefined && rules.auth.length === 0) {
    throw new TypeError("Option credentials needs auth: nobody would look at them");
  }
  if (rules.requireSubProtocol && rules.subProtocols.size === 0) {
    throw new TypeError("Option requireSubProtocol needs subProtocols: a client could offer none of them");
  }
  return rules;
}

/** Checks a list of requirements. */
export function toRequirements(requires: readonly Requirement[]): readonly Requirement[] {
  if (!Array.isArray(requires)) throw new TypeError("Option requires must be a list");
  for (const name of requires) {
    if (!REQUIREMENTS.has(name)) {
      throw new TypeError(`Option requires has "${name}": must be one of ${[...REQUIREMENTS].join(", ")}`);
    }
  }
  return [...requires];
}

function toSubProtocols(names: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(names)) throw new TypeError("Option subProtocols must be a list of names");
  for (const name of names) {
    if (typeof name !== "string" || !isToken(name)) {
      throw new TypeError(`Option subProtocols has ${JSON.stringify(name)}: must be an HTTP token (RFC 9110, 5.6.2)`);
    }
    // A name like any other, and yet nobody's: it stands for all in the option origins.
    if (name === "*")
      throw new TypeError('Option subProtocols has "*", which stands for no other name: list the names');
  }
  return new Set(names);
}

function toOrigins(origins: "same-origin" | "*" | readonly string[]): ServiceRules["origins"] {
  if (origins === "same-origin" || origins === "*") return origins;
  if (!Array.isArray(origins)) throw new TypeError('Option origins must be "same-origin", "*" or a list of origins');
  return origins.map((origin: unknown) => {
    const serialized = typeof origin === "string" ? toOrigin(origin) : undefined;
    if (serialized === undefined || serialized.includes("*")) {
      throw new TypeError(`Option origins has ${JSON.stringify(origin)}: must be like "https://example.com" or "null"`);
    }
    return serialized;
  });
}
