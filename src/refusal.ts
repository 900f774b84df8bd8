/**
 * Refusals of an upgrade as responses (R23): the status says what is wrong, the body what to do.
 *
 * @module
 */

/** Makes the response that refuses an upgrade; `advice` is one line without its end. */
export function refuse(status: number, advice: string, given: Readonly<Record<string, string>> = {}): Response {
  // Made here, for the response of `@hono/node-server` looks at them when it is too late to say what is wrong.
  const headers = new Headers({ "content-type": "text/plain; charset=utf-8", ...given });
  return new Response(`${advice}\n`, { status, headers });
}

/** Tells whether a value is a response. Not by its class alone: `@hono/node-server` puts its own in the place of that which `fetch` makes. */
export function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  if (typeof value !== "object" || value === null) return false;
  return Symbol.toStringTag in value && value[Symbol.toStringTag] === "Response";
}

/**
 * Says why a response that is about to be sent cannot be, `undefined` if it can. When a runtime cannot send one, it tells the peer so in its own
 * way, and Deno stops listening.
 *
 * Looking at the body makes a stream of it, so this is not for responses of which there are many.
 *
 * @param sent The responses that were sent before; this one is added
 */
export function whyUnsendable(response: Response, sent: WeakSet<Response>): string | undefined {
  if (response.status === 0) return "a Response of status 0, as Response.error() makes it: it has no form in HTTP";
  if (sent.has(response) || response.bodyUsed || response.body?.locked === true) {
    return "a Response that was used before: make a new Response for each request";
  }
  sent.add(response);
  return undefined;
}

/** The headers by which a client learns what to speak (RFC 6455, section 4.4). */
export const SPEAK_WEBSOCKET: Readonly<Record<string, string>> = {
  upgrade: "websocket",
  connection: "upgrade",
  "sec-websocket-version": "13",
};
