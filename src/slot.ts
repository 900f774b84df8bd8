/**
 * How an upgrade passes through an app that only knows requests and responses.
 *
 * The adapter puts a slot into the app's `env`, the upgrade service fills it, and the adapter looks into it once the app has answered.
 *
 * @module
 */

import type { Place } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { ServiceConnection } from "./connection.ts";
import { callbacksOf } from "./contract/contract_service.ts";
import { toError } from "./errors.ts";
import { readForwarded } from "./forwarded.ts";
import { Host } from "./host.ts";
import type { ConnectionDetails, Peer } from "./peer.ts";
import { isResponse, refuse, whyUnsendable } from "./refusal.ts";
import type { Service } from "./service.ts";
import type { ServiceRules } from "./service_config.ts";
import type { Connection, RuntimeSocket } from "./socket.ts";

const SLOT: unique symbol = Symbol.for("@switchboard/websocket/slot");
const HOST: unique symbol = Symbol.for("@switchboard/websocket/host");

// Middleware may replace the response; it copies this header if it only decorates, and loses it, or sets another status, if it refuses.
const MARK = "x-switchboard-upgrade";

// Carries nothing, for there was nobody to add to it.
const ACCEPTED = new Response(null);

const NOT_FORWARDED: ReadonlySet<string> = new Set([
  MARK,
  "connection",
  "content-length",
  "content-type",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** An app as an adapter calls it: a Hono app, or anything that answers requests. */
export interface App {
  /** Answers a request; `env` is handed on to the handlers. */
  fetch(request: Request, env: Env): Response | Promise<Response>;
}

/** What an adapter hands to an app. */
export interface Env {
  /** Where an upgrade service leaves its decision. */
  [SLOT]?: UpgradeSlot;
  /** Whose log an upgrade service writes to that is reached without a slot. */
  [HOST]?: Host;
  /** What else there is in `c.env`. */
  readonly [name: string]: unknown;
}

/** What an adapter knows of a request, and where an upgrade service leaves its decision. */
export class UpgradeSlot {
  /** What the connections of the adapter share. */
  readonly host: Host;
  /** Who asks. */
  peer: Peer;
  /** Whether the request came over TLS. */
  isSecure: boolean;
  /** The host and port that were asked for, if a trusted proxy tells others than `Host`. */
  authority: string | undefined;
  /** Bytes of the headers, where the adapter knows them; else they are counted. */
  headerSize: number | undefined;
  /** The decision to accept. */
  upgrade: Upgrade | undefined;
  /** What the handler has refused with; it has been checked. */
  refusal: Response | undefined;
  /** Whether an app may answer with nothing, for it has upgraded by itself. */
  allowsNothing = false;
  /** Whether an upgrade service was asked. */
  isReached = false;
  /** The request, if the app only routes: with no middleware before or behind the service, it is asked about this one, and needs no response of its own. */
  direct: Request | undefined;

  /** Makes the slot for one request. */
  constructor(host: Host, peer: Peer, isSecure: boolean) {
    this.host = host;
    this.peer = peer;
    this.isSecure = isSecure;
  }

  /** Believes what the trusted proxies have told. The certificate is that of the last of them, which has spoken TLS. */
  believe(headers: Headers, hops: number): void {
    const { address, isSecure, authority } = readForwarded((name) => headers.get(name), hops);
    if (address !== undefined) this.peer = { remoteAddress: address, peerCertificate: this.peer.peerCertificate };
    this.isSecure = isSecure ?? this.isSecure;
    this.authority = authority;
  }
}

/** Makes what an adapter hands to an app with a request that cannot upgrade. */
export function toPlainEnv(env: object, host: Host): Env {
  return { ...env, [HOST]: host };
}

/** Finds the host in it. */
export function hostOf(env: unknown): Host | undefined {
  if (typeof env !== "object" || env === null || !(HOST in env)) return undefined;
  return env[HOST] instanceof Host ? env[HOST] : undefined;
}

/** Finds the slot in what an adapter handed to an app. */
export function slotOf(env: unknown): UpgradeSlot | undefined {
  if (typeof env !== "object" || env === null || !(SLOT in env)) return undefined;
  return env[SLOT] instanceof UpgradeSlot ? env[SLOT] : undefined;
}

/**
 * Gives the response that stands for an accepted upgrade.
 *
 * @param hasHeaders Whether there may be headers in the context
 */
export function markAccepted(
  context: {
    readonly env: unknown;
    header(name: string, value?: string): void;
    body(data: null): Response;
  },
  hasHeaders: boolean,
): Response {
  if (!hasHeaders && slotOf(context.env)?.direct !== undefined) return ACCEPTED;
  context.header(MARK, "1");
  return context.body(null);
}

/** The answer of an upgrade service that accepted. The adapter answers 101 with `protocol` and `headers`, then calls `open`. */
export class Upgrade {
  /** The subprotocol to echo, "" for none. */
  readonly protocol: string;
  /** Further headers of the 101. */
  readonly headers: readonly (readonly [string, string])[];
  /** The rules of the service; an adapter reads `maxFrameSize`. */
  readonly rules: ServiceRules;
  readonly #service: Service;
  readonly #host: Host;
  readonly #details: ConnectionDetails;
  #place: Place | undefined;

  /** Made by an upgrade service. */
  constructor(
    service: Service,
    rules: ServiceRules,
    host: Host,
    details: ConnectionDetails,
    headers: readonly (readonly [string, string])[],
  ) {
    this.protocol = details.protocol;
    this.headers = headers;
    this.rules = rules;
    this.#service = service;
    this.#host = host;
    this.#details = details;
  }

  /** Joins the service and the open socket, and runs `onOpen`. */
  open(socket: RuntimeSocket): Connection & { readonly caller: Caller } {
    const service = this.#service;
    // Once the socket is down, Bun and Node do not tell it any more.
    if (isTold(service)) void this.#details.peer.remoteAddress;
    const connection = new ServiceConnection(service, socket, this.rules, this.#host, this.#details);
    if (this.#details.until !== undefined) connection.expire(this.#details.until);
    this.#place?.opened(connection);
    connection.start();
    // Accepted just before the listener stopped.
    if (this.#host.stopping) void connection.stop(this.rules.closureTimeout);
    return connection;
  }

  /** The same with more headers. */
  with(headers: readonly (readonly [string, string])[]): Upgrade {
    return new Upgrade(this.#service, this.rules, this.#host, this.#details, [...this.headers, ...headers]);
  }

  /** Holds a place for the connection, which is given back if it does not open. */
  hold(place: Place): void {
    this.#place = place;
    place.awaitOpen();
  }

  /** Says that the connection will not open, for the peer has left. An adapter that cannot tell leaves it out. */
  abandon(): void {
    this.#place?.free();
  }
}

// Whether it hears of the end. One whose callbacks cannot be read is told so in its turn.
function isTold(service: Service): boolean {
  try {
    const { onClose, onError } = callbacksOf(service);
    return onClose !== undefined || onError !== undefined;
  } catch {
    return true;
  }
}

/**
 * Hands a request and its slot to an app and takes the decision out of the slot.
 *
 * Never throws and never rejects: an app that does is answered for with 500.
 */
export function put(
  app: App,
  request: Request,
  slot: UpgradeSlot,
  env: Env,
): Response | Upgrade | Promise<Response | Upgrade> {
  env[SLOT] = slot;
  try {
    const answer = app.fetch(request, env);
    return answer instanceof Promise
      ? answer.then((response) => decide(slot, request, response)).catch((error: unknown) => fail(slot.host, error))
      : decide(slot, request, answer);
  } catch (error) {
    return fail(slot.host, error);
  }
}

/** Answers for an app that has failed. */
export function fail(host: Host, error: unknown): Response {
  host.logger.error("The app failed", toError(error));
  return refuse(500, "Internal server error");
}

function decide(slot: UpgradeSlot, request: Request, response: Response): Response | Upgrade {
  const { upgrade } = slot;
  const isDirect = response === ACCEPTED;
  if (upgrade === undefined || !(isDirect || response.headers.has(MARK))) {
    const isLookedAt = slot.refusal !== undefined && response === slot.refusal;
    if (slot.direct === undefined && !isLookedAt) checkAnswer(slot, request, response);
    if (upgrade !== undefined) tellReplaced(slot, response);
    return response;
  }
  // Hono copies the headers when middleware sets another response, so a refusal may bear the mark; ours has no body.
  if (!response.ok || response.body !== null) {
    tellReplaced(slot, response);
    return unmarked(response);
  }
  if (slot.host.stopping) return refuse(503, "The server is stopping", { "retry-after": "1" });
  if (isDirect) return upgrade;
  const added: [string, string][] = [];
  for (const [name, value] of response.headers) {
    if (!NOT_FORWARDED.has(name) && !name.startsWith("sec-websocket-")) added.push([name, value]);
  }
  return added.length === 0 ? upgrade : upgrade.with(added);
}

// Only of an upgrade, for the bodies of pages would become streams; what is wrong with those is the runtime's to find. A route that has upgraded by
// itself has voided the request on Deno.
function checkAnswer({ host, allowsNothing }: UpgradeSlot, request: Request, response: Response): void {
  if (allowsNothing && response === undefined) return;
  const isOne = isResponse(response);
  if ((isOne && response.status === 101) || request.headers.get("upgrade") === null) return;
  const why = isOne ? whyUnsendable(response, host.sent) : "what is no Response";
  if (why !== undefined) throw new TypeError(`An app answered with ${why}`);
}

// Middleware that refuses says so by its status. Another one is an accident, of which the client learns nothing.
function tellReplaced({ host }: UpgradeSlot, { ok, status }: Response): void {
  if (ok) host.infoOnce(`Refused an upgrade with ${status}: middleware has put another response in place of it`);
}

function unmarked(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.delete(MARK);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
