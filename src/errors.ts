/**
 * The errors that users meet. Every one is a {@link WebSocketError} with a stable `code`.
 *
 * @module
 */

import type { SchemaIssue } from "./standard_schema.ts";

export { isA, isError, toError } from "./thrown.ts";

/** The base of all errors of this module. */
export class WebSocketError extends Error {
  /** What went wrong, as a word that stays the same from release to release. */
  readonly code: string;

  /** Makes an error; `code` is its stable word. */
  constructor(message: string, options: ErrorOptions = {}, code = "websocket_error") {
    super(message, options);
    this.code = code;
  }

  /** The name of the class, written out since minifiers change that. */
  override get name(): string {
    return "WebSocketError";
  }
}

/** What an {@link InvalidHandshakeError} tells of the server's answer, where the transport shows it. */
export interface InvalidHandshakeOptions extends ErrorOptions {
  /** The HTTP status. */
  status?: number | undefined;
  /** The headers, names in lower case. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The beginning of the body. */
  body?: string | undefined;
  /** Seconds after which the server wants to be asked again. */
  retryAfter?: number | undefined;
}

/** The opening handshake failed (RFC 6455, section 4). */
export class InvalidHandshakeError extends WebSocketError {
  /** The HTTP status of the answer, where it is known. */
  readonly status: number | undefined;
  /** The headers of the answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the body of the answer, "" where there is none. */
  readonly body: string;
  /** Seconds after which the server wants to be asked again: its `Retry-After` (RFC 9110, section 10.2.3). */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: InvalidHandshakeOptions = {}) {
    super(message, options, "invalid_handshake");
    this.retryAfter = options.retryAfter;
    this.status = options.status;
    this.headers = options.headers ?? {};
    this.body = options.body ?? "";
  }

  override get name(): string {
    return "InvalidHandshakeError";
  }
}

/** A message was over `maxFrameSize`, or came in too many fragments; the connection closes with 1009 or 1008. */
export class PayloadTooLargeError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "payload_too_large");
  }

  override get name(): string {
    return "PayloadTooLargeError";
  }
}

/** A frame broke the protocol or carried bad UTF-8; the connection closes with 1002 or 1007. */
export class CorruptedFrameError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions, code = "corrupted_frame") {
    super(message, options, code);
  }

  override get name(): string {
    return "CorruptedFrameError";
  }
}

/** A continuation frame came without a message to continue, or a message began inside another. */
export class InvalidContinuationFrameError extends CorruptedFrameError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "invalid_continuation_frame");
  }

  override get name(): string {
    return "InvalidContinuationFrameError";
  }
}

/** The connection is gone, or could not be made. */
export class ConnectionError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions, code = "connection_lost") {
    super(message, options, code);
  }

  override get name(): string {
    return "ConnectionError";
  }
}

/** What a {@link ConnectionClosureError} tells of the end. */
export interface ConnectionClosureOptions extends ErrorOptions {
  /** The close code. */
  statusCode?: number | undefined;
  /** The reason. */
  reason?: string | undefined;
}

/** The connection has ended, or is about to. */
export class ConnectionClosureError extends ConnectionError {
  /** The close code (RFC 6455, section 7.4), where the end is known: 1005 for a close frame without one, 1006 for none. */
  readonly statusCode: number | undefined;
  /** The reason that came with it, "" for none. */
  readonly reason: string;

  constructor(message: string, options: ConnectionClosureOptions = {}) {
    super(message, options, "connection_closed");
    this.statusCode = options.statusCode;
    this.reason = options.reason ?? "";
  }

  override get name(): string {
    return "ConnectionClosureError";
  }
}

/** The opening handshake took too long. */
export class HandshakeTimedOut extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "handshake_timed_out");
  }

  override get name(): string {
    return "HandshakeTimedOut";
  }
}

/** A read took longer than it may. */
export class ReadTimedOutError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "read_timed_out");
  }

  override get name(): string {
    return "ReadTimedOutError";
  }
}

/** What an {@link AuthError} may set besides its message. */
export interface AuthErrorOptions extends ErrorOptions {
  /** The HTTP status of the refusal: 400 for a malformed credential, 401, 403, or 503 when it cannot be checked now. @default 503 */
  status?: 400 | 401 | 403 | 503 | undefined;
  /** Seconds after which the client may try again, for `Retry-After`. @default 1 with status 503 */
  retryAfter?: number | undefined;
}

/** Authentication could not be carried out: thrown by an authenticator, it ends the search. Its message is the body of the refusal; with status 503 it is a line of the log instead. */
export class AuthError extends WebSocketError {
  /** The HTTP status of the refusal. */
  readonly status: 400 | 401 | 403 | 503;
  /** Seconds after which the client may try again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: AuthErrorOptions = {}) {
    super(message, options, "auth_failed");
    this.status = options.status ?? 503;
    this.retryAfter = options.retryAfter ?? (this.status === 503 ? 1 : undefined);
  }

  override get name(): string {
    return "AuthError";
  }
}

/** TLS could not be set up. */
export class SslError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "ssl_failed");
  }

  override get name(): string {
    return "SslError";
  }
}

/** What a {@link PayloadBindingError} tells of the message. */
export interface PayloadBindingOptions extends ErrorOptions {
  /** What is wrong with it, and where, as the schema says. */
  issues?: readonly SchemaIssue[] | undefined;
}

/** A message could not be turned into the type that is wanted. */
export class PayloadBindingError extends WebSocketError {
  /** What is wrong with it, and where; empty if no schema was asked. */
  readonly issues: readonly SchemaIssue[];

  constructor(message: string, options: PayloadBindingOptions = {}, code = "invalid_binding") {
    super(message, options, code);
    this.issues = options.issues ?? [];
  }

  override get name(): string {
    return "PayloadBindingError";
  }
}

/** A message does not fit its schema. */
export class PayloadValidationError extends PayloadBindingError {
  constructor(message: string, options?: PayloadBindingOptions) {
    super(message, options, "invalid_message");
  }

  override get name(): string {
    return "PayloadValidationError";
  }
}

/** What a {@link RequestError} tells besides its message. */
export interface RequestErrorOptions extends PayloadBindingOptions {
  /** The word that goes on the wire. @default "failed" */
  code?: string | undefined;
}

/**
 * A request was answered with an `error`. Thrown or returned by the handler of a message that has an id, it becomes that answer, with its
 * `code`, message and issues, and is no fault of the service; a typed client rejects with it.
 */
export class RequestError extends WebSocketError {
  /** What is wrong with the message, and where; empty if that is not what is wrong. */
  readonly issues: readonly SchemaIssue[];

  constructor(message: string, options: RequestErrorOptions = {}) {
    super(message, options, options.code ?? "failed");
    this.issues = options.issues ?? [];
  }

  override get name(): string {
    return "RequestError";
  }
}

/** The engine that serves the connection cannot do what was asked; the message names the engine that can. */
export class UnsupportedError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "unsupported");
  }

  override get name(): string {
    return "UnsupportedError";
  }
}

/** A listener could not be started, or not be changed. */
export class ListenerError extends WebSocketError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "listener_failed");
  }

  override get name(): string {
    return "ListenerError";
  }
}
