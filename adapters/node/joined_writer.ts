/**
 * Frames for `ws` sockets, the writes of one tick joined.
 *
 * `ws` makes a system call for each message; here the replies to all messages of one read leave in one. The frames are plain ones (RFC 6455,
 * section 5.2: no mask, no fragments), or compressed ones that need nothing of those before (RFC 7692, section 7.1.1), so they may stand
 * between those of `ws` as long as `ws` holds none back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { deflate } from "./deflate.ts";
import type { NodeSocket } from "./runtime.ts";

const TEXT = 0x81;
const BINARY = 0x82;
const RSV1 = 0x40;

// Copying more than this costs more than a second buffer in the same system call.
const COPY_UP_TO = 4096;

// More than this is handed to the kernel at once. A read is of 64 KiB, so the echo of all of it still leaves in one system call.
const JOIN_UP_TO = 65536;

/** Writes frames to raw sockets and lets each tick's go out together. */
export class JoinedWriter {
  readonly #corked: NodeSocket[] = [];
  readonly #uncorkAll = (): void => this.#uncork();
  // A broadcast writes one text to many sockets: its frame is made once a tick.
  #text: string | undefined;
  #frame: Uint8Array | undefined;
  // The same of a text that was compressed; no frame if it got no smaller.
  #deflatedText: string | undefined;
  #deflatedBits = 0;
  #deflatedFrame: Uint8Array | undefined;

  /** Writes a text message. */
  text(socket: NodeSocket, text: string): void {
    if (this.#frame === undefined || this.#text !== text) {
      this.#frame = toTextFrame(text);
      this.#text = text;
    }
    this.#write(socket, this.#frame);
  }

  /** Writes a binary message; bytes that are not `owned` are copied, for the socket keeps what it cannot send at once. */
  binary(socket: NodeSocket, data: Uint8Array, owned: boolean): void {
    const length = data.byteLength;
    if (length <= COPY_UP_TO) {
      const frame = Buffer.allocUnsafe(headerLength(length) + length);
      frame.set(data, putHeader(frame, BINARY, length));
      return this.#write(socket, frame);
    }
    const header = Buffer.allocUnsafe(headerLength(length));
    putHeader(header, BINARY, length);
    this.#write(socket, header);
    this.#write(socket, owned ? data : Uint8Array.from(data));
  }

  /** Writes a message compressed, or as it is if that makes it no smaller. */
  deflated(socket: NodeSocket, data: string | Uint8Array, windowBits: number, owned: boolean): void {
    const isText = typeof data === "string";
    const frame = isText ? this.#deflate(data, windowBits) : toDeflatedFrame(BINARY, data, windowBits);
    if (frame !== undefined) this.#write(socket, frame);
    else if (isText) this.text(socket, data);
    else this.binary(socket, data, owned);
  }

  #deflate(text: string, windowBits: number): Uint8Array | undefined {
    if (this.#deflatedText !== text || this.#deflatedBits !== windowBits) {
      this.#deflatedFrame = toDeflatedFrame(TEXT, Buffer.from(text), windowBits);
      this.#deflatedBits = windowBits;
      this.#deflatedText = text;
    }
    return this.#deflatedFrame;
  }

  #write(socket: NodeSocket, bytes: Uint8Array): void {
    if (socket.writableCorked === 0) {
      socket.cork();
      if (this.#corked.push(socket) === 1) process.nextTick(this.#uncorkAll);
    }
    socket.write(bytes);
    if (socket.writableLength > JOIN_UP_TO) socket.uncork();
  }

  #uncork(): void {
    this.#text = undefined;
    this.#frame = undefined;
    this.#deflatedText = undefined;
    this.#deflatedFrame = undefined;
    const { length } = this.#corked;
    for (let i = 0; i < length; i++) this.#corked[i]?.uncork();
    this.#corked.length = 0;
  }
}

function toTextFrame(text: string): Uint8Array {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerLength(length) + length);
  frame.write(text, putHeader(frame, TEXT, length));
  return frame;
}

function toDeflatedFrame(opcode: number, data: Uint8Array, windowBits: number): Uint8Array | undefined {
  const payload = deflate(data, windowBits);
  if (payload === undefined) return undefined;
  const frame = Buffer.allocUnsafe(headerLength(payload.length) + payload.length);
  frame.set(payload, putHeader(frame, opcode | RSV1, payload.length));
  return frame;
}

function headerLength(length: number): number {
  if (length < 126) return 2;
  return length < 65536 ? 4 : 10;
}

/** Writes a header and returns its length. */
function putHeader(frame: Buffer, opcode: number, length: number): number {
  frame[0] = opcode;
  if (length < 126) {
    frame[1] = length;
    return 2;
  }
  if (length < 65536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
    return 4;
  }
  frame[1] = 127;
  frame.writeUInt32BE(0, 2);
  frame.writeUInt32BE(length, 6);
  return 10;
}
