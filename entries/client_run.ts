/**
 * A service over an outgoing connection: the same callbacks as on a server, driven by the same code.
 *
 * @example
 * ```ts
 * import { run } from "@switchboard/websocket/client/run";
 *
 * export async function follow(url: string): Promise<void> {
 *   await using feed = await run(url, {
 *     onOpen: () => "subscribe prices",
 *     onTextMessage: (_caller, text) => console.log(text),
 *   });
 *   await feed.closed;
 * }
 * ```
 *
 * @module
 */

import { type RunConfig, toRunRules } from "../src/client/run_config.ts";
import { type RunningService, RunSession, type ServiceSource } from "../src/client/run_session.ts";
import { toTransport } from "../transports.ts";

export type { Caller, WriteOptions } from "../src/caller.ts";
export type { ClientConfig, ClientHeartbeat, RetryConfig } from "../src/client/client_config.ts";
export type {
  ClientAuth,
  ClientCredential,
  CredentialCarrier,
  CredentialRequest,
} from "../src/client/client_credential.ts";
export type { ClientClosure, ClientState } from "../src/client/client_events.ts";
export type { ClientSecureSocket } from "../src/client/client_secure_socket.ts";
export type { Transport } from "../src/client/transport.ts";
export type { CloseFrame } from "../src/close_frame.ts";
export type { Logger } from "../src/logger.ts";
export type { JsonObject, JsonValue, Reply, Service } from "../src/service.ts";
export type { RunConfig, RunningService, ServiceSource };

/**
 * Connects, and runs a service over the connection: its callbacks are called in the order, with the replies, errors and bounds of a server, and the
 * `Caller` is the server at the other end. Connecting, credentials, time-outs and retry are those of `Client.connect`.
 *
 * With `retryConfig` a lost connection is followed by another, which opens the service anew: `onOpen` again, and `onClose` once for each. A close
 * from this side is final, whoever began it: `close` of what is returned or of the caller, a returned close frame, an idle time-out, a callback that
 * failed. `caller.terminate()` is a loss, and is followed by another connection.
 *
 * @param url With the scheme `ws:`, `wss:`, `http:` or `https:`; in a page it may be relative
 * @param service For every connection the same one; or a function that makes one for each, so that its fields begin anew
 * @returns A promise that resolves at the first connection, once `onOpen` has been called
 * @throws {TypeError} If the URL is malformed, the service is none, or an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 * @throws {UnsupportedError} If the transport cannot do what an option asks
 * @throws {InvalidHandshakeError} If the server refuses, with its `status` and `body` where the transport shows them
 * @throws {ConnectionError} If there is no connection
 * @throws {HandshakeTimedOut} If it takes longer than `handShakeTimeout`
 * @throws {AuthError} If `auth` gives no credential
 * @throws {SslError} If TLS fails
 * @example
 * ```ts
 * import type { Caller, Service } from "@switchboard/websocket";
 * import { run } from "@switchboard/websocket/client/run";
 *
 * class Prices implements Service {
 *   #count = 0;
 *   onOpen(): string {
 *     return "subscribe";
 *   }
 *   onTextMessage(_caller: Caller, text: string): void {
 *     console.log(++this.#count, text);
 *   }
 * }
 *
 * export async function follow(url: string): Promise<void> {
 *   const feed = await run(url, () => new Prices(), { retryConfig: { backOffFactor: 2 } });
 *   console.log("the end:", await feed.closed);
 * }
 * ```
 */
export async function run(url: string | URL, service: ServiceSource, config: RunConfig = {}): Promise<RunningService> {
  if (typeof service !== "function" && (typeof service !== "object" || service === null)) {
    throw new TypeError(
      `Cannot run ${service === null ? "null" : `a ${typeof service}`}: must be a service, or a function that makes one`,
    );
  }
  const rules = toRunRules(url, config);
  rules.client.signal?.throwIfAborted();
  const session = new RunSession(service, rules, await toTransport(rules.dialling));
  return await session.first.promise;
}
