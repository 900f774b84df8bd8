/**
 * Refusals of an upgrade as responses (R23): the status says what is wrong, the body what to do.
 *
 * @module
 */

/** Makes the response that refuses an upgrade; `advice` is one line without its end. */
export function refuse(status: number, advice: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${advice}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** The headers by which a client learns what to speak (RFC 6455, section 4.4). */
export const SPEAK_WEBSOCKET: Readonly<Record<string, string>> = {
  upgrade: "websocket",
  connection: "upgrade",
  "sec-websocket-version": "13",
};
