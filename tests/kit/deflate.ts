/** permessage-deflate as a client does it (RFC 7692), with node:zlib. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Frame, FrameOptions, RawClient } from "./raw_client.ts";
import { CONTINUATION, TEXT } from "./raw_client.ts";

/** RSV1 among the reserved bits. */
export const RSV1 = 4;

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** The header of a client that offers it. */
export function offering(offer = "permessage-deflate"): { headers: Record<string, string> } {
  return { headers: { "Sec-WebSocket-Extensions": offer } };
}

/** Fails unless it was negotiated: at once, where an engine has it not. */
export function assertNegotiated(client: RawClient): RawClient {
  assert.match(client.response.header("sec-websocket-extensions") ?? "", /^permessage-deflate\b/);
  return client;
}

/** Compresses a payload. */
export function zip(payload: string | Uint8Array): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** The frame of a compressed message. */
export function zipped(payload: string | Uint8Array, opcode: number = TEXT): FrameOptions {
  return { opcode, rsv: RSV1, payload: zip(payload) };
}

/** The frames of a compressed message in fragments of `size` bytes. */
export function zippedParts(payload: string | Uint8Array, size: number, opcode: number = TEXT): FrameOptions[] {
  const data = zip(payload);
  const parts: FrameOptions[] = [];
  for (let at = 0; at < data.length; at += size) {
    const fin = at + size >= data.length;
    const part = data.subarray(at, at + size);
    parts.push(at === 0 ? { opcode, rsv: RSV1, fin, payload: part } : { opcode: CONTINUATION, fin, payload: part });
  }
  return parts;
}

/** The payload of a message of one frame, which is inflated if it says so; nothing of what came before is needed for it. */
export function unzip(frame: Frame, windowBits = 15): Buffer {
  assert.ok(frame.fin, "a message came in fragments");
  if (frame.rsv === 0) return frame.payload;
  assert.equal(frame.rsv, RSV1);
  const bytes = Buffer.concat([frame.payload, TAIL]);
  return inflateRawSync(bytes, { windowBits, finishFlush: constants.Z_SYNC_FLUSH });
}

/** A message of zeros, `mebibytes` long, compressed without being made. */
export function bomb(mebibytes: number): Buffer {
  const one = deflateRawSync(Buffer.alloc(1_048_576), { finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([...Array.from({ length: mebibytes - 1 }, () => one), one.subarray(0, -4)]);
}
