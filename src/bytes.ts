/**
 * Bytes as sockets take them.
 *
 * @module
 */

/** Gives `data` as bytes that no other thread can change: a view where that is enough, a copy of shared memory. */
export function toBytes(data: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return isUnshared(data) ? data : new Uint8Array(data);
}

function isUnshared(data: Uint8Array): data is Uint8Array<ArrayBuffer> {
  return data.buffer instanceof ArrayBuffer;
}

/** Tells whether `value` is what goes out as a binary message. */
export function isBinary(value: unknown): value is Uint8Array | ArrayBuffer {
  return value instanceof Uint8Array || value instanceof ArrayBuffer;
}
