/**
 * A port that serves WebSocket services: the only room above the adapters.
 *
 * @module
 */

import { Hono } from "hono";
import { chooseEngine, reasonOf } from "./engines.ts";
import { type Attached, AttachedServices } from "./src/attached.ts";
import type { Caller } from "./src/caller.ts";
import { callersOf } from "./src/connections.ts";
import type { DocumentOptions } from "./src/documents/options.ts";
import type { Engine, Server } from "./src/engine.ts";
import { ListenerError, WebSocketError } from "./src/errors.ts";
import { Host } from "./src/host.ts";
import { A_SERVICE, checkListenerConfig, type ListenerConfig, whyNoTarget } from "./src/listener_config.ts";
import { quote } from "./src/logger.ts";
import { toMilliseconds } from "./src/options.ts";
import { refuse } from "./src/refusal.ts";
import { isRouted, mount } from "./src/routed_app.ts";
import type { SecureOptions } from "./src/secure_socket.ts";
import type { ServiceRules, UpgradeConfig } from "./src/service_config.ts";
import { type App, type Env, slotOf } from "./src/slot.ts";
import { type StopOptions, stopAll } from "./src/stop.ts";
import { isUpgradeService, rulesOf, type UpgradeHandler, type UpgradeService } from "./src/upgrade.ts";
import type { ParamsOf, UpgradeContext } from "./src/upgrade_request.ts";

// Bun's own default; what is known of no service is bounded by it.
const UNKNOWN_FRAME_SIZE = 16_777_216;

/**
 * A port, or a Hono app and a port.
 *
 * Paths are Hono's: `/chat/:username`, `/files/*`.
 *
 * @example
 * ```ts
 * import { Listener } from "@switchboard/websocket";
 *
 * const listener = new Listener(0);
 * listener.attach("/hello/:name", ({ params }) => ({ onOpen: () => `Hello ${params.name}` }));
 * await listener.start();
 * console.log(listener.url);
 * await listener.gracefulStop();
 * ```
 */
export class Listener {
  readonly #config: ListenerConfig;
  readonly #app: App | undefined;
  readonly #attached: AttachedServices;
  #routes: Hono = new Hono();
  #host: Host | undefined;
  #server: Server | undefined;
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * Makes a listener; `start` opens the port.
   *
   * @param target The port, or the app whose `fetch` answers; the port is then an option
   * @throws {TypeError} If an option is unknown or of the wrong type
   * @throws {RangeError} If a number is out of range
   */
  constructor(target: number | App, config: ListenerConfig = {}) {
    if (typeof config !== "object" || config === null) throw new TypeError("ListenerConfig must be an object");
    this.#config = typeof target === "number" ? { ...config, port: target } : config;
    checkListenerConfig(this.#config);
    if (typeof target === "number") {
      if (config.port !== undefined) throw new TypeError("Option port is given twice");
    } else if (typeof target?.fetch !== "function") {
      throw new TypeError(whyNoTarget(target));
    } else if (config.port === undefined) {
      throw new TypeError("Option port is missing: new Listener(app, { port: 9090 })");
    } else {
      this.#app = target;
    }
    const hops = this.#config.trustedProxies ?? 0;
    this.#attached = new AttachedServices(hops, () => import("./page/mod.ts"), siblingsOf(this.#app));
    this.#route();
  }

  /** The port that is bound; before `start`, the one that was asked for. */
  get port(): number {
    return this.#server?.port ?? this.#config.port ?? 0;
  }

  /** The address as a client writes it, without a path: `ws://localhost:9090`, with TLS `wss://localhost:9090`. */
  get url(): string {
    const host = this.#config.host ?? "0.0.0.0";
    const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
    return `${this.#config.secureSocket === undefined ? "ws" : "wss"}://${name}:${this.port}`;
  }

  /** The open connections. */
  get connections(): IterableIterator<Caller> {
    return callersOf(this.#host === undefined ? [] : [this.#host]);
  }

  /**
   * Serves a path with an upgrade handler, or with an upgrade service.
   *
   * With option `contract` its AsyncAPI document is served at the path `asyncapi`, and a page for people at the path `docs`.
   *
   * @throws {ListenerError} If there is a service or a document on that path, or on that of a document, already
   * @throws {TypeError} If the path does not begin with a slash, or an option is unknown or of the wrong type
   * @throws {RangeError} If a number is out of range
   * @throws {UnsupportedError} If the listener is started, and the service requires what its engine lacks
   */
  attach<Path extends string, Params = ParamsOf<Path>, Query = URLSearchParams, Fields = Headers>(
    path: Path,
    handler: UpgradeHandler<Path, UpgradeContext, Params, Query, Fields>,
    options?: UpgradeConfig<Params, Query, Fields> & DocumentOptions,
  ): void;
  /** The same with what `upgrade` has made. */
  attach(path: string, service: UpgradeService, options?: DocumentOptions): void;
  /** The same with either. */
  attach(
    path: string,
    answer: UpgradeHandler<string> | UpgradeService,
    options?: UpgradeConfig & DocumentOptions,
  ): void;
  attach(
    path: string,
    answer: UpgradeHandler<string> | UpgradeService,
    options?: UpgradeConfig & DocumentOptions,
  ): void {
    const attached = this.#attached.prepare(path, answer, options);
    checkPaths(attached);
    this.#host?.checkRequirements(rulesOf(attached.service).requires, A_SERVICE);
    if (this.#app !== undefined) mount(this.#app, attached);
    this.#attached.add(attached);
    this.#route();
    this.#server?.limit?.(this.#maxFrameSize());
  }

  /**
   * Stops new upgrades to a service; open connections are left alone.
   *
   * @param service What was given to `attach`, which is taken from every path that it is at, or one path
   * @throws {ListenerError} If it is not attached
   */
  detach(service: string | UpgradeService | UpgradeHandler<string>): void {
    this.#attached.remove(service);
    this.#route();
  }

  /**
   * Opens the port.
   *
   * @throws {ListenerError} If the port is taken, or the listener is started already
   * @throws {UnsupportedError} If a service requires, or `secureSocket` asks for, what the engine lacks; the message names the engine that has it
   * @throws {SslError} If a key or certificate of `secureSocket` cannot be read, is not valid or does not fit
   */
  async start(): Promise<void> {
    if (this.#starting !== undefined || this.#host !== undefined)
      throw new ListenerError(
        `Cannot start: the listener ${this.#host?.stopping ? "is still stopping" : "is started already"}`,
      );
    this.#starting = this.#begin();
    try {
      await this.#starting;
    } finally {
      this.#starting = undefined;
    }
  }

  /**
   * Stops: new upgrades get 503, every connection is closed with 1001, running callbacks finish, what is left at the deadline is dropped, and
   * the port is closed. Always settles.
   *
   * @throws {RangeError} If the deadline is negative
   */
  gracefulStop(options: StopOptions = {}): Promise<void> {
    if (typeof options !== "object" || options === null) throw new TypeError("StopOptions must be an object");
    const deadline = toMilliseconds("deadline", options.deadline ?? 10);
    return this.#stop(deadline);
  }

  /** Drops every connection and closes the port. */
  immediateStop(): Promise<void> {
    return this.#stop(0);
  }

  /** Stops gracefully: `await using listener = new Listener(9090)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.gracefulStop();
  }

  async #begin(): Promise<void> {
    const requires = [...(this.#config.requires ?? []), ...[...this.#rules()].flatMap((rules) => rules.requires)];
    const { secureSocket } = this.#config;
    const engine = await chooseEngine(this.#config.engine ?? "auto", requires, secureSocket);
    const secure = secureSocket && (await (await import("./tls/mod.ts")).toSecureOptions(secureSocket));
    const host = new Host(engine.capabilities, this.#config, undefined, engine.toApart?.());
    // An engine may lack what the table has of it, on this runtime or by these options.
    host.checkRequirements(requires, A_SERVICE);
    host.sweep.lingers = true;
    this.#warn(host);
    this.#server = await this.#listen(engine, host, secure);
    this.#host = host;
  }

  async #stop(deadline: number): Promise<void> {
    // A port that is about to open is closed again; that it did not open is told by `start`.
    if (this.#starting !== undefined) await this.#starting.catch(() => {});
    const host = this.#host;
    const server = this.#server;
    if (host === undefined || server === undefined) return this.#stopped;
    if (this.#stopped !== undefined && host.stopping && deadline > 0) return this.#stopped;
    host.stopping = true;
    this.#stopped = this.#end(host, server, deadline);
    return this.#stopped;
  }

  async #end(host: Host, server: Server, deadline: number): Promise<void> {
    await stopAll(host, server, deadline);
    // Another stop may have been quicker, and the listener been started again.
    if (this.#host !== host) return;
    this.#host = undefined;
    this.#server = undefined;
  }

  async #listen(engine: Engine, host: Host, secure: SecureOptions | undefined): Promise<Server> {
    const hostname = this.#config.host ?? "0.0.0.0";
    const port = this.#config.port ?? 0;
    const maxFrameSize = this.#maxFrameSize();
    const app: App = this.#app ?? { fetch: (request, env) => this.#fetch(request, env) };
    try {
      return await engine.listen(app, { hostname, port, maxFrameSize, ...(secure !== undefined && { secure }) }, host);
    } catch (error) {
      if (error instanceof WebSocketError) throw error;
      throw new ListenerError(`Cannot listen on ${hostname}:${port}: ${reasonOf(error, hostname)}`, { cause: error });
    }
  }

  #maxFrameSize(): number {
    const known = [...this.#rules()].map((rules) => rules.maxFrameSize);
    return Math.max(this.#app === undefined ? 1 : UNKNOWN_FRAME_SIZE, ...known);
  }

  #fetch(request: Request, env: Env): Response | Promise<Response> {
    const slot = slotOf(env);
    if (slot !== undefined) slot.direct = request;
    return this.#routes.fetch(request, env);
  }

  #warn(host: Host): void {
    if (host.capabilities.engine !== "deno" || (this.#config.engine ?? "auto") !== "auto") return;
    host.logger.warn(
      'The engine "deno" cannot bound a fragmented message nor end a close that the peer does not answer: use engine "node" where peers are not trusted',
    );
  }

  *#rules(): Generator<ServiceRules> {
    yield* this.#attached.rules();
    if (this.#app === undefined || !isRouted(this.#app)) return;
    for (const { handler } of this.#app.routes) {
      if (isUpgradeService(handler)) yield rulesOf(handler);
    }
  }

  // Hono's matcher takes no route away, so the routes are laid anew.
  #route(): void {
    if (this.#app !== undefined) return;
    const routes = new Hono();
    // Before the services, whose paths may have parameters that would take them.
    for (const document of [...this.#attached].flatMap(({ documents }) => documents)) {
      routes.all(document.path, (context) => document.answer(context));
    }
    for (const { path, service } of this.#attached) routes.all(path, (context) => service(context));
    routes.notFound((context) => refuse(404, `No service at ${quote(context.req.path)}`));
    this.#routes = routes;
  }
}

// What is attached to an app answers on the ports of all its listeners.
const attachedTo = new WeakMap<App, Set<AttachedServices>>();

function siblingsOf(app: App | undefined): Set<AttachedServices> {
  const siblings = (app && attachedTo.get(app)) ?? new Set();
  if (app !== undefined) attachedTo.set(app, siblings);
  return siblings;
}

// Hono compiles all routes at the first request: one that it cannot compile would be a 500 for all.
function checkPaths({ path, documents }: Attached): void {
  const routes = new Hono();
  try {
    for (const route of [path, ...documents.map((document) => document.path)]) routes.all(route, () => new Response());
    routes.router.match("GET", "/");
  } catch (cause) {
    throw new TypeError(`Cannot attach at ${quote(path)}: Hono cannot read the path`, { cause });
  }
}
