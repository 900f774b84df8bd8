/**
 * The client: reads, iterates, writes and comes back after a loss. For browsers, Deno, Bun and Node.
 *
 * @example
 * ```ts
 * import { Client } from "@switchboard/websocket/client";
 *
 * export async function ask(url: string, question: string): Promise<string> {
 *   await using client = await Client.connect(url);
 *   await client.writeTextMessage(question);
 *   return await client.readTextMessage();
 * }
 * ```
 *
 * @module
 */

export { Client, type Hook } from "../client.ts";
export type { ClientConfig, ClientHeartbeat, RetryConfig } from "../src/client/client_config.ts";
export type {
  ClientAuth,
  ClientCredential,
  CredentialCarrier,
  CredentialRequest,
} from "../src/client/client_credential.ts";
export {
  ClientCloseEvent,
  type ClientClosure,
  type ClientEvents,
  type ClientListener,
  type ClientListenerOptions,
  type ClientState,
  ReconnectingEvent,
  type TypedEventTarget,
} from "../src/client/client_events.ts";
export type { ClientSecureSocket } from "../src/client/client_secure_socket.ts";
export type { ClientContract, ContractLine } from "../src/client/contract_line.ts";
export type { Message } from "../src/client/message.ts";
export type { PingPongHandler } from "../src/client/ping_pong_handler.ts";
export { webSocketTransport } from "../src/client/platform.ts";
export type { Dial, Handshake, Line, Transport, TransportSocket } from "../src/client/transport.ts";
export type { ClientWriteOptions, Writer } from "../src/client/writer.ts";
export {
  AuthError,
  type AuthErrorOptions,
  ConnectionClosureError,
  type ConnectionClosureOptions,
  ConnectionError,
  CorruptedFrameError,
  HandshakeTimedOut,
  InvalidHandshakeError,
  type InvalidHandshakeOptions,
  PayloadBindingError,
  type PayloadBindingOptions,
  PayloadTooLargeError,
  PayloadValidationError,
  ReadTimedOutError,
  RequestError,
  type RequestErrorOptions,
  SslError,
  UnsupportedError,
  WebSocketError,
} from "../src/errors.ts";
export type { RuntimeSocket } from "../src/socket.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "../src/standard_schema.ts";
