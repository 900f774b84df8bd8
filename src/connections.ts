/**
 * The connections of servers that are the user's own.
 *
 * @module
 */

import type { Apart } from "./async_context.ts";
import type { Caller } from "./caller.ts";
import type { Capabilities } from "./capabilities.ts";
import { ServiceConnection } from "./connection.ts";
import { Host } from "./host.ts";
import { checkHostNames, type HostConfig } from "./host_config.ts";
import { toMilliseconds } from "./options.ts";
import type { App } from "./slot.ts";
import { type StopOptions, stopAll } from "./stop.ts";

/** The options of a server of your own. */
export interface OwnServerOptions extends HostConfig {
  /** Where its connections are found, and stopped. @default nowhere */
  connections?: Connections | undefined;
}

// The port is the user's to close.
const NO_PORT = { close: () => Promise.resolve() };

/**
 * The connections of servers of your own: tells who is connected and stops them in good order, as a `Listener` does with its own.
 *
 * Give it to `attach`, `upgrader`, `handlers` or `handler`, to several if you like.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { Connections, upgrade } from "@switchboard/websocket";
 * import { attach } from "@switchboard/websocket/node";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/echo", upgrade(() => ({ onTextMessage: (_caller, text) => text })));
 * const server = createServer();
 * const connections = new Connections();
 * attach(server, app, { connections });
 * await connections.gracefulStop({ deadline: 8 });
 * server.close();
 * ```
 */
export class Connections {
  readonly #hosts: Set<Host> = new Set();
  #stopping: Promise<void> | undefined;

  /** The open connections. */
  [Symbol.iterator](): IterableIterator<Caller> {
    return callersOf([...this.#hosts]);
  }

  /**
   * Closes every connection with 1001, lets running callbacks finish, and drops what is left at the deadline. New upgrades get 503 as soon as it is
   * called, for good; ordinary requests are answered as before, and the port stays open. Always settles.
   *
   * @throws {RangeError} If the deadline is negative
   */
  gracefulStop(options: StopOptions = {}): Promise<void> {
    const deadline = toMilliseconds("deadline", options.deadline ?? 10);
    if (this.#stopping === undefined || deadline === 0) this.#stopping = this.#stop(deadline);
    return this.#stopping;
  }

  /** Drops every connection. New upgrades get 503 as soon as it is called. */
  immediateStop(): Promise<void> {
    return this.gracefulStop({ deadline: 0 });
  }

  /** Stops gracefully: `await using connections = new Connections()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.gracefulStop();
  }

  /** Looks after the connections of a host too; called by adapters. A host that comes after a stop is looked after anew. */
  add(host: Host): void {
    this.#hosts.add(host);
  }

  async #stop(deadline: number): Promise<void> {
    const hosts = [...this.#hosts];
    for (const host of hosts) host.stopping = true;
    await Promise.all(hosts.map((host) => stopAll(host, NO_PORT, deadline)));
    for (const host of hosts) this.#hosts.delete(host);
    this.#stopping = undefined;
  }
}

/**
 * Makes the host for a server of the user's own.
 *
 * @param app What answers its requests
 * @param what What its options are called
 * @param further The names of the options that only this kind of server has
 * @param apart What `Engine.toApart` gives
 * @throws {TypeError} If an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toOwnHost(
  app: App,
  capabilities: Capabilities,
  what: string,
  options: OwnServerOptions,
  further: readonly string[] = [],
  apart?: Apart,
): Host {
  if (typeof app?.fetch !== "function") {
    throw new TypeError(
      'A server needs an app with a function fetch, such as a Hono app: app.get("/path", upgrade(handler))',
    );
  }
  checkHostNames(what, options, "connections", ...further);
  const { connections } = options;
  if (connections !== undefined && !(connections instanceof Connections))
    throw new TypeError("Option connections must be made by new Connections()");
  const host = new Host(capabilities, options, undefined, apart);
  connections?.add(host);
  return host;
}

/** The callers of the connections that are open. */
export function* callersOf(hosts: readonly Host[]): Generator<Caller> {
  for (const member of hosts.flatMap((host) => host.sweep.members)) {
    if (member instanceof ServiceConnection && member.caller.isOpen) yield member.caller;
  }
}
