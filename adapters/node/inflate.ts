/**
 * Compressed messages of usual size, inflated where they arrive (RFC 7692, section 7.2.2).
 *
 * Browsers compress all that they send, however small, and the way to another thread and back costs several times the work itself.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { constants, inflateRawSync } from "node:zlib";

/** Bytes that a message may have, compressed or not, to be inflated at once. */
const AT_ONCE = 65_536;

// What stays off the wire.
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/**
 * Inflates a message.
 *
 * @param limit The most bytes that it may have
 * @returns `undefined` if it is corrupt or too large, or so large that it would hold up all other connections
 */
export function inflate(data: Uint8Array, limit: number): Uint8Array | undefined {
  if (data.length > AT_ONCE) return undefined;
  try {
    return inflateRawSync(Buffer.concat([data, TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: Math.min(16_384, Math.max(256, 4 * data.length)),
      maxOutputLength: Math.min(AT_ONCE, limit),
    });
  } catch {
    // Why, `ws` finds out by itself and tells the peer.
    return undefined;
  }
}
