/**
 * The client: the other end of the line, for servers and browsers.
 *
 * @module
 */

import { copyOf } from "./src/bytes.ts";
import { bind } from "./src/client/bind.ts";
import type { ClientConfig } from "./src/client/client_config.ts";
import type { ClientClosure, ClientState } from "./src/client/client_events.ts";
import { type ClientRules, toClientRules } from "./src/client/client_rules.ts";
import type { ClientContract } from "./src/client/contract_line.ts";
import { clientClock } from "./src/client/dialer.ts";
import { guarded, type Message } from "./src/client/message.ts";
import { END } from "./src/client/read_queue.ts";
import { type RunHook, type Session, toSession } from "./src/client/session.ts";
import type { Transport } from "./src/client/transport.ts";
import { lost } from "./src/client/write_queue.ts";
import { toBinary, Writer } from "./src/client/writer.ts";
import { checkClose } from "./src/close_code.ts";
import { UnsupportedError } from "./src/errors.ts";
import type { StandardSchema } from "./src/standard_schema.ts";
import { toTransport } from "./transports.ts";

/**
 * What runs after a reconnection: it renews what belonged to the old connection, and writes with what it is given before the writes that wait go out.
 */
export type Hook = (connection: Pick<Writer, "writeTextMessage" | "writeBinaryMessage" | "writeMessage">) => unknown;

/**
 * A connection to a service, and with `retryConfig` the next one when it is lost.
 *
 * It is read like a queue, one message after the other, by `read…` or by `for await`, and written to like a `Caller`. Nobody needs to read for pings
 * to be answered and the end to be seen.
 *
 * @example
 * ```ts
 * import { Client } from "@switchboard/websocket/client";
 *
 * export async function greet(url: string): Promise<void> {
 *   await using client = await Client.connect(url, { retryConfig: { backOffFactor: 2 } });
 *   await client.writeTextMessage("Hello");
 *   for await (const message of client) console.log(message);
 * }
 * ```
 */
export class Client extends Writer {
  /** The URL, without user and password. */
  readonly url: string;
  /** What carries the client: "platform" or "ws". */
  readonly transport: string;
  readonly #rules: ClientRules;
  readonly #session: Session;
  readonly #attributes: Map<string, unknown> = new Map();
  #id: readonly [of: unknown, id: string] | undefined;

  private constructor(rules: ClientRules, transport: Transport) {
    super((message, compress, signal) => this.#session.write(message, compress, signal));
    this.url = rules.url;
    this.transport = transport.name;
    this.#rules = rules;
    this.#session = toSession(rules, transport, (event) => this.dispatchEvent(event), clientClock);
  }

  /**
   * Connects; with `retryConfig` until it succeeds, or until nothing more can be hoped for.
   *
   * @param url With the scheme `ws:`, `wss:`, `http:` or `https:`; in a page it may be relative
   * @throws {TypeError} If the URL is malformed or an option is unknown or of the wrong type
   * @throws {RangeError} If a number is out of range
   * @throws {UnsupportedError} If the transport cannot do what an option asks
   * @throws {InvalidHandshakeError} If the server refuses, with its `status` and `body` where the transport shows them
   * @throws {ConnectionError} If there is no connection
   * @throws {HandshakeTimedOut} If it takes longer than `handShakeTimeout`
   * @throws {AuthError} If `auth` gives no credential
   * @throws {SslError} If TLS fails
   * @returns The client; with a contract, with the methods that follow from it
   */
  static async connect<Typed>(
    url: string | URL,
    config: Omit<ClientConfig, "contract"> & { readonly contract: ClientContract<Typed> },
  ): Promise<Client & Typed>;
  /** The same without a contract. */
  static async connect(url: string | URL, config?: ClientConfig): Promise<Client>;
  static async connect(url: string | URL, config: ClientConfig = {}): Promise<Client> {
    const rules = toClientRules(url, config);
    rules.signal?.throwIfAborted();
    const client = new Client(rules, await toTransport({ ...config, auth: rules.auth }));
    await client.#session.first;
    config.contract?.toTyped(client, rules.validation);
    return client;
  }

  /** How far the client has come. */
  get state(): ClientState {
    return this.#session.state;
  }

  /** Whether messages can be sent now. */
  get isOpen(): boolean {
    return this.state === "open";
  }

  /** Whether the connection goes over TLS. */
  get isSecure(): boolean {
    return this.url.startsWith("wss:");
  }

  /** A string that no other connection has; another one after a reconnection. */
  get connectionId(): string {
    const { handshake } = this.#session;
    if (this.#id?.[0] !== handshake) this.#id = [handshake, crypto.getRandomValues(new Uint32Array(4)).join("-")];
    return this.#id[1];
  }

  /** The subprotocol that the server chose, `undefined` for none. */
  get negotiatedSubProtocol(): string | undefined {
    return this.#session.handshake.protocol || undefined;
  }

  /** The headers of the server's answer, names in lower case; empty where the transport hides them. */
  get responseHeaders(): Readonly<Record<string, string>> {
    return this.#session.handshake.headers ?? {};
  }

  /** Bytes that were written and have not left the process. */
  get bufferedAmount(): number {
    return this.#session.socket?.bufferedAmount ?? 0;
  }

  /** Resolves at the end with its code and reason: our own if we closed, 1006 for a lost connection. Never rejects. */
  get closed(): Promise<ClientClosure> {
    return this.#session.closed;
  }

  /**
   * Gives the next message, which must be text; another one stays for the next read.
   *
   * @returns A promise that rejects with a `PayloadBindingError` for a binary message, a `ReadTimedOutError` after `readTimeout`, and after the
   *   end, when all is read, a `ConnectionClosureError` with `statusCode` and `reason`
   */
  readTextMessage(): Promise<string> {
    return this.#session.read("text");
  }

  /** Gives the next message, which must be binary; another one stays for the next read. Rejects as `readTextMessage` does. */
  readBinaryMessage(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#session.read("binary");
  }

  /** Gives the next message, whatever it is. Rejects as `readTextMessage` does. */
  readMessage(): Promise<Message>;
  /**
   * Gives the next message as the value that a schema makes of its JSON. One that does not fit is gone.
   *
   * @returns A promise that rejects with a `PayloadBindingError` for what is no JSON, a `PayloadValidationError` for what does not fit, and otherwise as
   *   `readTextMessage` does
   */
  readMessage<Output>(schema: StandardSchema<Output>): Promise<Output>;
  readMessage(schema?: StandardSchema): Promise<unknown> {
    const message = this.#session.read(undefined);
    return schema === undefined ? message : guarded(message.then((data) => bind(data, schema, this.#rules.validation)));
  }

  /** Gives message after message; ends when the client does, and does not end the client. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    const iterator: AsyncIterableIterator<Message, undefined> = {
      next: () => this.#session.read("step"),
      return: () => Promise.resolve(END),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /**
   * Sends a ping (RFC 6455, section 5.5.2); the answer comes to `pingPongHandler.onPong`. Never waits for a connection.
   *
   * @param data At most 125 bytes. @default none
   * @throws {RangeError} If `data` is longer
   * @throws {UnsupportedError} If the transport has no pings, as in browsers
   */
  ping(data: Uint8Array | ArrayBuffer = new Uint8Array(0)): Promise<void> {
    return guarded(this.#control("ping", data));
  }

  /**
   * Sends a pong that nobody asked for (RFC 6455, section 5.5.3); pings are answered by the transport.
   *
   * @param data At most 125 bytes. @default none
   * @throws {RangeError} If `data` is longer
   * @throws {UnsupportedError} If the transport has no pongs, as in browsers
   */
  pong(data: Uint8Array | ArrayBuffer = new Uint8Array(0)): Promise<void> {
    return guarded(this.#control("pong", data));
  }

  /**
   * Has `hook` run after each reconnection, before the writes that wait go out, so that it can renew what belonged to the old connection. What it writes
   * with the connection that it is given goes first. If it fails, or all hooks take longer than 10 seconds, the connection is given up, and another follows.
   *
   * @returns What takes the hook back
   */
  onReconnect(hook: Hook): () => void {
    const { hooks } = this.#session;
    const run: RunHook = (write) => hook(new Writer(write));
    hooks.add(run);
    return () => void hooks.delete(run);
  }

  /**
   * Closes the connection, or gives up reconnecting, for good. Resolves when it is down. Later calls do nothing but wait for the same end.
   *
   * @param statusCode 1000-1003, 1007-1014 or 3000-4999; browsers send 1000 and 3000-4999 only. @default 1000
   * @param reason At most 123 bytes of UTF-8. @default ""
   * @param timeout Seconds to wait for the server's close frame, then the connection is dropped; -1 waits for ever. @default 60
   * @throws {RangeError} If one of them is not allowed, before anything is written
   */
  async close(statusCode = 1000, reason = "", timeout = 60): Promise<void> {
    checkClose(statusCode, reason);
    if (!Number.isFinite(timeout) || (timeout < 0 && timeout !== -1))
      throw new RangeError(`Cannot close with a timeout of ${timeout}`);
    await this.#session.close(statusCode, reason, timeout);
  }

  /** Closes with 1000. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Keeps a value with the client. */
  setAttribute(key: string, value: unknown): void {
    this.#attributes.set(key, value);
  }

  /** Gives a value that was kept, or `undefined`. */
  getAttribute(key: string): unknown {
    return this.#attributes.get(key);
  }

  /** Removes a value and gives it, or `undefined`. */
  removeAttribute(key: string): unknown {
    const value = this.getAttribute(key);
    this.#attributes.delete(key);
    return value;
  }

  async #control(kind: "ping" | "pong", data: Uint8Array | ArrayBuffer): Promise<void> {
    const { socket, state } = this.#session;
    if (state !== "open" || !socket) throw lost();
    if (!socket[kind]) throw new UnsupportedError(`Cannot ${kind}: only transport "ws" can`);
    socket[kind](copyOf(toBinary(data)));
  }
}
