/**
 * The options of a client, and what they become once they are checked.
 *
 * @module
 */

import type { ClientAuth, CredentialCarrier } from "./client_credential.ts";
import type { ClientSecureSocket } from "./client_secure_socket.ts";
import type { ClientContract } from "./contract_line.ts";
import type { PingPongHandler } from "./ping_pong_handler.ts";
import type { Transport } from "./transport.ts";

/** How a client tries again. `{}` turns it on. */
export interface RetryConfig {
  /** How often it is tried again, until a connection has lasted `stableAfter`; 0 is no limit. @default 0 */
  maxCount?: number | undefined;
  /** Seconds before the first of these attempts. @default 1 */
  interval?: number | undefined;
  /** The factor by which each wait is longer than the one before. @default 1 */
  backOffFactor?: number | undefined;
  /** The longest wait in seconds, before `jitter` is applied. @default 30 */
  maxWaitInterval?: number | undefined;
  /** The share of a wait, 0 to 1, by which it is made shorter or longer at random. @default 0.5 */
  jitter?: number | undefined;
  /** Seconds that a connection must last until its attempts are forgotten. @default 5 */
  stableAfter?: number | undefined;
  /** Decides what is retried; `undefined` leaves it to the rules of the page on retry. @default the rules */
  retryOn?: ((cause: Error) => boolean | undefined) | undefined;
}

/** Pings that tell whether a silent server is still there. */
export interface ClientHeartbeat {
  /** Seconds from one ping to the next; `timeout`, if that is longer. @default 15 */
  interval?: number | undefined;
  /** Seconds to wait for any frame after a ping; then the connection is dropped with 1006. @default 10 */
  timeout?: number | undefined;
}

/**
 * The options of `Client.connect`. Durations are in seconds, fractions allowed; sizes in bytes.
 *
 * In browsers the platform's `WebSocket` carries the client, on Node, Deno and Bun `ws` does.
 */
export interface ClientConfig {
  /** The subprotocols to offer, best first. @default [] */
  subProtocols?: readonly string[] | undefined;
  /** Headers of the handshake. Not in browsers. @default {} */
  customHeaders?: Readonly<Record<string, string>> | undefined;
  /** Cookies of the handshake, by name. Browsers send their own. @default {} */
  cookies?: Readonly<Record<string, string>> | undefined;
  /** Who connects. @default nobody */
  auth?: ClientAuth | undefined;
  /** How the credential of `auth` travels. @default "header" */
  credentials?: CredentialCarrier | undefined;
  /** Seconds that a read waits for a message; -1 waits for ever. @default -1 */
  readTimeout?: number | undefined;
  /** Seconds that a write waits until it is handed to the socket, 60 at most; -1 sets no shorter limit. @default -1 */
  writeTimeout?: number | undefined;
  /** Seconds that an attempt to connect may take, credentials and all; 0 is no limit. @default 300 */
  handShakeTimeout?: number | undefined;
  /** TLS options. Not in browsers. @default those of the runtime */
  secureSocket?: ClientSecureSocket | undefined;
  /** Bytes of the largest message accepted; a larger one closes with 1009. @default 65536 */
  maxFrameSize?: number | undefined;
  /** Offer compression (RFC 7692). Browsers always do. @default true */
  webSocketCompressionEnabled?: boolean | undefined;
  /** Is told of pings and pongs. Not in browsers. @default none */
  pingPongHandler?: PingPongHandler | undefined;
  /** Try again when a connection fails or is lost. @default never */
  retryConfig?: RetryConfig | undefined;
  /** Whether `readMessage(schema)` and `contract` check what comes by their schemas, or only parse it. @default true */
  validation?: boolean | undefined;
  /** Ends the client when it aborts: connecting, open or waiting to try again. @default none */
  signal?: AbortSignal | undefined;
  /** Pings, where the transport has them; `false` turns them off. @default { interval: 15, timeout: 10 } */
  heartbeat?: ClientHeartbeat | false | undefined;
  /** What becomes of writes between two connections: they wait, at most 1,000, 1 MiB and 60 s; or reject. @default "queue" */
  whileDown?: "queue" | "reject" | undefined;
  /** Messages that may be received and not read; then reading pauses, or where it cannot, the connection closes with 1013 at 16 times as many. @default 1024 */
  maxQueuedMessages?: number | undefined;
  /** Bytes that may be received and not read; then reading pauses, or the connection closes with 1013. @default 1048576 */
  maxQueuedBytes?: number | undefined;
  /** What the server speaks: gives the client `request`, `stream`, `pushes` and `send`. @default none */
  contract?: ClientContract | undefined;
  /** What carries the client. @default "platform" in browsers, "ws" elsewhere */
  transport?: "platform" | "ws" | Transport | undefined;
}
