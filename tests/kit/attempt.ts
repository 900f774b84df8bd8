/** One connection to a raw server: what came, when, and what the server can say. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { CLOSE, checkSent, type Frame, type FrameOptions, TEXT, toFrame } from "./frames.ts";
import { HttpRequest } from "./http.ts";
import { type Ended, type PeerOptions, RawPeer } from "./raw_peer.ts";

/** How a handshake is accepted; every line of it may be wrong. */
export interface AcceptOptions extends PeerOptions {
  /** The value of `Upgrade`; `null` leaves it out. @default "websocket" */
  upgrade?: string | null;
  /** The value of `Connection`; `null` leaves it out. @default "Upgrade" */
  connection?: string | null;
  /** The value of `Sec-WebSocket-Accept`. @default the right one */
  accept?: string;
  /** The value of `Sec-WebSocket-Protocol`. @default none */
  protocol?: string;
  /** More headers, after the usual ones; a list makes several lines. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Bytes behind the 101, in its segment. */
  early?: Uint8Array;
}

/** One connection. Before the 101 only `write`, `refuse` and the ends are of use. */
export class Attempt extends RawPeer {
  /** Counted from 1. */
  readonly number: number;
  /** When TCP, and TLS, were there: milliseconds of `performance.now()`. */
  readonly at: number = performance.now();
  /** When TCP ended. */
  endedAt: number | undefined;
  /** The handshake, once it has come. */
  request: HttpRequest | undefined;
  /** When the 101 went out. */
  acceptedAt: number | undefined;
  /** Every frame that came. */
  readonly received: Frame[] = [];
  /** Every message that came. */
  readonly messages: (string | Buffer)[] = [];
  /** Is called with each message. */
  onMessage: (message: string | Buffer) => void = () => {};
  readonly #wake: () => void;
  readonly #options: PeerOptions;
  #head: Buffer = Buffer.alloc(0);
  #parts: Frame[] = [];
  #taken = 0;

  constructor(socket: Socket, number: number, wake: () => void, { patience }: { patience?: number }) {
    const options: PeerOptions = patience === undefined ? {} : { patience };
    super(socket, Buffer.alloc(0), false, options);
    this.number = number;
    this.#wake = wake;
    this.#options = options;
  }

  /**
   * Waits for the handshake.
   *
   * @throws If it does not come in time, or the connection ends before
   */
  async requested(): Promise<HttpRequest> {
    await this.until("a request", () => this.request !== undefined || this.end !== undefined);
    if (this.request === undefined) throw new Error("The connection ended before a request");
    return this.request;
  }

  /** Answers the handshake with a 101, once it has come. */
  async accept(options: AcceptOptions = {}): Promise<void> {
    const request = await this.requested();
    const { upgrade = "websocket", connection = "Upgrade", accept = toAccept(request), ...rest } = options;
    const { protocol, headers = {}, early = Buffer.alloc(0), ...peer } = rest;
    Object.assign(this.#options, peer);
    const lines = [`Sec-WebSocket-Accept: ${accept}`];
    if (upgrade !== null) lines.push(`Upgrade: ${upgrade}`);
    if (connection !== null) lines.push(`Connection: ${connection}`);
    if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    lines.push(...toLines(headers));
    const head = `HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`;
    this.acceptedAt = performance.now();
    await this.write(Buffer.concat([Buffer.from(head, "latin1"), early]));
  }

  /** Answers the handshake, once it has come, with a status, and ends the connection. */
  async refuse(status: number, headers: AcceptOptions["headers"] = {}, body = ""): Promise<void> {
    await this.requested();
    const lines = ["Connection: close", `Content-Length: ${Buffer.byteLength(body)}`, ...toLines(headers)];
    await this.write(`HTTP/1.1 ${status} Status\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
    this.fin();
  }

  /**
   * Waits for the next message that came, its fragments joined.
   *
   * @throws If none comes in time, or the connection ends before
   */
  async nextMessage(): Promise<string | Buffer> {
    const at = this.#taken++;
    await this.until(`message ${at + 1}`, () => this.messages.length > at || this.end !== undefined);
    const message = this.messages[at];
    if (message === undefined) throw new Error(`The connection ended before message ${at + 1}`);
    return message;
  }

  /** Waits for a frame of that kind, even if it has come already. */
  async receivedFrame(opcode: number): Promise<Frame> {
    const find = () => this.received.find((frame) => frame.opcode === opcode);
    await this.until(`a frame of kind ${opcode}`, () => find() !== undefined || this.end !== undefined);
    const frame = find();
    if (frame === undefined) throw new Error(`The connection ended before a frame of kind ${opcode}`);
    return frame;
  }

  /** Writes frames in one segment. */
  sendTogether(...frames: FrameOptions[]): Promise<void> {
    return this.write(Buffer.concat(frames.map((frame) => toFrame({ mask: false, ...frame }))));
  }

  protected override bytesIn(chunk: Buffer): Buffer {
    if (this.request !== undefined) return chunk;
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return Buffer.alloc(0);
    this.request = new HttpRequest(this.#head.toString("latin1", 0, end));
    return this.#head.subarray(end + 4);
  }

  protected override frameIn(frame: Frame): void {
    if (this.acceptedAt !== undefined) checkSent(frame, true);
    this.received.push(frame);
    if (frame.opcode < CLOSE) this.#collect(frame);
    // The server ends TCP first (RFC 6455, section 7.1.1).
    if (frame.opcode === CLOSE && this.closeSent && (this.#options.answersFin ?? true)) this.fin();
    this.#wake();
  }

  protected override endIn(_end: Ended["end"]): void {
    this.endedAt = performance.now();
    this.#wake();
  }

  #collect(frame: Frame): void {
    this.#parts.push(frame);
    if (!frame.fin) return;
    const payload = Buffer.concat(this.#parts.map((part) => part.payload));
    const message = this.#parts[0]?.opcode === TEXT ? payload.toString() : payload;
    this.#parts = [];
    this.messages.push(message);
    this.onMessage(message);
  }
}

function toAccept(request: HttpRequest): string {
  const key = request.header("sec-websocket-key") ?? "";
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

function toLines(headers: NonNullable<AcceptOptions["headers"]>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));
}
