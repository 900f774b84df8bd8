/**
 * What went wrong, in the words of the core.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Dial } from "../../src/client/transport.ts";
import { ConnectionError, InvalidHandshakeError, SslError, type WebSocketError } from "../../src/errors.ts";
import type { NodeResponse } from "./runtime.ts";

/** Bytes of a body that are kept. */
const BODY_LIMIT = 65536;
/** Milliseconds that a body may take. */
const BODY_TIMEOUT = 1000;
/** Characters of a body that a message repeats. */
const LINE_LIMIT = 200;
/** Shorter parts of a request are no secrets, and found in any text. */
const SECRET_LENGTH = 8;

/** The reading of a response that is no 101. */
export interface Reading {
  /** Gives what has come. */
  finish(): void;
  /** Gives nothing any more. */
  stop(): void;
}

/** Reads the beginning of a response that is no 101, and gives what it says. The connection is then the caller's to end. */
export function readRefusal(response: NodeResponse, dial: Dial, done: (error: WebSocketError) => void): Reading {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isDone = false;
  const stop = (): void => {
    isDone = true;
    clearTimeout(timer);
  };
  const finish = (): void => {
    if (isDone) return;
    stop();
    done(toAnswerError(response, Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString(), dial));
  };
  const timer = setTimeout(finish, BODY_TIMEOUT);
  response.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= BODY_LIMIT) finish();
  });
  response.on("end", finish);
  response.on("close", finish);
  // A body that breaks off is as good as one that ends.
  response.on("error", finish);
  // Nothing follows, and nothing says so.
  if (response.statusCode === 101) finish();
  return { finish, stop };
}

function toAnswerError(response: NodeResponse, body: string, dial: Dial): InvalidHandshakeError {
  const status = response.statusCode ?? 0;
  if (status === 101)
    return new InvalidHandshakeError("The server's answer is no handshake: its Upgrade or Connection is missing");
  const headers = toHeaders(response.headers);
  // The page of a proxy is for browsers.
  const line = /^text\/html\b/i.test(headers["content-type"] ?? "") ? "" : toLine(body, dial);
  const message = `The server answered with status ${status}${line === "" ? "" : `: ${line}`}`;
  const retryAfter = toRetryAfter(headers["retry-after"]);
  return new InvalidHandshakeError(message, { status, headers, body, ...(retryAfter !== undefined && { retryAfter }) });
}

/** Gives the seconds of `Retry-After`, which are a number or a date (RFC 9110, section 10.2.3). */
function toRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

// A server may repeat what it was sent, and a line of a log must stay one line.
function toLine(body: string, dial: Dial): string {
  let line = body.trimStart().split(/[\r\n]/, 1)[0] ?? "";
  line = line.slice(0, 4 * LINE_LIMIT);
  for (const secret of toSecrets(dial)) line = line.replaceAll(secret, "…");
  const printable = line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, toEscape);
  return printable.length > LINE_LIMIT ? `${printable.slice(0, LINE_LIMIT - 1)}…` : printable;
}

function toEscape(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

/** Gives what the request may have held of credentials: the query, the values of headers, the subprotocols. */
function toSecrets({ url, headers = {}, protocols }: Dial): string[] {
  const { search, searchParams } = new URL(url);
  const values = Object.values(headers);
  const parts = values.flatMap((value) => value.split(/[ ;=,]+/));
  const raw = search.match(/(?<==)[^&]+/g) ?? [];
  const secrets = [search.slice(1), ...raw, ...searchParams.values(), ...values, ...parts, ...protocols];
  return secrets.filter((secret) => secret.length >= SECRET_LENGTH).sort((a, b) => b.length - a.length);
}

/** Gives headers as they are shown: names in lower case, `Set-Cookie` lines joined by line feeds. */
export function toHeaders(headers: NodeResponse["headers"]): Record<string, string> {
  const shown: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) shown.push([name, typeof value === "string" ? value : value.join("\n")]);
  }
  return Object.fromEntries(shown);
}

/** Tells why there is no connection. `answer` is there if the server has switched protocols, so that it is the answer that is wrong. */
export function toRefusal(error: Error, { url, protocols }: Dial, answer: NodeResponse | undefined): WebSocketError {
  const code = codeOf(error);
  if (answer !== undefined || code.startsWith("HPE_")) {
    // What the server speaks is its decision, as a status is; one that nobody has offered is a fault.
    // Both come after all else is found right, and `ws` tells them from the rest by their text alone.
    const isChoice = protocols.length > 0 && /subprotocol/.test(error.message);
    const hasNone = isChoice && !answer?.headers["sec-websocket-protocol"];
    const options = { ...(hasNone && { status: 101 }), cause: error };
    return new InvalidHandshakeError(`The server's answer is no handshake: ${error.message}`, options);
  }
  const { protocol, host } = new URL(url);
  // Bun tells some errors by their text alone, which holds the URL, whose query may hold a token.
  const holdsUrl = error.message.includes("://");
  const why = code || error.message.replace(/\S?(?:ws|http)s?:\/\/\S+/g, "…");
  const options = holdsUrl ? {} : { cause: error };
  // What is neither of the system nor of HTTP is of TLS, whose codes are many.
  const isTls = protocol === "wss:" && code !== "" && !/^E(?!RR|PROTO)/.test(code);
  if (isTls) return new SslError(`Cannot connect to "${host}" with TLS: ${why}`, options);
  return new ConnectionError(`Cannot connect to "${host}": ${why}`, options);
}

/** Gives the close code for what is wrong with a frame; none if that is not what is wrong. */
export function toFaultCode(error: Error): number | undefined {
  const code = codeOf(error);
  // Too many parts of a message are too much of it.
  if (/^WS_ERR_(?:UNSUPPORTED_.*LENGTH|TOO_MANY_.*)$/.test(code)) return 1009;
  // Of zlib: compressed data that is none, that ends too soon, or that asks for a dictionary.
  if (/^(?:WS_ERR_INVALID_UTF8|Z_.*)$/.test(code)) return 1007;
  return code.startsWith("WS_ERR_") ? 1002 : undefined;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
