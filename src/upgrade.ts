/**
 * The upgrade service: what answers the opening handshake.
 *
 * @module
 */

import { Door, type UpgradeHandler } from "./door.ts";
import { checkForm } from "./handshake.ts";
import { refuse, SPEAK_WEBSOCKET } from "./refusal.ts";
import { toGiveHeaders } from "./response_headers.ts";
import { type ServiceRules, toServiceRules, type UpgradeConfig } from "./service_config.ts";
import { hostOf, slotOf } from "./slot.ts";
import { type ParamsOf, trust, type UpgradeContext } from "./upgrade_request.ts";

export type { UpgradeAnswer, UpgradeHandler } from "./door.ts";

const RULES: unique symbol = Symbol("rules");

/** A response as Hono types that of a WebSocket, so that `hc<typeof app>` gives the path a `$ws()`. The three are types alone. */
export interface UpgradeResponse extends Response {
  /** What it holds: nothing. */
  readonly _data: Record<string, never>;
  /** Its status when it accepts. */
  readonly _status: 101;
  /** What it opens. */
  readonly _format: "ws";
}

/** What answers the opening handshake. It is a Hono handler: mount it with `app.get(path, service)` or `listener.attach(path, service)`. */
export interface UpgradeService {
  (context: UpgradeContext): UpgradeResponse | Promise<UpgradeResponse>;
  /** Its checked options; also how an upgrade service is told from other functions. */
  readonly [RULES]: ServiceRules;
}

/**
 * Makes an upgrade service from a handler, which is called once for each upgrade that passes the checks.
 *
 * The checks, in their order: form of the request (400, 405, 426), origin (403), subprotocol (400), with option `auth` the credential (400, 401,
 * 403, 503), with schemas the parameters, the query and the headers (400). A handler that throws is answered with 500, one that takes too long
 * with 503.
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
export function upgrade<
  Path extends string = string,
  Context = UpgradeContext,
  Params = ParamsOf<Path>,
  Query = URLSearchParams,
  Fields = Headers,
>(
  config: UpgradeConfig<Params, Query, Fields>,
  handler: UpgradeHandler<Path, Context, Params, Query, Fields>,
): UpgradeService;
export function upgrade(first: UpgradeConfig | UpgradeHandler, second?: UpgradeHandler): UpgradeService {
  const handler = typeof first === "function" ? first : second;
  if (typeof handler !== "function")
    throw new TypeError("upgrade needs a handler: upgrade(config, (request) => service)");
  return toUpgradeService(typeof first === "function" ? {} : first, handler);
}

/** The same, where nobody needs the types. */
export function toUpgradeService(config: UpgradeConfig, handler: UpgradeHandler): UpgradeService {
  const rules = toServiceRules(config);
  const giveHeaders = toGiveHeaders(rules.responseHeaders);
  const answer = (context: UpgradeContext): Response | Promise<Response> => {
    const slot = slotOf(context.env);
    if (slot === undefined) return withoutSlot(context);
    // Asked by the handler of another, whose headers count too.
    if (slot.isReached) slot.direct = undefined;
    slot.isReached = true;
    const door = new Door(rules, giveHeaders, slot, context);
    return door.check() ?? door.call(handler);
  };
  return trust(Object.assign(answer, { [RULES]: rules }));
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
  const malformed = checkForm(raw.method, (name) => raw.headers.get(name), hostOf(context.env));
  if (malformed !== undefined) return malformed;
  const advice =
    "Serve this app with @switchboard/websocket: new Listener(app), or serve() of its entry point for your runtime";
  return refuse(426, advice, SPEAK_WEBSOCKET);
}
