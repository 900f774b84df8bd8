/**
 * A service and a client, joined in memory.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import { type Capabilities, SOCKET_CAPABILITIES } from "../capabilities.ts";
import type { Clock } from "../clock.ts";
import { Host } from "../host.ts";
import type { Logger } from "../logger.ts";
import { checkNames } from "../options.ts";
import type { Principal } from "../principal.ts";
import type { Service } from "../service.ts";
import { type ServiceConfig, toServiceRules } from "../service_config.ts";
import { isService, nameNoService } from "../service_value.ts";
import { Upgrade } from "../slot.ts";
import { TestClient } from "./client.ts";
import { MemorySocket } from "./memory_socket.ts";

/** What a test decides about its client. */
export interface ClientOptions {
  /** The time; a `FakeClock` for timeouts, heartbeats and slow peers. @default the runtime's */
  clock?: Clock | undefined;
  /** Where faults are logged. @default the console, without `debug` */
  logger?: Logger | undefined;
  /** `caller.remoteAddress`. @default none */
  remoteAddress?: string | undefined;
  /** Whether the client answers a close frame of the service. @default true */
  answerClose?: boolean | undefined;
  /** Whether the client answers pings of the service. @default true */
  answerPings?: boolean | undefined;
}

/** What a test decides about a connection without a handshake. */
export interface PairOptions extends ClientOptions {
  /** `caller.negotiatedSubProtocol`. @default none */
  protocol?: string | undefined;
  /** `caller.isSecure`. @default false */
  isSecure?: boolean | undefined;
  /** `caller.principal`. @default none */
  principal?: Principal | undefined;
}

/** Both ends of a connection. */
export interface Pair {
  /** The client's end. */
  readonly client: TestClient;
  /** The service's end: what its callbacks get. */
  readonly caller: Caller;
}

const NAMES: ReadonlySet<string> = new Set<keyof PairOptions>([
  "clock",
  "logger",
  "remoteAddress",
  "answerClose",
  "answerPings",
  "protocol",
  "isSecure",
  "principal",
]);

// What a socket in memory can do.
const capabilities: Capabilities = {
  ...SOCKET_CAPABILITIES,
  ping: true,
  terminate: true,
  pause: true,
  drain: true,
  reliableClose: true,
};

/**
 * Joins a service and a client without a port and without a handshake; `onOpen` has been called when it returns.
 *
 * The service is driven by the same code as behind a listener: order, replies, bounds, timeouts and the close handshake are the real ones. Options
 * that concern the handshake have no effect; `connect` carries it out.
 *
 * @throws {TypeError} If what is given is no service, or an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 * @throws {UnsupportedError} If the service requires what a socket in memory lacks
 * @example
 * ```ts
 * import { pair } from "@switchboard/websocket/testing";
 *
 * const { client, caller } = pair({ onTextMessage: (_caller, text) => `You said ${text}` });
 * client.send("hello");
 * console.log(await client.receive()); // You said hello
 * await caller.close(4000, "Enough");
 * console.log(await client.closed); // { code: 4000, reason: "Enough" }
 * ```
 */
export function pair(service: Service, config: ServiceConfig = {}, options: PairOptions = {}): Pair {
  if (!isService(service)) throw new TypeError(`Cannot pair ${nameNoService(service)}: must be a service`);
  checkNames("PairOptions", options, NAMES);
  const { protocol = "", remoteAddress, isSecure = false, principal } = options;
  const host = toHost(options);
  const rules = toServiceRules(config);
  host.checkRequirements(rules.requires, "A service");
  const details = { protocol, peer: { remoteAddress }, isSecure, principal };
  return join(new Upgrade(service, rules, host, details, []), options);
}

/** What connections in memory share. */
export function toHost({ logger, clock }: ClientOptions): Host {
  return new Host(capabilities, logger === undefined ? {} : { logger }, clock);
}

/** Opens a connection in memory. */
export function join(upgrade: Upgrade, { answerClose = true, answerPings = true }: ClientOptions): Pair {
  const socket = new MemorySocket();
  const client = new TestClient(socket, { answerClose, answerPings });
  const connection = upgrade.open(socket);
  socket.connection = connection;
  return { client, caller: connection.caller };
}
