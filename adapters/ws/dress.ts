/**
 * What a transport that is no browser's does besides: headers, cookies, credentials and TLS options in the handshake, `Retry-After` in its refusals, and
 * pings for silent servers.
 *
 * @module
 */

import type { ClientConfig, ClientHeartbeat } from "../../src/client/client_config.ts";
import type { ClientCredential } from "../../src/client/client_credential.ts";
import { toNumbers } from "../../src/client/client_rules.ts";
import type { ClientSecureSocket } from "../../src/client/client_secure_socket.ts";
import type { Dial, Line, Transport, TransportSocket } from "../../src/client/transport.ts";
import { AuthError } from "../../src/errors.ts";
import { isToken } from "../../src/http.ts";
import { type Complete, checkBoolean, checkNames } from "../../src/options.ts";
import { HeartbeatLine } from "./heartbeat.ts";

/**
 * Puts on a transport what the options of a client say.
 *
 * @throws {TypeError} If a header or cookie is malformed
 * @throws {RangeError} If a number is out of range
 */
export function dress(transport: Transport, config: ClientConfig): Transport {
  const headers = toHeaders(config);
  const heartbeat = toHeartbeat(config.heartbeat);
  const { secureSocket, webSocketCompressionEnabled: compression = true } = config;
  if (secureSocket !== undefined) checkSecureSocket(secureSocket);
  let handler = config.pingPongHandler ?? {};
  for (const name of ["onPing", "onPong"] as const) {
    if (handler[name] !== undefined && typeof handler[name] !== "function")
      throw new TypeError(`Option pingPongHandler.${name} is no function`);
  }
  const options = { compression, ...(secureSocket !== undefined && { secureSocket }) };
  const {
    name,
    headers: isDressed = false,
    ping = false,
    compression: deflates = isDressed,
    refusals = false,
  } = transport;
  return {
    name,
    headers: isDressed,
    ping,
    compression: deflates,
    refusals,
    dial(dial: Dial, line: Line): TransportSocket {
      const dressed = { ...dial, ...options, headers: withCredential(headers, dial.credential) };
      const beating = new HeartbeatLine(line, handler, ping ? heartbeat : undefined);
      beating.socket = transport.dial(dressed, beating);
      return beating.socket;
    },
    observe(other) {
      handler = other;
    },
  };
}

function toHeartbeat(heartbeat: ClientHeartbeat | false = {}): Complete<ClientHeartbeat> | undefined {
  if (heartbeat === false) return undefined;
  if (typeof heartbeat !== "object") throw new TypeError("Option heartbeat is neither an object nor false");
  const checked = toNumbers("heartbeat.", heartbeat, { interval: 15, timeout: 10 });
  if (checked.interval * checked.timeout === 0)
    throw new RangeError("Option heartbeat has 0: must be more than 0 seconds");
  return checked;
}

function toHeaders({ customHeaders = {}, cookies = {} }: ClientConfig): Readonly<Record<string, string>> {
  checkRecord("customHeaders", customHeaders);
  checkRecord("cookies", cookies);
  const headers = new Map(Object.entries(customHeaders));
  for (const [name, value] of headers) {
    const isOurs = /^(?:connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i.test(name);
    if (isOurs || !isToken(name) || !isFieldValue(value)) {
      throw new TypeError(`Option customHeaders has ${JSON.stringify(name)}: must be a header that a client may set`);
    }
  }
  const pairs = Object.entries(cookies);
  for (const [name, value] of pairs) {
    if (!isToken(name) || typeof value !== "string" || !/^[!#-+\--:<-[\]-~]*$/.test(value)) {
      throw new TypeError(`Option cookies has ${JSON.stringify(name)}: must have a name and a value of RFC 6265`);
    }
  }
  if (pairs.length === 0) return Object.fromEntries(headers);
  drop(headers, "cookie");
  return { ...Object.fromEntries(headers), Cookie: pairs.map((pair) => pair.join("=")).join("; ") };
}

// A `Headers` or a `Map` has no entries of its own, so it would be taken for an empty record.
function checkRecord(name: string, value: object): void {
  if (Symbol.iterator in Object(value)) throw new TypeError(`Option ${name} must be a record of strings`);
}

const SECURE_NAMES: ReadonlySet<string> = new Set(["cert", "key", "ca", "rejectUnauthorized", "serverName"]);

function checkSecureSocket(secure: ClientSecureSocket): void {
  checkNames("secureSocket", secure, SECURE_NAMES);
  for (const [name, value] of Object.entries(secure)) {
    if (value === undefined) continue;
    if (name === "rejectUnauthorized") checkBoolean("secureSocket.rejectUnauthorized", value);
    // A serverName of "" is none.
    else if (typeof value !== "string" || (value.trim() === "" && name !== "serverName"))
      throw new TypeError(`Option secureSocket.${name} must be a text that is not blank`);
  }
  if ((secure.cert === undefined) !== (secure.key === undefined))
    throw new TypeError("Options secureSocket.cert and secureSocket.key go together");
}

/** Adds `Authorization`, which takes the place of one that the user has set. */
function withCredential(
  headers: Readonly<Record<string, string>>,
  credential: ClientCredential | undefined,
): Readonly<Record<string, string>> {
  if (credential === undefined) return headers;
  const others = new Map(Object.entries(headers));
  drop(others, "authorization");
  return { ...Object.fromEntries(others), Authorization: toAuthorization(credential) };
}

function toAuthorization(credential: ClientCredential): string {
  if ("token" in credential) {
    const { token } = credential;
    if (typeof token !== "string" || !/^[!-~]+$/.test(token)) throw refusal("the token is empty or malformed");
    return `Bearer ${token}`;
  }
  const { username, password } = credential;
  if (!username || !password) throw refusal("neither the user nor the password may be empty");
  if (/[:\p{Cc}]/u.test(username) || /\p{Cc}/u.test(password))
    throw refusal("the user has a colon, or one of them a control character");
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`)))}`;
}

function refusal(why: string): AuthError {
  return new AuthError(`Cannot send the credential: ${why}`, { status: 401 });
}

function isFieldValue(value: unknown): boolean {
  return typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function drop(headers: Map<string, string>, name: string): void {
  for (const key of headers.keys()) if (key.toLowerCase() === name) headers.delete(key);
}
