/**
 * The upgrade service: what answers the opening handshake.
 *
 * @module
 */

import { checkRequirements } from "./capabilities.ts";
import { AuthnError, AuthzError, HandshakeTimedOut, UpgradeError } from "./errors.ts";
import { checkForm, checkOrigin, chooseSubProtocol, type ReadHeader } from "./handshake.ts";
import type { Host } from "./host.ts";
import { quote } from "./logger.ts";
import { refuse, SPEAK_WEBSOCKET } from "./refusal.ts";
import { isPromise } from "./reply.ts";
import { type GiveHeaders, toGiveHeaders } from "./response_headers.ts";
import type { Service } from "./service.ts";
import { type ServiceConfig, type ServiceRules, toServiceRules } from "./service_config.ts";
import { markAccepted, slotOf, Upgrade, type UpgradeSlot } from "./slot.ts";
import { type ParamsOf, type UpgradeContext, UpgradeRequest } from "./upgrade_request.ts";

/** What an upgrade handler may answer: a service accepts, anything else refuses. */
export type UpgradeAnswer = Service | UpgradeError | AuthnError | AuthzError | Response;

/** Decides about one upgrade: the `Service` for the new connection, or what refuses it. */
export type UpgradeHandler<Path extends string = string, Context = UpgradeContext> = (
  request: UpgradeRequest<Path, Context>,
) => UpgradeAnswer | Promise<UpgradeAnswer>;

const RULES: unique symbol = Symbol("rules");

/** What answers the opening handshake. It is a Hono handler: mount it with `app.get(path, service)` or `listener.attach(path, service)`. */
export interface UpgradeService {
  (context: UpgradeContext): Response | Promise<Response>;
  /** Its checked options; also how an upgrade service is told from other functions. */
  readonly [RULES]: ServiceRules;
}

/**
 * Makes an upgrade service from a handler, which is called once for each upgrade that passes the checks.
 *
 * The checks, in their order: form of the request (400, 405, 426), origin (403), subprotocol (400). A handler that throws is answered with
 * 500, one that takes too long with 503.
 *
 * @example
 * ```ts
 * import { upgrade, UpgradeError } from "@switchboard/websocket";
 *
 * export const chat = upgrade<"/chat/:room">({ idleTimeout: 60 }, ({ params, cookies }) => {
 *   if (!cookies.has("session")) return new UpgradeError("Log in first", { status: 401 });
 *   return { onOpen: () => `Welcome to ${params.room}` };
 * });
 * ```
 */
export function upgrade<Path extends string = string, Context = UpgradeContext>(
  handler: UpgradeHandler<Path, Context>,
): UpgradeService;
/**
 * Makes an upgrade service with options.
 *
 * @throws {TypeError} If an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function upgrade<Path extends string = string, Context = UpgradeContext>(
  config: ServiceConfig,
  handler: UpgradeHandler<Path, Context>,
): UpgradeService;
export function upgrade<Path extends string, Context>(
  first: ServiceConfig | UpgradeHandler<Path, Context>,
  second?: UpgradeHandler<Path, Context>,
): UpgradeService {
  const handler = typeof first === "function" ? first : second;
  if (typeof handler !== "function")
    throw new TypeError("upgrade needs a handler: upgrade(config, (request) => service)");
  const rules = toServiceRules(typeof first === "function" ? {} : first);
  const giveHeaders = toGiveHeaders(rules.responseHeaders);
  const answer = (context: UpgradeContext): Response | Promise<Response> => {
    const slot = slotOf(context.env);
    if (slot === undefined) return withoutSlot(context);
    const door = new Door<Path, Context>(rules, giveHeaders, slot, context);
    return door.check() ?? door.call(handler);
  };
  return Object.assign(answer, { [RULES]: rules });
}

/** Tells whether a value is an upgrade service. */
export function isUpgradeService(value: unknown): value is UpgradeService {
  return typeof value === "function" && RULES in value;
}

/** The checked options of an upgrade service. */
export function rulesOf(service: UpgradeService): ServiceRules {
  return service[RULES];
}

function withoutSlot(context: UpgradeContext): Response {
  const { raw } = context.req;
  const malformed = checkForm(raw.method, (name) => raw.headers.get(name));
  if (malformed !== undefined) return malformed;
  const advice =
    "Serve this app with @switchboard/websocket: new Listener(app), or serve() of its entry point for your runtime";
  return refuse(426, advice, SPEAK_WEBSOCKET);
}

/** One upgrade on its way from the request to the answer. */
class Door<Path extends string, Context> {
  readonly #rules: ServiceRules;
  readonly #giveHeaders: GiveHeaders;
  readonly #slot: UpgradeSlot;
  readonly #context: UpgradeContext;
  #protocol = "";

  constructor(rules: ServiceRules, giveHeaders: GiveHeaders, slot: UpgradeSlot, context: UpgradeContext) {
    this.#rules = rules;
    this.#giveHeaders = giveHeaders;
    this.#slot = slot;
    this.#context = context;
  }

  get #host(): Host {
    return this.#slot.host;
  }

  /** Runs the checks that need no handler; returns the refusal, if any. */
  check(): Response | undefined {
    const { raw } = this.#context.req;
    // Once: on Bun the getter costs more than the reading of a header.
    const { headers } = raw;
    const header: ReadHeader = (name) => headers.get(name);
    if (this.#host.stopping) return refuse(503, "The server is stopping", { "retry-after": "1" });
    const malformed = checkForm(raw.method, header);
    if (malformed !== undefined) return malformed;
    const foreign = checkOrigin(this.#rules.origins, header);
    if (foreign !== undefined) {
      this.#host.logger.info(
        `Refused an upgrade from origin ${quote(header("origin") ?? "")}: list it in option origins to allow it`,
      );
      return foreign;
    }
    const chosen = chooseSubProtocol(this.#rules, header);
    if (typeof chosen !== "string") return chosen;
    this.#protocol = chosen;
    return undefined;
  }

  /** Calls the handler, for at most `upgradeTimeout`. */
  call(handler: UpgradeHandler<Path, Context>): Response | Promise<Response> {
    const { req } = this.#context;
    const params = req.param();
    const context = this.#context;
    if (!isParamsOf<Path>(params) || !isOf<Context>(context))
      return this.#failed(new TypeError("The app gave no parameters"));
    const request = new UpgradeRequest<Path, Context>(req.raw, context, params, this.#slot.peer);
    try {
      const answer = handler(request);
      return isPromise(answer) ? this.#await(answer, request) : this.#take(answer);
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #await(answer: Promise<UpgradeAnswer>, request: UpgradeRequest<Path, Context>): Promise<Response> {
    const { promise: overdue, resolve } = Promise.withResolvers<Response>();
    let late = false;
    const cancel = this.#host.clock.schedule(() => {
      // Before the abort, for a handler that heeds it rejects within.
      late = true;
      request.abort(new HandshakeTimedOut("The upgrade handler took longer than upgradeTimeout"));
      this.#host.logger.warn("Refused an upgrade: its handler took longer than option upgradeTimeout");
      resolve(refuse(503, "The service took too long to answer", { "retry-after": "1" }));
    }, this.#rules.upgradeTimeout);
    const answered = Promise.resolve(answer)
      .then((value) => (late ? refuse(503, "Too late") : this.#take(value)))
      .catch((error: unknown) => (late ? refuse(503, "Too late") : this.#failed(error)));
    const response = await Promise.race([answered, overdue]);
    cancel();
    return response;
  }

  #take(answer: unknown): Response {
    if (answer instanceof Response) return answer;
    if (answer instanceof UpgradeError) return refuse(answer.status, answer.message, answer.headers);
    if (answer instanceof AuthnError) return refuse(401, answer.message, { "www-authenticate": "Bearer" });
    if (answer instanceof AuthzError) return refuse(403, answer.message);
    if (answer instanceof Error) return refuse(400, answer.message);
    if (!isService(answer)) {
      const what = answer === null ? "null" : typeof answer;
      return this.#failed(
        new TypeError(`An upgrade handler returned ${what}: must be a service, an error or a Response`),
      );
    }
    return this.#accept(answer);
  }

  #accept(service: Service): Response {
    const slot = this.#slot;
    const { capabilities } = this.#host;
    try {
      checkRequirements(capabilities, this.#rules.requires, "A service");
      const headers = this.#giveHeaders(this.#context.req.raw);
      if (!capabilities.ping && (service.onPing !== undefined || service.onPong !== undefined)) {
        this.#host.warnOnce(`onPing and onPong are never called on engine "${capabilities.engine}": use engine "node"`);
      }
      const details = { protocol: this.#protocol, peer: slot.peer, isSecure: slot.isSecure };
      slot.upgrade = new Upgrade(service, this.#rules, this.#host, details, headers);
    } catch (error) {
      return this.#failed(error);
    }
    return markAccepted(this.#context);
  }

  #failed(error: unknown): Response {
    this.#host.logger.error("An upgrade handler failed; the upgrade is refused with 500", error);
    return refuse(500, "Internal server error");
  }
}

function isService(value: unknown): value is Service {
  return typeof value === "object" && value !== null;
}

// What the path and the app give at run time is what their user says with the type parameters.
function isParamsOf<Path extends string>(params: unknown): params is ParamsOf<Path> {
  return typeof params === "object" && params !== null;
}

function isOf<Context>(context: UpgradeContext): context is UpgradeContext & Context {
  return typeof context === "object";
}
