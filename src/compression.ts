/**
 * What engines that compress agree on (RFC 7692).
 *
 * @module
 */

import { isLongerThan } from "./utf8.ts";

/** Bytes from which on a message is compressed unasked: a smaller one gains little, and costs as much time. */
export const COMPRESS_FROM = 1024;

/** Tells whether a message is compressed unasked. */
export function isWorthCompressing(data: string | Uint8Array): boolean {
  return typeof data === "string" ? isLongerThan(data, COMPRESS_FROM - 1) : data.byteLength >= COMPRESS_FROM;
}

/**
 * Bounds the compressed form of messages of at most `maxFrameSize` bytes, for runtimes that hold both forms to one bound: what cannot be made
 * smaller gets a little longer. The core judges the message itself.
 */
export function toDeflatedLimit(maxFrameSize: number): number {
  // `ws` keeps it in 32 bits, and takes a negative one for none.
  return Math.min(0x7fffffff, maxFrameSize + Math.ceil(maxFrameSize / 64) + 64);
}
