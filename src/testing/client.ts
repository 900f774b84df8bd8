/**
 * The client of a test.
 *
 * @module
 */

import { checkClose } from "../close_code.ts";
import { ConnectionClosureError, ConnectionError } from "../errors.ts";
import { toMilliseconds } from "../options.ts";
import { copy, type Frame } from "./line.ts";
import type { MemorySocket } from "./memory_socket.ts";

/** How a connection ended, as its client sees it. */
export interface CloseInfo {
  /** The code of the service's close frame, 1005 for a frame without one, 1006 for a lost connection. */
  readonly code: number;
  /** The reason of the service's close frame, "" for none. */
  readonly reason: string;
}

/** Whether a client answers. */
export interface Manners {
  /** Answer close frames. */
  readonly answerClose: boolean;
  /** Answer pings. */
  readonly answerPings: boolean;
}

// A runner may replace the timers later; how long a test waits is counted in real time.
const { setTimeout, clearTimeout } = globalThis;

/**
 * The client's end of a connection in memory, made by `pair` and `connect`.
 *
 * What either end sends is copied and arrives in a microtask, in order; what was sent in one go arrives in one go.
 *
 * @example
 * ```ts
 * import { pair } from "@switchboard/websocket/testing";
 *
 * const { client } = pair({ onOpen: () => "Welcome", onTextMessage: (_caller, text) => text });
 * client.send("hello");
 * console.log(await client.receive(), await client.receive()); // Welcome hello
 * client.close(1000, "bye");
 * console.log(await client.closed); // { code: 1000, reason: "bye" }
 * ```
 */
export class TestClient {
  /** Resolves when the connection is down. */
  readonly closed: Promise<CloseInfo>;
  readonly #socket: MemorySocket;
  readonly #manners: Manners;
  readonly #messages: Message[] = [];
  readonly #pings: Uint8Array<ArrayBuffer>[] = [];
  readonly #pongs: Uint8Array<ArrayBuffer>[] = [];
  // Of messages and readers there are only ever those that wait for the other.
  readonly #unread: Message[] = [];
  readonly #readers: Set<Reader> = new Set();
  readonly #resolveClosed: (info: CloseInfo) => void;
  #hasSentClose = false;
  #closeFrame: CloseInfo | undefined;
  #end: CloseInfo | undefined;

  /** Made by `pair` and `connect`. */
  constructor(socket: MemorySocket, manners: Manners) {
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#socket = socket;
    this.#manners = manners;
    socket.onArrival = (frame) => this.#arrive(frame);
    socket.onLoss = () => this.#finish(this.#closeFrame ?? { code: 1006, reason: "" });
  }

  /** All messages that have arrived, those that {@link receive} gave too. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** The payloads of all pings that have arrived. */
  get pings(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#pings;
  }

  /** The payloads of all pongs that have arrived, answers to {@link ping} too. */
  get pongs(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#pongs;
  }

  /** Bytes that were sent and that the service has not read: more than 0 for long when it has stopped reading. */
  get bufferedAmount(): number {
    return this.#socket.fromClient.bytes;
  }

  /**
   * Sends a message: text for a string, binary for bytes.
   *
   * @throws {ConnectionError} If the client has closed, or the connection is down
   */
  send(message: string | Uint8Array | ArrayBuffer): void {
    if (typeof message === "string") this.#push({ kind: "text", data: message });
    else this.#push({ kind: "binary", data: copy(message) });
  }

  /**
   * Sends a ping; the answer is in {@link pongs}.
   *
   * @param data At most 125 bytes. @default none
   * @throws {RangeError} If `data` is longer
   * @throws {ConnectionError} If the client has closed, or the connection is down
   */
  ping(data: Uint8Array | ArrayBuffer = new Uint8Array(0)): void {
    this.#push({ kind: "ping", data: toControlData(data) });
  }

  /**
   * Sends a pong, asked for or not.
   *
   * @param data At most 125 bytes. @default none
   * @throws {RangeError} If `data` is longer
   * @throws {ConnectionError} If the client has closed, or the connection is down
   */
  pong(data: Uint8Array | ArrayBuffer = new Uint8Array(0)): void {
    this.#push({ kind: "pong", data: toControlData(data) });
  }

  /**
   * Sends a close frame, or answers that of the service. Later calls do nothing.
   *
   * @param code 1000-1003, 1007-1014 or 3000-4999. @default none, which the service is told as 1005
   * @param reason At most 123 bytes of UTF-8; needs a code. @default ""
   * @returns The promise {@link closed}
   * @throws {RangeError} If code or reason are not allowed
   */
  close(code?: number, reason = ""): Promise<CloseInfo> {
    if (code !== undefined || reason !== "") checkClose(code ?? 1005, reason);
    this.#sendClose(code ?? 1005, reason);
    return this.closed;
  }

  /** Loses the connection without a close frame, once what was sent before has arrived. */
  drop(): void {
    if (this.#end !== undefined) return;
    this.#socket.fromClient.push({ kind: "drop" });
    this.#socket.toClient.cut();
    this.#finish({ code: 1006, reason: "" });
  }

  /** Stops reading: what the service sends stays in `caller.bufferedAmount`. */
  pauseReading(): void {
    this.#socket.toClient.pause();
  }

  /** Goes on reading. */
  resumeReading(): void {
    this.#socket.toClient.resume();
  }

  /**
   * Gives the next message, waiting for it.
   *
   * @param timeout Seconds of real time to wait. @default 2
   * @returns A promise that rejects with a `ConnectionError` when the connection ends first, with an `Error` when nothing comes in time
   */
  receive(timeout = 2): Promise<Message> {
    const ms = toMilliseconds("timeout", timeout);
    const message = this.#unread.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#end !== undefined) return Promise.reject(toConnectionError("receive", this.#end));
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const timer = setTimeout(() => {
      this.#readers.delete(reader);
      reject(new Error(`No message came within ${timeout} s, after ${this.#messages.length} that did`));
    }, ms);
    const reader: Reader = { timer, resolve, reject };
    this.#readers.add(reader);
    return promise;
  }

  #arrive(frame: Frame): void {
    switch (frame.kind) {
      case "text":
      case "binary":
        return this.#give(frame.data);
      case "ping":
        this.#pings.push(frame.data);
        if (this.#manners.answerPings && !this.#hasSentClose) this.#push({ kind: "pong", data: copy(frame.data) });
        return;
      case "pong":
        this.#pongs.push(frame.data);
        return;
      case "close":
        this.#closeFrame = { code: frame.code, reason: frame.reason };
        if (this.#hasSentClose) this.#finish(this.#closeFrame);
        else if (this.#manners.answerClose) this.#sendClose(frame.code, "");
    }
  }

  #give(message: Message): void {
    this.#messages.push(message);
    const [reader] = this.#readers;
    if (reader === undefined) {
      this.#unread.push(message);
      return;
    }
    this.#readers.delete(reader);
    clearTimeout(reader.timer);
    reader.resolve(message);
  }

  #push(frame: Frame): void {
    if (this.#end !== undefined) throw toConnectionError("send", this.#end);
    if (this.#hasSentClose) throw new ConnectionClosureError("Cannot send: the client has closed");
    this.#socket.fromClient.push(frame);
  }

  #sendClose(code: number, reason: string): void {
    if (this.#end !== undefined || this.#hasSentClose) return;
    this.#socket.fromClient.push({ kind: "close", code, reason });
    this.#hasSentClose = true;
    if (this.#closeFrame !== undefined) this.#finish(this.#closeFrame);
  }

  #finish(end: CloseInfo): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const { timer, reject } of this.#readers) {
      clearTimeout(timer);
      reject(toConnectionError("receive", end));
    }
    this.#readers.clear();
    this.#resolveClosed(end);
  }
}

/** A message as it arrives. */
export type Message = string | Uint8Array<ArrayBuffer>;

interface Reader {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

function toControlData(data: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  if (data.byteLength > 125)
    throw new RangeError(`Cannot send ${data.byteLength} bytes: a ping or pong takes at most 125`);
  return copy(data);
}

function toConnectionError(what: string, { code, reason }: CloseInfo): ConnectionError {
  if (code === 1006) return new ConnectionError(`Cannot ${what}: the connection is lost`);
  const why = reason === "" ? "" : ` "${reason}"`;
  return new ConnectionClosureError(`Cannot ${what}: the connection was closed with code ${code}${why}`);
}
