/**
 * The limits that `node:http` keeps by itself, before there is a request, and what it answers then.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";
import { answerFault, dress } from "../../src/ask.ts";
import { LONGEST } from "../../src/clock.ts";
import type { Host } from "../../src/host.ts";
import type { HostRules } from "../../src/host_config.ts";
import { refuse } from "../../src/refusal.ts";
import { headersTooLarge, uriTooLong } from "../../src/request_limits.ts";
import { type Fault, type FaultyServer, toFaulty } from "./runtime.ts";
import { linger } from "./socket_events.ts";

/** The options of `createServer` that bound a request. */
export interface ServerLimits {
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
}

// Milliseconds between two requests on one connection: as on Bun, and longer than balancers keep one that they may use again (60 s in AWS, 240 s in
// Azure). With less they send a request into a connection that ends, and tell their client 502 (nodejs/node issue 59193).
const BETWEEN_REQUESTS = 255_000;

/** Gives the options of `createServer`. */
export function toServerLimits(rules: HostRules): ServerLimits {
  const { maxHeaderSize, maxUriLength } = rules.requestLimits;
  // Node takes whole milliseconds only, and a timer no more than 31 bits.
  const headersTimeout = Math.min(Math.ceil(rules.headersTimeout), LONGEST);
  const timeout = Math.min(Math.ceil(rules.timeout), LONGEST);
  return {
    // Node counts the address with the headers: past the sum one of them is too long, and which one is told where it is known.
    maxHeaderSize: maxHeaderSize + maxUriLength,
    headersTimeout,
    requestTimeout: timeout,
    keepAliveTimeout: BETWEEN_REQUESTS,
    // A connection is closed at most so much too late.
    connectionsCheckingInterval:
      headersTimeout === 0 ? 500 : Math.max(50, Math.min(500, Math.ceil(headersTimeout / 10))),
  };
}

/** Answers what is no request with a line of advice, as any other refusal. */
export function answerFaults(server: FaultyServer, host: Host): void {
  server.on("clientError", (error, stream) => {
    const socket = toFaulty(stream);
    // It comes again for each further piece of what is no request.
    if (!socket.writable || socket.writableEnded) return;
    if (error.code === "ECONNRESET" || socket._httpMessage?.headersSent === true) return void socket.destroy();
    const response = dress(host, toRefusal(error, host));
    // A socket that is destroyed with bytes unread cuts off its answer.
    socket.on("finish", linger);
    socket.resume();
    void response.text().then((body) => socket.end(toBytes(response, body)));
  });
}

/** Answers for an app that has failed, or for a request of which no `Request` can be made. */
export function toFailure(error: unknown, host: Host): Response {
  if (error instanceof Error && error.name === "RequestError") return dress(host, malformed());
  return answerFault(host, error);
}

/** Makes the 400 for a request of which no `Request` can be made: `@hono/node-server` is strict with its address. */
export function malformed(): Response {
  return refuse(400, "Send a Host of name and port, and a path", { connection: "close" });
}

function toRefusal(error: Fault, host: Host): Response {
  const { maxHeaderSize, maxUriLength } = host.rules.requestLimits;
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return isInUri(error.rawPacket, maxUriLength) ? uriTooLong(maxUriLength) : headersTooLarge(maxHeaderSize);
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refuse(408, "Send the request in less time");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return refuse(413, "Send no extensions with the chunks of a body");
    default:
      return refuse(400, "Send a request of HTTP/1.1");
  }
}

// Of a request that came in pieces the last does not tell; then it is 431.
function isInUri(packet: Uint8Array | undefined, most: number): boolean {
  const line = packet?.indexOf(0x0a) ?? 0;
  const start = Buffer.from(packet?.subarray(0, 10) ?? []).toString("latin1");
  return /^[A-Z]+ /.test(start) && (line === -1 || line > most);
}

function toBytes(response: Response, body: string): Buffer {
  const { status } = response;
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];
  for (const [name, value] of response.headers) if (name !== "connection") lines.push(`${name}: ${value}`);
  lines.push("connection: close", `content-length: ${Buffer.byteLength(body)}`);
  // RFC 9110, section 6.6.1.
  lines.push(`date: ${new Date().toUTCString()}`, "", body);
  return Buffer.from(lines.join("\r\n"));
}
