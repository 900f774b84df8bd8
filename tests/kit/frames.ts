/** Frames of RFC 6455, section 5.2, written and read by hand, right ones and wrong ones. */
import { Buffer } from "node:buffer";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A frame to write; every field of it may be wrong. */
export interface FrameOptions {
  /** @default true */
  fin?: boolean;
  /** The three reserved bits as a number, RSV1 being 4. @default 0 */
  rsv?: number;
  /** @default TEXT */
  opcode?: number;
  /** `false` leaves the mask out, bytes are the mask. @default four bytes that are not zero */
  mask?: boolean | Uint8Array;
  /** How the length is written, in bits. @default the shortest form */
  lengthForm?: 7 | 16 | 64;
  /** The length that the header states. @default the length of the payload */
  length?: number | bigint;
  /** Text is written as UTF-8. @default nothing */
  payload?: string | Uint8Array;
}

/** A frame that was read. */
export interface Frame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  /** The masking key; empty if there is none. */
  readonly key: Buffer;
  /** Whether its length is in the shortest form. */
  readonly isShort: boolean;
  readonly payload: Buffer;
  /** The payload as UTF-8. */
  readonly text: string;
  /** Of a close frame: its code, 1005 if it has none. */
  readonly code: number | undefined;
  /** Of a close frame: its reason. */
  readonly reason: string | undefined;
}

const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** Writes a frame as a client does: masked, unless `mask` says otherwise. */
export function toFrame(options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, opcode = TEXT, mask = true, payload = "" } = options;
  const data = Buffer.from(payload as Uint8Array);
  const length = BigInt(options.length ?? data.length);
  const form = options.lengthForm ?? (length < 126n ? 7 : length < 65536n ? 16 : 64);
  const key = mask === true ? MASK : mask;
  const header = Buffer.alloc(form === 7 ? 2 : form === 16 ? 4 : 10);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const masked = key === false ? 0 : 0x80;
  header[1] = masked | (form === 7 ? Number(length) : form === 16 ? 126 : 127);
  if (form === 16) header.writeUInt16BE(Number(length), 2);
  if (form === 64) header.writeBigUInt64BE(length, 2);
  if (key === false) return Buffer.concat([header, data]);
  const frame = Buffer.concat([header, key, data]);
  mask32(frame.subarray(-data.length || frame.length), key);
  return frame;
}

// In words, for the tests send hundreds of MiB.
function mask32(data: Buffer, key: Uint8Array): void {
  const word = Buffer.from(key).readInt32LE();
  const whole = data.length & ~3;
  for (let i = 0; i < whole; i += 4) data.writeInt32LE(data.readInt32LE(i) ^ word, i);
  for (let i = whole; i < data.length; i++) data[i] = (data[i] as number) ^ (key[i & 3] as number);
}

/** The payload of a close frame: no code makes an empty one. */
export function toClosePayload(code?: number, reason: string | Uint8Array = ""): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason as Uint8Array)]);
}

/**
 * Checks what holds of every frame that is sent.
 *
 * @throws If it is masked although it is a server's, or the other way round (RFC 6455, section 5.1), or its length is too long (5.2)
 */
export function checkSent({ masked, isShort, opcode }: Frame, ofClient: boolean): void {
  if (masked !== ofClient) throw new Error(`A frame of kind ${opcode} is ${masked ? "" : "not "}masked`);
  if (!isShort) throw new Error(`The length of a frame of kind ${opcode} is not in its shortest form`);
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = 2;

  /** Takes bytes and gives the frames that they complete. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: Frame[] = [];
    while (this.#length >= this.#needed) {
      const bytes = Buffer.concat(this.#chunks);
      const frame = this.#read(bytes);
      this.#chunks = [bytes.subarray(frame === undefined ? 0 : this.#needed)];
      if (frame === undefined) continue;
      this.#length -= this.#needed;
      this.#needed = 2;
      frames.push(frame);
    }
    return frames;
  }

  /** The bytes that make no whole frame yet. */
  get rest(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #read(bytes: Buffer): Frame | undefined {
    const [first = 0, second = 0] = bytes;
    const masked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const head = 2 + extended + (masked ? 4 : 0);
    if (bytes.length < head) {
      this.#needed = head;
      return undefined;
    }
    const length = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    this.#needed = head + length;
    if (bytes.length < this.#needed) return undefined;
    const payload = Buffer.from(bytes.subarray(head, head + length));
    if (masked)
      for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (bytes[head - 4 + (i & 3)] as number);
    const opcode = first & 0x0f;
    const code = opcode !== CLOSE ? undefined : length < 2 ? 1005 : payload.readUInt16BE(0);
    const reason = opcode !== CLOSE ? undefined : payload.subarray(2).toString();
    const fin = (first & 0x80) !== 0;
    const key = Buffer.from(bytes.subarray(masked ? head - 4 : head, head));
    const isShort = length > (extended === 0 ? -1 : extended === 2 ? 125 : 65_535);
    const text = payload.toString();
    return { fin, rsv: (first >> 4) & 7, opcode, masked, key, isShort, payload, text, code, reason };
  }
}
