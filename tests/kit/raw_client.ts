/**
 * A WebSocket client over a bare TCP socket, with every byte of it under the test's control. It runs on Node, Deno and Bun.
 *
 *     const client = await connect(listener.port, { path: "/echo" });
 *     client.send.text("hello");
 *     assert.equal(await client.message(), "hello");
 *     client.send.close(1000);
 *     assert.deepEqual(await client.closed, { code: 1000, reason: "", end: "fin" });
 */
import { Buffer } from "node:buffer";
import { createConnection, type Socket } from "node:net";
import {
  BINARY,
  CLOSE,
  type Frame,
  type FrameOptions,
  FrameReader,
  PING,
  PONG,
  TEXT,
  toClosePayload,
  toFrame,
} from "./frames.ts";
import { type HttpResponse, ResponseReader } from "./http.ts";
import { checkSecrets } from "./secrets.ts";
import { Waiter } from "./waiter.ts";

export {
  BINARY,
  CLOSE,
  CONTINUATION,
  type Frame,
  type FrameOptions,
  PING,
  PONG,
  TEXT,
  toClosePayload,
  toFrame,
} from "./frames.ts";
export { HttpResponse } from "./http.ts";

/** The key of the RFC's own example. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** The answer to it. */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Milliseconds that a wait may take. */
const PATIENCE = 8000;

/** The lines of a handshake. */
export interface HandshakeOptions {
  /** @default "GET" */
  method?: string;
  /** @default "/" */
  path?: string;
  /** @default "HTTP/1.1" */
  version?: string;
  /** The value of `Sec-WebSocket-Key`. @default KEY */
  key?: string;
  /** Joined to one `Sec-WebSocket-Protocol`. */
  protocols?: readonly string[];
  /** Replace the usual headers of these names, whatever their case: a list makes several lines, `null` leaves the header out. */
  headers?: Readonly<Record<string, string | readonly string[] | null>>;
}

/** How to connect. */
export interface ConnectOptions extends HandshakeOptions {
  /** Bytes to send in the segment of the handshake, right behind it. */
  early?: Uint8Array;
  /** Gives bytes to send before the 101 has come; called when the kernel has the handshake. */
  afterwards?: () => Promise<Uint8Array>;
  /** Bytes to send instead of the usual handshake. */
  raw?: string | Uint8Array;
  /** Bytes of the handshake in each segment. @default all */
  partSize?: number;
  /** Answer a close frame with the same, unless one went out by `send`. @default true */
  answersClose?: boolean;
  /** Answer pings. @default true */
  answersPings?: boolean;
  /** End our half when the server has ended its half. @default true */
  answersFin?: boolean;
  /** Milliseconds that each wait may take. @default 8000 */
  patience?: number;
  /** @default "127.0.0.1" */
  host?: string;
  /** Opens the connection. @default dial */
  dial?: (port: number, host: string) => Promise<Socket>;
}

/** How a connection ended. */
export interface Ended {
  /** Of the server's close frame: its code, 1005 if it has none; `undefined` if none came. */
  readonly code: number | undefined;
  readonly reason: string | undefined;
  /** What TCP said: the server's FIN, its RST, or neither since we destroyed the socket. */
  readonly end: "fin" | "reset" | "local";
}

/** The server answered the handshake with something else than 101. */
export class HandshakeRefused extends Error {
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    super(`The handshake was answered with ${response.status}: ${response.body.trim()}`);
    this.response = response;
  }
}

/** Writes a handshake. */
export function toHandshake(port: number, options: HandshakeOptions = {}): string {
  const { method = "GET", path = "/", version = "HTTP/1.1", key = KEY, protocols, headers = {} } = options;
  const usual: [string, string][] = [
    ["Host", `127.0.0.1:${port}`],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", key],
  ];
  if (protocols !== undefined) usual.push(["Sec-WebSocket-Protocol", protocols.join(", ")]);
  const replaced = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const lines = usual.filter(([name]) => !replaced.has(name.toLowerCase()));
  for (const [name, value] of Object.entries(headers)) {
    for (const one of value === null ? [] : [value].flat()) lines.push([name, one as string]);
  }
  return `${method} ${path} ${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** Sends bytes on a new connection and gives the response; rejects if the connection ends before it is complete. */
export async function request(
  port: number,
  raw: string | Uint8Array,
  patience: number = PATIENCE,
): Promise<HttpResponse> {
  const socket = await dial(port);
  try {
    const answer = readResponse(socket, Buffer.from(raw as Uint8Array).toString("latin1", 0, 5), patience);
    socket.write(raw);
    return (await answer).response;
  } finally {
    socket.destroy();
  }
}

/**
 * Opens a WebSocket.
 *
 * @throws {HandshakeRefused} If the server answers otherwise than with 101
 */
export async function connect(port: number, options: ConnectOptions = {}): Promise<RawClient> {
  const socket = await (options.dial ?? dial)(port, options.host ?? "127.0.0.1");
  try {
    const answer = readResponse(socket, options.method ?? "GET", options.patience ?? PATIENCE);
    answer.catch(() => {}); // Awaited below; it may fail while we write.
    const handshake = Buffer.from((options.raw ?? toHandshake(port, options)) as Uint8Array);
    const bytes = Buffer.concat([handshake, options.early ?? Buffer.alloc(0)]);
    await writeInParts(socket, bytes, options.partSize ?? bytes.length);
    if (options.afterwards !== undefined) socket.write(await options.afterwards());
    const { response, rest } = await answer;
    if (response.status !== 101) throw new HandshakeRefused(response);
    return new RawClient(socket, response, rest, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** An open WebSocket. */
export class RawClient {
  /** The 101. */
  readonly response: HttpResponse;
  /** Settles when TCP has ended; never rejects. A client that has paused learns of the end when it resumes. */
  readonly closed: Promise<Ended>;
  /** Sends frames of the usual form. */
  readonly send: Senders;
  readonly #socket: Socket;
  readonly #options: ConnectOptions;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  readonly #waiter = new Waiter();
  #parts: Frame[] = [];
  #closeFrame: Frame | undefined;
  #closeSent = false;
  #end: Ended["end"] | undefined;
  #settle: (ended: Ended) => void = () => {};

  constructor(socket: Socket, response: HttpResponse, rest: Buffer, options: ConnectOptions) {
    this.#socket = socket;
    this.response = response;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.send = toSenders((frame) => this.frameOut(frame));
    socket.on("data", (chunk: Buffer) => this.#push(chunk));
    socket.on("end", () => {
      this.#ended("fin");
      if (options.answersFin ?? true) socket.end();
    });
    socket.on("error", () => this.#ended("reset"));
    socket.on("close", () => this.#ended("local"));
    if (rest.length > 0) this.#push(rest);
    socket.resume();
  }

  /** Writes one frame. */
  frameOut(options: FrameOptions): Promise<void> {
    if (options.opcode === CLOSE) this.#closeSent = true;
    return this.write(toFrame(options));
  }

  /** Writes bytes; resolves when the kernel has them, or the socket is gone. */
  write(bytes: string | Uint8Array): Promise<void> {
    return write(this.#socket, bytes);
  }

  /** Writes bytes `size` at a time, each part in a segment of its own. */
  writeInParts(bytes: Uint8Array, size = 1): Promise<void> {
    return writeInParts(this.#socket, bytes, size);
  }

  /**
   * Waits for the next frame of any kind.
   *
   * @throws If none comes in time, or the connection ends before
   */
  async frame(patience?: number): Promise<Frame> {
    for (;;) {
      await this.#until("a frame", () => this.#frames.length > 0 || this.#end !== undefined, patience);
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      // Else another wait has taken it.
      if (this.#end !== undefined) throw new Error(`The connection ended before a frame: ${this.#describe()}`);
    }
  }

  /**
   * Waits for the next message, its fragments joined: text as a string, binary as bytes. Pings and pongs are skipped.
   *
   * @throws If none comes in time, or a close frame or the end comes before
   */
  async message(patience?: number): Promise<string | Buffer> {
    for (;;) {
      const frame = await this.frame(patience);
      if (frame.opcode === CLOSE) throw new Error(`A close frame came before a message: ${this.#describe()}`);
      if (frame.opcode > 7) continue;
      this.#parts.push(frame);
      if (!frame.fin) continue;
      const payload = Buffer.concat(this.#parts.map((part) => part.payload));
      const isText = this.#parts[0]?.opcode === TEXT;
      this.#parts = [];
      return isText ? payload.toString() : payload;
    }
  }

  /** Waits for the end and gives it, as `closed` does, but in bounded time. */
  async ended(patience?: number): Promise<Ended> {
    await this.#until("the end of the connection", () => this.#end !== undefined, patience);
    return this.closed;
  }

  /** The frames that have come and were not taken. */
  get frames(): readonly Frame[] {
    return this.#frames;
  }

  /** Bytes that the kernel has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.#socket.resume();
  }

  /** Ends our half of the connection with FIN. */
  fin(): void {
    this.#socket.end();
  }

  /** Ends the connection with RST where the runtime can, else as `destroy`. */
  reset(): void {
    if (typeof this.#socket.resetAndDestroy === "function") this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Closes the socket. */
  destroy(): void {
    this.#socket.destroy();
  }

  #push(chunk: Buffer): void {
    for (const frame of this.#reader.push(chunk)) {
      this.#frames.push(frame);
      if (frame.opcode === CLOSE) this.#answerClose(frame);
      if (frame.opcode === PING && (this.#options.answersPings ?? true)) {
        void this.frameOut({ opcode: PONG, payload: frame.payload });
      }
    }
    this.#waiter.wake();
  }

  #answerClose(frame: Frame): void {
    this.#closeFrame ??= frame;
    if (this.#closeSent || !(this.#options.answersClose ?? true)) return;
    void this.frameOut({ opcode: CLOSE, payload: frame.payload });
  }

  #ended(end: Ended["end"]): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#settle({ code: this.#closeFrame?.code, reason: this.#closeFrame?.reason, end });
    this.#waiter.wake();
  }

  #until(what: string, isThere: () => boolean, patience = this.#options.patience ?? PATIENCE): Promise<void> {
    return this.#waiter.until(what, isThere, patience, () => this.#describe());
  }

  #describe(): string {
    const close = this.#closeFrame;
    const closing =
      close === undefined ? "no close frame" : `close frame ${close.code} ${JSON.stringify(close.reason)}`;
    return `${closing}, TCP ${this.#end ?? "open"}, ${this.#reader.rest.length} bytes of an unfinished frame`;
  }
}

/** Sends frames of the usual form; each resolves when the kernel has the bytes. */
export interface Senders {
  text(payload: string, options?: FrameOptions): Promise<void>;
  binary(payload: Uint8Array, options?: FrameOptions): Promise<void>;
  ping(payload?: string | Uint8Array): Promise<void>;
  pong(payload?: string | Uint8Array): Promise<void>;
  /** Without a code the frame is empty. */
  close(code?: number, reason?: string | Uint8Array): Promise<void>;
  /** Any frame. */
  frame(options: FrameOptions): Promise<void>;
}

function toSenders(out: (frame: FrameOptions) => Promise<void>): Senders {
  return {
    text: (payload, options) => out({ opcode: TEXT, payload, ...options }),
    binary: (payload, options) => out({ opcode: BINARY, payload, ...options }),
    ping: (payload = "") => out({ opcode: PING, payload }),
    pong: (payload = "") => out({ opcode: PONG, payload }),
    close: (code, reason) => out({ opcode: CLOSE, payload: toClosePayload(code, reason) }),
    frame: out,
  };
}

function write(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.writableEnded) resolve();
    else socket.write(bytes, () => resolve());
  });
}

async function writeInParts(socket: Socket, bytes: Uint8Array, size: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await turn();
    await write(socket, bytes.subarray(at, at + size));
  }
}

/** Resolves when the event loop has gone round. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Opens a TCP connection. */
export function dial(port: number, host: string = "127.0.0.1"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host, allowHalfOpen: true, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function readResponse(
  socket: Socket,
  method: string,
  patience: number,
): Promise<{ response: HttpResponse; rest: Buffer }> {
  const reader = new ResponseReader(method.startsWith("HEAD") ? "HEAD" : method);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error(`Timeout: waited ${patience} ms for a response`)), patience);
    const stop = () => {
      clearTimeout(timer);
      socket.off("data", onData);
      socket.off("end", onEnd);
      socket.off("error", onError);
      socket.off("close", onEnd);
    };
    const fail = (error: Error) => {
      stop();
      reject(error);
    };
    const done = (response: HttpResponse | undefined) => {
      if (response === undefined) return false;
      checkSecrets("a response", [response.body, ...response.headers.flat()].join("\n"));
      // So that nothing is lost until the client listens.
      socket.pause();
      stop();
      resolve({ response, rest: reader.rest });
      return true;
    };
    const onData = (chunk: Buffer) => {
      try {
        done(reader.push(chunk));
      } catch (error) {
        fail(error as Error);
      }
    };
    const onEnd = () => {
      if (!done(reader.end())) fail(new Error("The connection ended before a response"));
    };
    const onError = (error: Error) => fail(new Error(`The connection was lost before a response: ${error.message}`));
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("error", onError);
    socket.on("close", onEnd);
  });
}
