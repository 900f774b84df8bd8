/**
 * The remote end of one connection, as a service speaks to it.
 *
 * @module
 */

import { isBinary, toBytes } from "./bytes.ts";
import { type Capabilities, lacking } from "./capabilities.ts";
import { UnsupportedError } from "./errors.ts";
import { toMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { ConnectionDetails, Peer } from "./peer.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import type { Principal } from "./principal.ts";
import { isStream } from "./reply.ts";

/** How one message is written. */
export interface WriteOptions {
  /**
   * Whether to compress the message where permessage-deflate was negotiated (RFC 7692); elsewhere it has no effect. Use `false` for secrets that
   * stand beside what a stranger chose: the compressed length could reveal them. @default true for messages of at least 1024 bytes
   */
  compress?: boolean | undefined;
}

/**
 * The remote end of one connection: one object, the same in every callback, which may be kept and used from anywhere.
 *
 * The `write…` methods resolve when the message is accepted and at most 64 KiB are unsent, and reject with a {@link ConnectionError} when the
 * connection is gone. They need not be awaited; a writer that awaits them never exceeds `maxBufferedAmount`.
 *
 * @example
 * ```ts
 * import type { Caller, Service } from "@switchboard/websocket";
 *
 * export const greeter: Service = {
 *   async onOpen(caller: Caller) {
 *     await caller.writeTextMessage(`You are ${caller.connectionId}`);
 *   },
 * };
 * ```
 */
export class Caller {
  readonly #outbox: Outbox;
  // Apart, for the object that they came in would be one more to keep for each connection.
  readonly #peer: Peer;
  readonly #protocol: string;
  readonly #isSecure: boolean;
  readonly #principal: Principal | undefined;
  #id: string | undefined;
  #attributes: Map<string, unknown> | undefined;

  /** Made by the connection, never by users. */
  constructor(outbox: Outbox, details: ConnectionDetails) {
    this.#outbox = outbox;
    this.#peer = details.peer;
    this.#protocol = details.protocol;
    this.#isSecure = details.isSecure;
    this.#principal = details.principal;
  }

  /** A string that no other connection has. */
  get connectionId(): string {
    this.#id ??= crypto.randomUUID();
    return this.#id;
  }

  /** The subprotocol that was negotiated, `undefined` for none. */
  get negotiatedSubProtocol(): string | undefined {
    return this.#protocol === "" ? undefined : this.#protocol;
  }

  /**
   * The address of the peer, where the engine tells it. After the end it is still known if it was read before, or if the service has an
   * `onClose` or an `onError`.
   */
  get remoteAddress(): string | undefined {
    return this.#peer.remoteAddress;
  }

  /** Who connected, if the service has `auth`. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** Whether the connection came over TLS. */
  get isSecure(): boolean {
    return this.#isSecure;
  }

  /** The certificate of the peer, if `secureSocket.mutualSsl` asks for one, it is valid, and the engine shows it. */
  get peerCertificate(): PeerCertificate | undefined {
    return this.#peer.peerCertificate;
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return this.#outbox.isOpen;
  }

  /** Bytes that were written and have not left the process. */
  get bufferedAmount(): number {
    return this.#outbox.bufferedAmount;
  }

  /** Aborts when the connection begins to close or is lost: for whatever was started on its behalf. */
  get signal(): AbortSignal {
    return this.#outbox.signal;
  }

  /** What the engine under this connection can do (R28). */
  get capabilities(): Capabilities {
    return this.#outbox.host.capabilities;
  }

  /**
   * Sends a text message.
   *
   * @throws {TypeError} If `text` is no string
   */
  writeTextMessage(text: string, options?: WriteOptions): Promise<void> {
    if (typeof text !== "string") {
      throw new TypeError("Cannot write a text message: must be a string; writeMessage takes bytes and objects, too");
    }
    return this.#outbox.write(text, options?.compress);
  }

  /**
   * Sends a binary message. The bytes may be changed afterwards.
   *
   * @throws {TypeError} If `data` is neither a `Uint8Array` nor an `ArrayBuffer`
   */
  writeBinaryMessage(data: Uint8Array | ArrayBuffer, options?: WriteOptions): Promise<void> {
    if (!isBinary(data)) throw new TypeError("Cannot write a binary message: must be a Uint8Array or an ArrayBuffer");
    return this.#outbox.write(toBytes(data), options?.compress);
  }

  /**
   * Sends a string as text, bytes as binary, anything else as JSON text.
   *
   * @throws {TypeError} If the value has no JSON form, or is a promise or a stream
   */
  writeMessage(value: unknown, options?: WriteOptions): Promise<void> {
    if (isStream(value)) throw new TypeError("Cannot write a stream: return it, or write its items");
    return this.#outbox.write(toMessage(value), options?.compress);
  }

  /**
   * Sends a ping (RFC 6455, section 5.5.2); the answer comes to `onPong`.
   *
   * @param data At most 125 bytes. @default none
   * @throws {TypeError} If `data` is neither a `Uint8Array` nor an `ArrayBuffer`
   * @throws {RangeError} If `data` is longer
   * @throws {UnsupportedError} On the engine `deno`
   */
  ping(data: Uint8Array | ArrayBuffer = new Uint8Array(0)): Promise<void> {
    return this.#control("ping", data);
  }

  /**
   * Sends a pong that nobody asked for (RFC 6455, section 5.5.3); pings are answered by the runtime.
   *
   * @param data At most 125 bytes. @default none
   * @throws {TypeError} If `data` is neither a `Uint8Array` nor an `ArrayBuffer`
   * @throws {RangeError} If `data` is longer
   * @throws {UnsupportedError} On the engine `deno`
   */
  pong(data: Uint8Array | ArrayBuffer = new Uint8Array(0)): Promise<void> {
    return this.#control("pong", data);
  }

  /**
   * Closes the connection and resolves when it is down. Later calls do nothing but wait for the same end.
   *
   * @param statusCode 1000-1003, 1007-1014 or 3000-4999. @default 1000
   * @param reason At most 123 bytes of UTF-8. @default ""
   * @param timeout Seconds to wait for the peer's close frame, then the connection is dropped; -1 waits for ever.
   *   @default `connectionClosureTimeout` of the service
   * @throws {RangeError} If one of them is not allowed, before anything is written
   * @throws {TypeError} If the reason is no string
   */
  close(statusCode?: number, reason?: string, timeout?: number): Promise<void> {
    return this.#outbox.closeForService(statusCode, reason, timeout);
  }

  /**
   * Drops the connection without a close frame; `onClose` is told 1006.
   *
   * @throws {UnsupportedError} On the engine `deno`
   */
  terminate(): void {
    this.#need("terminate");
    this.#outbox.terminate();
  }

  /** Keeps a value with the connection. */
  setAttribute(key: string, value: unknown): void {
    this.#attributes ??= new Map();
    this.#attributes.set(key, value);
  }

  /** Gives a value that was kept, or `undefined`. */
  getAttribute(key: string): unknown {
    return this.#attributes?.get(key);
  }

  /** Removes a value and gives it, or `undefined`. */
  removeAttribute(key: string): unknown {
    const value = this.#attributes?.get(key);
    this.#attributes?.delete(key);
    return value;
  }

  #control(kind: "ping" | "pong", data: Uint8Array | ArrayBuffer): Promise<void> {
    if (!isBinary(data)) throw new TypeError(`Cannot send a ${kind}: its data must be a Uint8Array or an ArrayBuffer`);
    if (data.byteLength > 125) {
      throw new RangeError(`Cannot send a ${kind} of ${data.byteLength} bytes: must be at most 125`);
    }
    this.#need("ping");
    return this.#outbox.control(kind, toBytes(data));
  }

  #need(capability: "ping" | "terminate"): void {
    const { capabilities } = this;
    if (capabilities[capability]) return;
    throw new UnsupportedError(`Cannot ${capability}, which ${lacking(capabilities, capability)}`);
  }
}
