/**
 * A client's socket of `ws` as the core takes it, and its events as the core is told of them.
 *
 * @module
 */

import { copyOf } from "../../src/bytes.ts";
import type { Dial, TransportSocket } from "../../src/client/transport.ts";
import { nextTick } from "../../src/clock.ts";
import { isWorthCompressing } from "../../src/compression.ts";
import { PayloadTooLargeError, type WebSocketError } from "../../src/errors.ts";
import { toFrameError } from "../../src/failure.ts";
import type { FrameLine } from "./heartbeat.ts";
import { type Reading, readRefusal, toFaultCode, toHeaders, toRefusal } from "./refusals.ts";
import { type NodeBuffer, type NodeResponse, type NodeSocket, readUnder, type WsSocket } from "./runtime.ts";

// Milliseconds that a server may take to let go of a connection once it is closed (RFC 6455, section 7.1.1).
const LINGER = 2000;

// More unsent bytes than this are handed to the kernel at once.
const JOIN_UP_TO = 65536;

// Writes that go out by themselves after one that was alone in its tick.
const SINGLES = 16;

const COMPRESSED = { compress: true };
const PLAIN = { compress: false };

/** One attempt to connect, and the connection that it becomes. Its writes of one tick leave in one system call. */
export class Carrier implements TransportSocket {
  /** Whether reading is paused. */
  isPaused = false;
  readonly #ws: WsSocket;
  readonly #dial: Dial;
  readonly #line: FrameLine;
  /** Of a socket that is failing only the end is told; of one that is shut nothing. */
  #state: "dialling" | "open" | "failing" | "shut" = "dialling";
  #raw: NodeSocket | undefined;
  #answer: NodeResponse | undefined;
  #reading: Reading | undefined;
  #deflates = false;
  /** Messages that wait for their turn in the queue of `ws`, for one before them is being compressed. */
  #queued = 0;
  #lingers = false;
  #fault: Fault | undefined;
  readonly #close: (code?: number, reason?: string) => void;
  // Writes since the last cork, and how many of those to come are not worth one.
  #joined = 0;
  #alone = 0;
  readonly #uncork = (): void => {
    if (this.#joined === 1) this.#alone = SINGLES;
    this.#raw?.uncork();
  };
  readonly #sent = (): void => {
    this.#queued--;
  };

  /** Listens to a socket that is connecting. */
  constructor(ws: WsSocket, dial: Dial, line: FrameLine) {
    this.#ws = ws;
    this.#dial = dial;
    this.#line = line;
    this.#close = ws.close.bind(ws);
    // By its own name `ws` closes when the server has: then it waits for the server to let go.
    ws.close = (code, reason) => {
      this.#linger();
      this.#close(code, reason);
    };
    ws.on("upgrade", (response) => this.#onUpgrade(response));
    ws.on("unexpected-response", (_request, response) => this.#onResponse(response));
    ws.on("open", () => this.#onOpen());
    ws.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on("ping", (data) => this.#state === "open" && line.ping(toOwn(data)));
    ws.on("pong", (data) => this.#state === "open" && line.pong(toOwn(data)));
    ws.on("error", (error) => this.#onError(error));
    ws.on("close", (code, reason) => this.#onClose(code, reason));
  }

  get readyState(): number {
    return this.#ws.readyState;
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  get bytesRead(): number | undefined {
    return this.#raw?.bytesRead;
  }

  send(data: string | Uint8Array<ArrayBuffer>, compress?: boolean): boolean {
    return this.#send(data, compress, false);
  }

  sendOwned(data: Uint8Array<ArrayBuffer>, compress?: boolean): boolean {
    return this.#send(data, compress, true);
  }

  close(code?: number, reason?: string): void {
    if (this.#state === "dialling") return this.terminate();
    this.#close(code, reason);
  }

  terminate(): void {
    if (this.#state === "dialling") this.#state = "shut";
    this.#reading?.stop();
    this.#ws.terminate();
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#ws.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#ws.pong(data);
  }

  pause(): void {
    this.isPaused = true;
    this.#ws.pause();
    if (this.#raw !== undefined) readUnder(this.#raw, false);
  }

  resume(): void {
    this.isPaused = false;
    if (this.#raw !== undefined) readUnder(this.#raw, true);
    this.#ws.resume();
  }

  #send(data: string | Uint8Array<ArrayBuffer>, compress: boolean | undefined, owned: boolean): boolean {
    const ws = this.#ws;
    if (ws.readyState !== 1) return false;
    const raw = this.#raw;
    if (raw === undefined) this.#sendOnBun(data, compress);
    else {
      if (raw.writableCorked === 0) this.#cork(raw);
      this.#joined++;
      // `ws` masks a copy of the bytes at once.
      if (this.#deflates) this.#sendInTurn(data, compress, owned);
      else ws.send(data);
      if (raw.writableLength > JOIN_UP_TO) raw.uncork();
    }
    return true;
  }

  // Who asks and waits for the answer writes once in a tick; then there is nothing to join.
  #cork(raw: NodeSocket): void {
    if (this.#alone > 0) {
      this.#alone--;
      return;
    }
    this.#joined = 0;
    raw.cork();
    nextTick(this.#uncork);
  }

  // Bun's `ws` copies what it is given.
  #sendOnBun(data: string | Uint8Array<ArrayBuffer>, compress: boolean | undefined): void {
    if (!this.#deflates) return this.#ws.send(data);
    this.#ws.send(data, (compress ?? isWorthCompressing(data)) ? COMPRESSED : PLAIN);
  }

  #sendInTurn(data: string | Uint8Array<ArrayBuffer>, compress: boolean | undefined, owned: boolean): void {
    const deflates = compress ?? isWorthCompressing(data);
    if (!deflates && this.#queued === 0) return this.#ws.send(data, PLAIN);
    this.#queued++;
    // Until its turn `ws` keeps the bytes that it was given.
    const kept = owned || typeof data === "string" ? data : copyOf(data);
    this.#ws.send(kept, deflates ? COMPRESSED : PLAIN, this.#sent);
  }

  #onUpgrade(response: NodeResponse): void {
    this.#answer = response;
    this.#raw = response.socket ?? undefined;
    // `ws` takes its listener away when it is done with the socket.
    this.#raw?.on("error", nothing);
  }

  #onResponse(response: NodeResponse): void {
    this.#reading = readRefusal(response, this.#dial, (error) => this.#refuse(error));
  }

  #onOpen(): void {
    if (this.#state !== "dialling") return;
    const { protocol, extensions } = this.#ws;
    this.#state = "open";
    this.#deflates = extensions !== "";
    const headers = this.#answer?.headers ?? {};
    this.#answer = undefined;
    this.#line.opened({ protocol, headers: toHeaders(headers) });
  }

  #onMessage(data: NodeBuffer, isBinary: boolean): void {
    if (this.#state !== "open") return;
    if (data.byteLength > this.#dial.maxFrameSize) this.#reject();
    else this.#line.message(isBinary ? toOwn(data) : data.toString());
  }

  // Of compressed messages `ws` lets a little more through.
  #reject(): void {
    this.#fail(toFault(1009));
    this.#linger();
    this.#close(1009);
  }

  #onError(error: Error): void {
    const code = toFaultCode(error);
    if (this.#reading !== undefined) this.#reading.finish();
    else if (this.#state === "dialling") this.#refuse(toRefusal(error, this.#dial, this.#answer));
    else if (this.#state === "open" && code !== undefined) this.#fail(toFault(code, error));
  }

  #fail(fault: Fault): void {
    this.#state = "failing";
    this.#fault = fault;
  }

  #onClose(code: number, reason: NodeBuffer): void {
    const state = this.#state;
    this.#state = "shut";
    if (state === "open") this.#line.closed(code, reason.toString());
    // The server's answer to our close says nothing that the fault did not.
    else if (state === "failing") this.#line.closed(this.#fault?.code ?? 1006, "", this.#fault?.cause);
  }

  #refuse(error: WebSocketError): void {
    this.#state = "shut";
    this.#ws.terminate();
    this.#line.refused(error);
  }

  #linger(): void {
    if (this.#lingers) return;
    this.#lingers = true;
    const timer = setTimeout(() => this.#ws.terminate(), LINGER);
    this.#ws.on("close", () => clearTimeout(timer));
  }
}

interface Fault {
  readonly code: number;
  readonly cause: WebSocketError;
}

function toFault(code: number, cause?: Error): Fault {
  const options = cause && { cause };
  if (code === 1009) return { code, cause: new PayloadTooLargeError("A message is over maxFrameSize", options) };
  return { code, cause: toFrameError(code, options) };
}

// A view would hold on to all that was read with it, and its `buffer` show it.
function toOwn(data: NodeBuffer): Uint8Array<ArrayBuffer> {
  return data.byteLength === data.buffer.byteLength ? new Uint8Array(data.buffer) : new Uint8Array(data);
}

function nothing(): void {}
