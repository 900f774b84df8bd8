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
import { nextTick } from "../../src/clock.ts";
import { deflate } from "./deflate.ts";
import type { NodeSocket } from "./runtime.ts";

const TEXT = 0x81;
const BINARY = 0x82;
const RSV1 = 0x40;

// Bytes of memory that frames share.
const SLAB = 16_384;

// A frame that may be larger has memory of its own: copying the payload would cost more than a second buffer in the same system call.
const COPY_UP_TO = 4096;

// More than this is handed to the kernel at once. A read is of 64 KiB, so the echo of all of it still leaves in one system call.
const JOIN_UP_TO = 65_536;

/**
 * Writes frames to raw sockets and lets each tick's go out together.
 *
 * Small frames for one socket stand one behind the other in memory, and the socket is given them as one piece. While it is given several pieces in a
 * tick it is corked.
 */
export class JoinedWriter {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB);
  // The frames that no socket has been given yet, and whose they are.
  #from = 0;
  #to = 0;
  #socket: NodeSocket | undefined;
  readonly #corked: NodeSocket[] = [];
  #isDue = false;
  readonly #endTick = (): void => this.#release();
  // A broadcast writes one text to many sockets: its frame is made once a tick.
  #text: string | undefined;
  #textFrom = 0;
  #textTo = 0;
  #frame: Uint8Array | undefined;
  // The same of a text that was compressed; no frame if it got no smaller.
  #deflatedText: string | undefined;
  #deflatedBits = 0;
  #deflatedFrame: Uint8Array | undefined;

  /** Writes a text message. */
  text(socket: NodeSocket, text: string): void {
    if (socket !== this.#socket && text === this.#text) {
      const frame = (this.#frame ??= this.#slab.subarray(this.#textFrom, this.#textTo));
      const isKept = socket.writableNeedDrain && frame.buffer === this.#slab.buffer;
      return this.#give(socket, isKept ? Uint8Array.from(frame) : frame);
    }
    // A unit of UTF-16 has at most three bytes.
    const most = text.length * 3 + 4;
    if (most <= COPY_UP_TO) {
      this.#textFrom = this.#room(socket, most);
      this.#textTo = this.#to = putText(this.#slab, this.#textFrom, text);
      this.#frame = undefined;
    } else {
      this.#frame = toTextFrame(text);
      this.#give(socket, this.#frame);
    }
    this.#text = text;
  }

  /** Writes a binary message; bytes that are not `owned` are copied, for the socket keeps what it cannot send at once. */
  binary(socket: NodeSocket, data: Uint8Array, owned: boolean): void {
    const length = data.byteLength;
    const size = headerLength(length) + length;
    if (size <= COPY_UP_TO) {
      const at = this.#room(socket, size);
      this.#slab.set(data, putHeader(this.#slab, at, BINARY, length));
      this.#to = at + size;
      return;
    }
    const header = Buffer.allocUnsafe(headerLength(length));
    putHeader(header, 0, BINARY, length);
    this.#give(socket, header);
    this.#give(socket, owned ? data : Uint8Array.from(data));
  }

  /** Writes a message compressed, or as it is if that makes it no smaller. */
  deflated(socket: NodeSocket, data: string | Uint8Array, windowBits: number, owned: boolean): void {
    const isText = typeof data === "string";
    const frame = isText ? this.#deflate(data, windowBits) : toDeflatedFrame(BINARY, data, windowBits);
    if (frame !== undefined) this.#give(socket, frame);
    else if (isText) this.text(socket, data);
    else this.binary(socket, data, owned);
  }

  /** Gives a socket all that was written to it: before somebody else writes to it, or counts what it holds. */
  flush(socket: NodeSocket): void {
    if (this.#socket === socket) this.#hand();
  }

  #deflate(text: string, windowBits: number): Uint8Array | undefined {
    if (this.#deflatedText !== text || this.#deflatedBits !== windowBits) {
      this.#deflatedFrame = toDeflatedFrame(TEXT, Buffer.from(text), windowBits);
      this.#deflatedBits = windowBits;
      this.#deflatedText = text;
    }
    return this.#deflatedFrame;
  }

  // Finds a place in the slab for a frame of at most `size` bytes, behind those of the same socket.
  #room(socket: NodeSocket, size: number): number {
    if (this.#socket !== socket) this.#hand();
    if (this.#to + size > SLAB) {
      this.#hand();
      this.#slab = Buffer.allocUnsafeSlow(SLAB);
      this.#from = this.#to = 0;
      this.#text = undefined;
    }
    this.#socket = socket;
    this.#wait();
    return this.#to;
  }

  // Gives its frames to the socket, which is corked, for more may follow.
  #hand(): void {
    const socket = this.#socket;
    if (socket !== undefined) this.#give(socket, this.#take(socket));
  }

  // What a socket keeps must not keep the frames of others: then it has a copy.
  #take(socket: NodeSocket): Uint8Array {
    const frames = this.#slab.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#socket = undefined;
    return socket.writableLength > 0 ? Uint8Array.from(frames) : frames;
  }

  #give(socket: NodeSocket, bytes: Uint8Array): void {
    this.#hand();
    if (socket.writableCorked === 0) {
      socket.cork();
      this.#corked.push(socket);
      this.#wait();
    }
    socket.write(bytes);
    if (socket.writableLength > JOIN_UP_TO) socket.uncork();
  }

  #wait(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    nextTick(this.#endTick);
  }

  #release(): void {
    this.#isDue = false;
    this.#text = undefined;
    this.#frame = undefined;
    this.#deflatedText = undefined;
    this.#deflatedFrame = undefined;
    const socket = this.#socket;
    if (socket !== undefined) socket.write(this.#take(socket));
    const { length } = this.#corked;
    for (let i = 0; i < length; i++) this.#corked[i]?.uncork();
    this.#corked.length = 0;
  }
}

// Writes a frame of text and returns where it ends.
function putText(slab: Buffer, at: number, text: string): number {
  let from = at + headerLength(text.length);
  const length = slab.write(text, from);
  if (text.length < 126 && length >= 126) {
    from += 2;
    slab.copyWithin(from, from - 2, from - 2 + length);
  }
  putHeader(slab, at, TEXT, length);
  return from + length;
}

function toTextFrame(text: string): Uint8Array {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerLength(length) + length);
  frame.write(text, putHeader(frame, 0, TEXT, length));
  return frame;
}

function toDeflatedFrame(opcode: number, data: Uint8Array, windowBits: number): Uint8Array | undefined {
  const payload = deflate(data, windowBits);
  if (payload === undefined) return undefined;
  const frame = Buffer.allocUnsafe(headerLength(payload.length) + payload.length);
  frame.set(payload, putHeader(frame, 0, opcode | RSV1, payload.length));
  return frame;
}

function headerLength(length: number): number {
  if (length < 126) return 2;
  return length < 65536 ? 4 : 10;
}

// Writes a header and returns where it ends.
function putHeader(frame: Buffer, at: number, opcode: number, length: number): number {
  frame[at] = opcode;
  if (length < 126) {
    frame[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    frame[at + 1] = 126;
    return frame.writeUInt16BE(length, at + 2);
  }
  frame[at + 1] = 127;
  frame.writeUInt32BE(0, at + 2);
  return frame.writeUInt32BE(length, at + 6);
}
