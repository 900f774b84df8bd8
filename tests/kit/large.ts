/** Messages that are large, or come in many pieces, and what brings them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { BINARY, CONTINUATION, TEXT, toFrame } from "./frames.ts";
import type { RawPeer } from "./raw_peer.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The largest of them, in bytes. */
export const LARGEST: number = 16 * MIB;

/** A message, and how it is sent. */
export interface Large {
  readonly title: string;
  readonly opcode: typeof TEXT | typeof BINARY;
  readonly size: number;
  /** Bytes of each fragment. @default all */
  readonly fragment?: number;
  /** Bytes of each segment. @default whatever TCP makes of them */
  readonly segment?: number;
}

/** Messages of about every length form, then large ones. */
export const large: readonly Large[] = [
  ...[0, 125, 126, 127, 128, 65_535, 65_536].flatMap((size): Large[] => [
    { title: `a text of ${size} bytes`, opcode: TEXT, size },
    { title: `${size} bytes`, opcode: BINARY, size },
  ]),
  { title: "a text of 64 KiB in segments of 997 bytes", opcode: TEXT, size: 64 * KIB, segment: 997 },
  { title: "a text of 64 KiB in fragments of 1300 bytes", opcode: TEXT, size: 64 * KIB, fragment: 1300 },
  { title: "128 KiB in segments of 64 bytes", opcode: BINARY, size: 128 * KIB, segment: 64 },
  { title: "a text of 1 MiB in segments of 1021 bytes", opcode: TEXT, size: MIB, segment: 1021 },
  { title: "a text of 4 MiB in fragments of 64 bytes", opcode: TEXT, size: 4 * MIB, fragment: 64 },
  { title: "4 MiB in fragments of 4 KiB", opcode: BINARY, size: 4 * MIB, fragment: 4 * KIB },
  { title: "a text of 16 MiB", opcode: TEXT, size: LARGEST },
  { title: "16 MiB", opcode: BINARY, size: LARGEST },
];

/**
 * Sends a message and asserts that it comes back.
 *
 * @throws If it does not, or not as it was
 */
export async function roundTrip(peer: RawPeer, message: Large, masks: boolean): Promise<void> {
  const { title, opcode, size, fragment = size, segment } = message;
  try {
    const payload = toPayload(opcode, size);
    const bytes = toBytes(payload, opcode, fragment, masks);
    await (segment === undefined ? peer.write(bytes) : peer.writeInParts(bytes, segment));
    const echo = await peer.message();
    assert.equal(typeof echo === "string", opcode === TEXT);
    assert.ok(payload.equals(Buffer.from(echo)), `${echo.length} characters or bytes came back`);
  } catch (cause) {
    throw new Error(`${title}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

// No character of the text is cut.
function toPayload(opcode: number, size: number): Buffer {
  const pattern = opcode === TEXT ? Buffer.from("0123456789, äöü€ ") : Buffer.of(0, 254, 35, 250, 240);
  return Buffer.alloc(size, "z").fill(pattern, 0, size - (size % pattern.length));
}

function toBytes(payload: Buffer, opcode: number, size: number, masks: boolean): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += Math.max(size, 1)) {
    const part = payload.subarray(at, at + size);
    const isLast = at + size >= payload.length;
    frames.push(toFrame({ opcode: at === 0 ? opcode : CONTINUATION, fin: isLast, payload: part, mask: masks }));
  }
  return Buffer.concat(frames);
}
