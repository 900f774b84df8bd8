/** One end of a WebSocket over a bare TCP socket, with every byte of it under the test's control. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import {
  BINARY,
  CLOSE,
  checkSent,
  type Frame,
  type FrameOptions,
  FrameReader,
  PING,
  PONG,
  TEXT,
  toClosePayload,
  toFrame,
} from "./frames.ts";
import { Waiter } from "./waiter.ts";

/** Milliseconds that a wait may take. */
export const PATIENCE = 20_000;

/** What a peer does by itself. */
export interface PeerOptions {
  /** Answer a close frame with the same, unless one went out by `send`. @default true */
  answersClose?: boolean;
  /** Answer pings. @default true */
  answersPings?: boolean;
  /** End our half when the other side has ended its half. @default true */
  answersFin?: boolean;
  /** Throw at a frame that no server sends. @default true */
  checksServer?: boolean;
  /** Milliseconds that each wait may take. @default 20000 */
  patience?: number;
}

/** How a connection ended. */
export interface Ended {
  /** Of the other side's close frame: its code, 1005 if it has none; `undefined` if none came. */
  readonly code: number | undefined;
  readonly reason: string | undefined;
  /** What TCP said: its FIN, its RST, or neither since we destroyed the socket. */
  readonly end: "fin" | "reset" | "local";
}

/** An end of an open WebSocket. */
export class RawPeer {
  /** Settles when TCP has ended; never rejects. A peer that has paused learns of the end when it resumes. */
  readonly closed: Promise<Ended>;
  /** Sends frames of the usual form. */
  readonly send: Senders;
  readonly #socket: Socket;
  readonly #options: PeerOptions;
  readonly #masks: boolean;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  readonly #waiter = new Waiter();
  #parts: Frame[] = [];
  #closeFrame: Frame | undefined;
  #closeSent = false;
  #end: Ended["end"] | undefined;
  #settle: (ended: Ended) => void = () => {};

  /** `rest` is what came behind the handshake; `masks` says whether frames go out masked, as a client's do. */
  constructor(socket: Socket, rest: Buffer, masks: boolean, options: PeerOptions) {
    this.#socket = socket;
    this.#masks = masks;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.send = toSenders((frame) => this.frameOut(frame));
    socket.on("data", (chunk: Buffer) => this.#push(this.bytesIn(chunk)));
    socket.on("end", () => {
      this.#ended("fin");
      if (options.answersFin ?? true) socket.end();
    });
    socket.on("error", () => this.#ended("reset"));
    socket.on("close", () => this.#ended("local"));
    if (rest.length > 0) this.#push(rest);
    socket.resume();
  }

  /** Takes the bytes that come before frames, and gives the rest of them. */
  protected bytesIn(chunk: Buffer): Buffer {
    return chunk;
  }

  /** Is told of each frame when it arrives. */
  protected frameIn(_frame: Frame): void {}

  /** Is told of the end of TCP. */
  protected endIn(_end: Ended["end"]): void {}

  /** Writes one frame. */
  frameOut(options: FrameOptions): Promise<void> {
    if (options.opcode === CLOSE) this.#closeSent = true;
    return this.write(toFrame({ mask: this.#masks, ...options }));
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
      await this.until("a frame", () => this.#frames.length > 0 || this.#end !== undefined, patience);
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
    await this.until("the end of the connection", () => this.#end !== undefined, patience);
    return this.closed;
  }

  /** The close frame that came, if one has. */
  get closeFrame(): Frame | undefined {
    return this.#closeFrame;
  }

  /** How TCP ended, if it has. */
  get end(): Ended["end"] | undefined {
    return this.#end;
  }

  /** Whether a close frame went out. */
  get closeSent(): boolean {
    return this.#closeSent;
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
      if (this.#masks && (this.#options.checksServer ?? true)) checkSent(frame, false);
      this.#frames.push(frame);
      if (frame.opcode === CLOSE) this.#answerClose(frame);
      if (frame.opcode === PING && (this.#options.answersPings ?? true)) {
        void this.frameOut({ opcode: PONG, payload: frame.payload });
      }
      this.frameIn(frame);
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
    this.endIn(end);
  }

  /** Waits until `isThere` holds, which is looked at whenever something has come. */
  protected until(
    what: string,
    isThere: () => boolean,
    patience: number = this.#options.patience ?? PATIENCE,
  ): Promise<void> {
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

/** Writes bytes; resolves when the kernel has them, or the socket is gone. */
export function write(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.writableEnded) resolve();
    else socket.write(bytes, () => resolve());
  });
}

/** Writes bytes `size` at a time, each part in a segment of its own. */
export async function writeInParts(socket: Socket, bytes: Uint8Array, size: number): Promise<void> {
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
