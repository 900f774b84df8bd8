/** Frames as a client writes them, made before the measurement, and frames as a server writes them. */

export const TEXT = 1;
export const BINARY = 2;
const CLOSE = 8;

export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

// Not Math.random: every run sends the same bytes.
let seed = 0x2545f491;

function random(): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed >>> 0;
}

/** A payload of printable ASCII that no other one is likely to equal. */
export function somePayload(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, () => 32 + (random() % 95));
}

/** A masked frame; the mask is never zero, since some servers skip the unmasking then. */
export function toFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const header = [0x80 | opcode, ...lengthOf(payload.byteLength)];
  header[1] = (header[1] ?? 0) | 0x80;
  const mask = [0, 0, 0, 0].map(() => 1 + (random() % 255));
  const frame = new Uint8Array(header.length + 4 + payload.byteLength);
  frame.set(header);
  frame.set(mask, header.length);
  for (let i = 0; i < payload.byteLength; i++) {
    frame[header.length + 4 + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  }
  return frame;
}

/** A close frame with the code 1000. */
export const CLOSE_FRAME: Uint8Array = toFrame(CLOSE, Uint8Array.of(0x03, 0xe8));

/** Bytes of a frame as a server sends it. */
export function replyLength(bytes: number): number {
  return 1 + lengthOf(bytes).length + bytes;
}

function lengthOf(bytes: number): number[] {
  if (bytes < 126) return [bytes];
  if (bytes < 65536) return [126, bytes >> 8, bytes & 255];
  return [127, 0, 0, 0, 0, bytes >>> 24, (bytes >> 16) & 255, (bytes >> 8) & 255, bytes & 255];
}

/** Frames of one length, one after the other; each differs from the others. */
export interface Ring {
  readonly bytes: Uint8Array;
  readonly frameLength: number;
  readonly frames: number;
}

/** Makes a ring large enough that no cache of the server holds all of it. */
export function toRing(opcode: number, bytes: number): Ring {
  const count = Math.max(64, Math.min(4096, Math.ceil(1_048_576 / bytes)));
  const frames = Array.from({ length: count }, () => toFrame(opcode, somePayload(bytes)));
  const frameLength = frames[0]?.byteLength ?? 0;
  const ring = new Uint8Array(frameLength * count);
  frames.forEach((frame, i) => {
    ring.set(frame, i * frameLength);
  });
  return { bytes: ring, frameLength, frames: count };
}

/** Takes the whole frames out of what a server has sent; returns them and what is left. */
export function readFrames(bytes: Uint8Array): { frames: Frame[]; rest: Uint8Array } {
  const frames: Frame[] = [];
  let at = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (bytes.byteLength - at >= 2) {
    const first = view.getUint8(at);
    if ((first & 0xf0) !== 0x80) throw new Error(`A frame begins with the byte ${first}: fragmented, or compressed`);
    let length = view.getUint8(at + 1);
    let header = 2;
    if (length === 126) {
      if (bytes.byteLength - at < 4) break;
      length = view.getUint16(at + 2);
      header = 4;
    } else if (length === 127) {
      if (bytes.byteLength - at < 10) break;
      length = view.getUint32(at + 6);
      header = 10;
    }
    if (bytes.byteLength - at < header + length) break;
    frames.push({ opcode: first & 15, payload: bytes.slice(at + header, at + header + length) });
    at += header + length;
  }
  return { frames, rest: bytes.slice(at) };
}
