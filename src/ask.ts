/**
 * What an adapter calls with each request: the limits, the app, and what is the same for every answer.
 *
 * @module
 */

import type { Place } from "./admission.ts";
import type { Host } from "./host.ts";
import { isResponse, refuse } from "./refusal.ts";
import { BoundedRequest, bodyTooLarge, checkRequest } from "./request_limits.ts";
import { type App, type Env, fail, put, Upgrade, type UpgradeSlot } from "./slot.ts";

/**
 * Asks an app about a request: the answer is an {@link Upgrade} if an upgrade service accepted and nothing after it refused.
 *
 * The limits come first: a request past one of them does not reach the app. Never throws and never rejects: an app that does is answered for with
 * 500.
 *
 * @param env What the handlers of this one request get; the slot is added to it
 */
export function ask(
  app: App,
  request: Request,
  slot: UpgradeSlot,
  env: Env,
): Response | Upgrade | Promise<Response | Upgrade> {
  const { admission, rules } = slot.host;
  const { requestLimits, trustedProxies } = rules;
  const refusal = checkRequest(request, requestLimits, slot.headerSize);
  if (refusal !== undefined) return dress(slot.host, tell(slot.host, refusal));
  if (trustedProxies > 0) slot.believe(request.headers, trustedProxies);
  const isPlain = admission === undefined && rules.headers.length === 0 && requestLimits.maxEntityBodySize === -1;
  return isPlain ? put(app, request, slot, env) : putCounted(app, request, slot, env);
}

/**
 * Answers a request that is no upgrade, on a server that tells those apart.
 *
 * @param headerSize Bytes of its headers
 */
export function answer(
  host: Host,
  request: Request,
  headerSize: number,
  fetch: (request: Request) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { headers, requestLimits } = host.rules;
  const refusal = checkRequest(request, requestLimits, headerSize);
  if (refusal !== undefined) return dress(host, tell(host, refusal));
  if (headers.length === 0 && requestLimits.maxEntityBodySize === -1) return fetch(request);
  const bounded = new BoundedRequest(request, requestLimits.maxEntityBodySize);
  const settle = (response: Response): Response => dress(host, boundedBy(bounded, host, response));
  const response = fetch(bounded.request);
  if (!(response instanceof Promise)) return settle(response);
  return response.then(settle, (error: unknown) => {
    // The error that the body ended with came out of the app.
    if (bounded.isOver) return settle(refuse(500, "Internal server error"));
    throw error;
  });
}

/** Answers for a response that the runtime could not send. */
export function answerFault(host: Host, error: unknown): Response {
  return dress(host, fail(host, error));
}

/** Gives a response the headers that all have. An app's own `Server` stays. */
export function dress(host: Host, response: Response): Response {
  const { headers } = host.rules;
  // What an app gives that is no response is the runtime's to refuse.
  if (headers.length === 0 || !isResponse(response)) return response;
  try {
    for (const [name, value] of headers) {
      // One that names what to upgrade to has its name in it too (RFC 9110, section 7.8).
      if (name === "connection")
        response.headers.set(name, response.headers.has("upgrade") ? `upgrade, ${value}` : value);
      else if (!response.headers.has(name)) response.headers.set(name, value);
    }
    return response;
  } catch {
    // Those of a response that was fetched, or of a redirect, cannot be changed.
    const { body, status, statusText } = response;
    return status < 200 ? response : dress(host, new Response(body, { status, statusText, headers: response.headers }));
  }
}

function putCounted(
  app: App,
  request: Request,
  slot: UpgradeSlot,
  env: Env,
): Response | Upgrade | Promise<Response | Upgrade> {
  const { host } = slot;
  const place = isUpgrade(request) ? host.admission?.enter(slot.peer.remoteAddress) : undefined;
  if (place instanceof Response) return dress(host, tell(host, place));
  const bounded = new BoundedRequest(request, host.rules.requestLimits.maxEntityBodySize);
  const given = put(app, bounded.request, slot, env);
  if (!(given instanceof Promise)) return settle(host, place, bounded, given);
  const free = (): void => place?.free();
  // An app that never answers would keep the place of a peer that has left.
  const signal = place === undefined ? undefined : request.signal;
  signal?.addEventListener("abort", free);
  return given.then((late) => {
    signal?.removeEventListener("abort", free);
    return settle(host, place, bounded, late);
  });
}

function settle(
  host: Host,
  place: Place | undefined,
  bounded: BoundedRequest,
  given: Response | Upgrade,
): Response | Upgrade {
  if (!(given instanceof Upgrade)) {
    place?.free();
    return dress(host, boundedBy(bounded, host, given));
  }
  const { server } = host.rules;
  const isTold = server === undefined || given.headers.some(([name]) => name.toLowerCase() === "server");
  const upgrade = isTold ? given : given.with([["server", server]]);
  if (place !== undefined) upgrade.hold(place);
  return upgrade;
}

function boundedBy(bounded: BoundedRequest, host: Host, response: Response): Response {
  return bounded.isOver ? tell(host, bodyTooLarge(host.rules.requestLimits.maxEntityBodySize)) : response;
}

const OPTIONS: ReadonlyMap<number, string> = new Map([
  [413, "requestLimits.maxEntityBodySize"],
  [414, "requestLimits.maxUriLength"],
  [429, "maxConnectionsPerAddress"],
  [431, "requestLimits.maxHeaderSize"],
  [503, "maxConnections"],
]);

// The line holds nothing that the peer has sent.
function tell(host: Host, refusal: Response): Response {
  const { status } = refusal;
  host.logger.info(`Refused a request with ${status}: option ${OPTIONS.get(status)} is the limit`);
  return refusal;
}

// Only those are counted, and a plain request passes while there is no room: a health check, say.
function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade") !== null;
}
