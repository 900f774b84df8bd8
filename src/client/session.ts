/**
 * What a client does with one connection after another.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { ConnectionClosureError, ConnectionError, ReadTimedOutError } from "../errors.ts";
import type { Connection, RuntimeSocket } from "../socket.ts";
import { ClientCloseEvent, type ClientClosure, type ClientState, ReconnectingEvent } from "./client_events.ts";
import type { PingPongHandler } from "./client_config.ts";
import type { ClientRules } from "./client_rules.ts";
import { Dialer, type DialerUser } from "./dialer.ts";
import { toClosure } from "./link.ts";
import { guarded, type Kind, type Message, ReadQueue, rejected } from "./read_queue.ts";
import type { Handshake, Transport } from "./transport.ts";
import { DONE, hand, lost, WriteQueue } from "./write_queue.ts";
import { Writer } from "./writer.ts";

/** Seconds that the hooks of a new connection may take, or a server that sends more than is read to answer our close. */
const PATIENCE = 10;

/** What renews a connection: it writes with what it is given, before the writes that wait. */
export type Hook = (connection: Writer) => unknown;

/** Reads, writes and the state of a client. */
export class Session implements DialerUser, Connection {
  state: ClientState = "connecting";
  /** The 101 of the last connection. */
  handshake: Handshake = { protocol: "" };
  /** Grows by one with each connection. */
  generation = 0;
  /** Run before the writes of a new connection. */
  readonly hooks: Set<Hook> = new Set();
  /** Settles with the first connection, or when there will be none. */
  readonly first: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Resolves at the end. */
  readonly end: PromiseWithResolvers<ClientClosure> = Promise.withResolvers();
  readonly #rules: ClientRules;
  readonly #emit: (event: Event) => void;
  readonly #dialer: Dialer;
  readonly #inbox: ReadQueue;
  readonly #outbox: WriteQueue;
  #socket: RuntimeSocket | undefined;
  // Whether a hook is on the stack.
  #isHooked = false;

  constructor(rules: ClientRules, transport: Transport, emit: (event: Event) => void, clock: Clock) {
    this.#rules = rules;
    this.#emit = emit;
    this.#dialer = new Dialer(rules, transport, this, clock);
    this.#inbox = new ReadQueue(clock, rules.readTimeout);
    this.#outbox = new WriteQueue(clock, rules.writeTimeout, rules.queuesWhileDown && rules.retry !== undefined);
    void guarded(this.first.promise);
    rules.signal?.addEventListener("abort", this.#abort);
    if (rules.signal?.aborted) this.#abort();
    else void this.#dialer.dial();
  }

  /** The socket, while there is one. */
  get socket(): RuntimeSocket | undefined {
    return this.#socket;
  }

  /** Takes a message, or waits for one. */
  read(kind: Kind): Promise<Message> {
    const message = this.#inbox.read(kind);
    const { maxQueuedMessages, maxQueuedBytes } = this.#rules;
    const { count, bytes } = this.#inbox;
    if (count * 2 <= maxQueuedMessages && bytes * 2 <= maxQueuedBytes) this.#dialer.link?.resume();
    return message;
  }

  /** Takes message after message, until the end. */
  iterate(): AsyncIterableIterator<Message, undefined> {
    const iterator: AsyncIterableIterator<Message, undefined> = {
      next: () =>
        this.read(undefined).then(
          (value) => ({ done: false, value }),
          (error) => {
            if (error instanceof ReadTimedOutError) throw error;
            return { done: true, value: undefined };
          },
        ),
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Sends a ping or a pong, now or never. */
  control(kind: "ping" | "pong", data: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.state !== "open" || this.#socket === undefined) return rejected(lost());
    this.#socket[kind]?.(data);
    return DONE;
  }

  /** Hands a message to the socket, or keeps it until there is one. */
  write(message: Message, compress?: boolean): Promise<void> {
    const { state } = this;
    if (state === "closing" || state === "closed") {
      return rejected(new ConnectionClosureError(`Cannot write: the client is ${state}`));
    }
    // What a hook writes goes before what waits.
    const socket = this.#socket;
    const isFirst = state === "reconnecting" && socket !== undefined && (this.#isHooked || this.#outbox.isEmpty);
    return isFirst ? writeTo(socket, message, compress) : this.#outbox.write(message, compress);
  }

  /** Closes; resolves at the end. */
  close(code: number, reason: string, timeout: number): Promise<unknown> {
    if (this.state !== "closing" && this.state !== "closed") {
      this.#outbox.finish();
      this.#outbox.end(new ConnectionClosureError("Cannot write: the client is closing"));
      this.#become("closing");
      this.#dialer.close(code, reason, timeout);
    }
    return this.end.promise;
  }

  connected(socket: RuntimeSocket, handshake: Handshake): Connection {
    this.#socket = socket;
    this.handshake = handshake;
    this.generation += 1;
    if (this.state === "connecting" || this.hooks.size === 0) this.#open(socket);
    else void this.#restore(socket);
    return this;
  }

  waiting(attempt: number, wait: number, cause: Error): void {
    this.#lose();
    if (this.state === "open") this.#become("reconnecting");
    this.#emit(new ReconnectingEvent(attempt, wait, cause));
  }

  ended(cause: Error): void {
    if (this.state === "closed") return;
    const { signal } = this.#rules;
    signal?.removeEventListener("abort", this.#abort);
    this.#lose();
    const { statusCode: code = 1006, reason = "" } = cause instanceof ConnectionClosureError ? cause : {};
    const end = cause instanceof ConnectionClosureError ? cause : toClosure(1006, "", cause);
    this.#inbox.end(end);
    this.#outbox.end(end);
    this.first.reject(signal?.aborted ? signal.reason : cause);
    this.#become("closed");
    this.#emit(new ClientCloseEvent({ code, reason }));
    this.end.resolve({ code, reason });
  }

  readonly #abort = (): void => {
    this.#dialer.end(toClosure(1006, "", this.#rules.signal?.reason));
  };

  text(data: string): void {
    this.#push(data);
  }

  binary(data: Uint8Array<ArrayBuffer>): void {
    this.#push(data);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#observe("onPing", data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#observe("onPong", data);
  }

  drain(): void {
    this.#outbox.drain();
  }

  closed(): void {}

  failed(): void {}

  #become(state: ClientState): void {
    this.state = state;
    this.#emit(new Event("statechange"));
  }

  #open(socket: RuntimeSocket): void {
    this.#outbox.up(socket);
    this.#become("open");
    this.first.resolve();
    this.#emit(new Event("open"));
  }

  // L9: hooks write before what waits does. One that fails, or never ends, costs the connection.
  async #restore(socket: RuntimeSocket): Promise<void> {
    const writer = new Writer((message, compress) => writeTo(socket, message, compress));
    const fail = (cause: unknown): void => {
      if (this.#isRestoring(socket)) this.#dialer.fail(new ConnectionError("onReconnect failed", { cause }));
    };
    this.#dialer.later(PATIENCE, () => fail(new Error(`A hook took over ${PATIENCE} s`)));
    try {
      for (const hook of this.hooks) {
        await this.#run(hook, writer);
        if (!this.#isRestoring(socket)) return;
      }
      this.#dialer.done();
      this.#open(socket);
    } catch (error) {
      fail(error);
    }
  }

  #isRestoring(socket: RuntimeSocket): boolean {
    return this.#socket === socket && this.state === "reconnecting";
  }

  #run(hook: Hook, writer: Writer): unknown {
    this.#isHooked = true;
    try {
      return hook(writer);
    } finally {
      this.#isHooked = false;
    }
  }

  #lose(): void {
    if (this.#socket === undefined) return;
    this.#socket = undefined;
    this.#outbox.down();
  }

  #push(message: Message): void {
    if (this.state === "closing") return;
    const inbox = this.#inbox;
    inbox.push(message);
    const { maxQueuedMessages, maxQueuedBytes } = this.#rules;
    if (inbox.count < maxQueuedMessages && inbox.bytes < maxQueuedBytes) return;
    const isPaused = this.#dialer.link?.pause();
    if (isPaused || (inbox.count < 16 * maxQueuedMessages && inbox.bytes < maxQueuedBytes)) return;
    void this.close(1013, "Too many unread messages", PATIENCE);
  }

  #observe(name: keyof PingPongHandler, data: Uint8Array<ArrayBuffer>): void {
    try {
      this.#rules.pingPongHandler[name]?.(data);
    } catch (error) {
      console.error(name, error);
    }
  }
}

function writeTo(socket: RuntimeSocket, message: Message, compress: boolean | undefined): Promise<void> {
  return hand(socket, message, compress) ? DONE : rejected(lost());
}
