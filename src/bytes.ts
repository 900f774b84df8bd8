/**
 * Bytes as sockets take them.
 *
 * @module
 */

/** Tells whether `value` is what goes out as a binary message. */
export function isBinary(value: unknown): value is Uint8Array | ArrayBuffer {
  if (value instanceof Uint8Array) return true;
  // By name, for another realm has classes of its own: a context of node:vm is one, in which runners of tests run what they test.
  return / (Uint8Array|ArrayBuffer)]/.test(kindOf(value));
}

/** Names what a value is: `[object Uint8Array]`, `[object Object]`. */
export function kindOf(value: unknown): string {
  return {}.toString.call(value);
}

/** Views `data` as bytes. */
export function toBytes(data: Uint8Array | ArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(data) ? data : new Uint8Array(data);
}

/**
 * Gives bytes that no other thread can change: a copy of shared memory.
 *
 * That is dear on JavaScriptCore, where asking bytes for their buffer makes one: an eighth of the whole cost of an echo of 16 KiB.
 */
export function toUnshared(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(data) ? data : copyOf(data);
}

function isUnshared(data: Uint8Array): data is Uint8Array<ArrayBuffer> {
  return data.buffer instanceof ArrayBuffer;
}

/**
 * How many bytes there are.
 *
 * @throws {TypeError} If they were transferred elsewhere: some runtimes would send an empty message
 */
export function lengthOf(data: Uint8Array): number {
  const length = data.byteLength;
  if (length === 0 && "detached" in data.buffer && data.buffer.detached === true)
    throw new TypeError("Cannot send bytes that were transferred");
  return length;
}

/** Copies bytes. `slice` would not do: of a `Buffer` it makes a view. */
export function copyOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
