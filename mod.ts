/**
 * WebSocket services that are written once and run on Deno, Bun and Node.
 *
 * @example
 * ```ts
 * import { Listener } from "@switchboard/websocket";
 *
 * const listener = new Listener(0);
 * listener.attach("/echo", () => ({ onTextMessage: (_caller, text) => text }));
 * await listener.start();
 * await listener.gracefulStop();
 * ```
 *
 * @module
 */

export { Listener } from "./listener.ts";
export { ask } from "./src/ask.ts";
export type { Authenticator, Principal } from "./src/authenticator.ts";
export { Caller, type WriteOptions } from "./src/caller.ts";
export {
  type Capabilities,
  ENGINE_CAPABILITIES,
  type EngineName,
  type Requirement,
} from "./src/capabilities.ts";
export type { Clock } from "./src/clock.ts";
export {
  type CloseFrame,
  closeFrame,
  GOING_AWAY,
  INTERNAL_SERVER_ERROR,
  INVALID_PAYLOAD,
  MESSAGE_TOO_BIG,
  NORMAL_CLOSURE,
  POLICY_VIOLATION,
  PROTOCOL_ERROR,
  UNSUPPORTED_DATA,
} from "./src/close_frame.ts";
export { Connections, type OwnServerOptions } from "./src/connections.ts";
export type { CredentialSource } from "./src/credentials.ts";
export type { DocumentOptions } from "./src/documents/options.ts";
export type { Engine, ListenOptions, Server } from "./src/engine.ts";
export {
  AuthError,
  type AuthErrorOptions,
  ConnectionClosureError,
  ConnectionError,
  CorruptedFrameError,
  HandshakeTimedOut,
  InvalidContinuationFrameError,
  InvalidHandshakeError,
  ListenerError,
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
} from "./src/errors.ts";
export { Host } from "./src/host.ts";
export type { HostConfig, Http1Settings } from "./src/host_config.ts";
export type { ListenerConfig } from "./src/listener_config.ts";
export type { Logger } from "./src/logger.ts";
export type { ConnectionDetails, Peer } from "./src/peer.ts";
export type { DistinguishedName, PeerCertificate } from "./src/peer_certificate.ts";
export type { RequestLimits } from "./src/request_limits.ts";
export type {
  KeyFiles,
  KeyStore,
  KeyText,
  MutualSsl,
  SecureOptions,
  SecureSocket,
  TlsVersion,
} from "./src/secure_socket.ts";
export type { JsonObject, JsonValue, Reply, Service } from "./src/service.ts";
export type { Heartbeat, ResponseHeaders, ServiceConfig, UpgradeConfig } from "./src/service_config.ts";
export { type App, type Env, Upgrade, UpgradeSlot } from "./src/slot.ts";
export type { Connection, RuntimeSocket } from "./src/socket.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./src/standard_schema.ts";
export type { StopOptions } from "./src/stop.ts";
export {
  type UpgradeAnswer,
  type UpgradeHandler,
  type UpgradeResponse,
  type UpgradeService,
  upgrade,
} from "./src/upgrade.ts";
export { AuthnError, AuthzError, UpgradeError, type UpgradeErrorOptions } from "./src/upgrade_errors.ts";
export type { ParamsOf, UpgradeContext, UpgradeRequest } from "./src/upgrade_request.ts";
export { type AcceptOptions, accept } from "./src/web_socket.ts";
