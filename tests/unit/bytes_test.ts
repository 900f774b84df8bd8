import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { copyOf, isBinary, lengthOf, toBytes, toUnshared } from "../../src/bytes.ts";

test("toBytes() gives plain bytes as they are, and views an ArrayBuffer", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  assert.equal(toBytes(bytes), bytes);
  const { buffer } = new Uint8Array([5, 6]);
  assert.deepEqual(toBytes(buffer), new Uint8Array([5, 6]));
  assert.equal(toBytes(buffer).buffer, buffer);
});

test("lengthOf() refuses bytes that were transferred", () => {
  const gone = new Uint8Array(3);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  assert.throws(() => lengthOf(gone), new TypeError("Cannot send bytes that were transferred"));
  for (const length of [0, 1, 300]) assert.equal(lengthOf(new Uint8Array(length)), length);
  assert.equal(lengthOf(new Uint8Array(new SharedArrayBuffer(0))), 0);
});

test("copyOf() copies every kind of bytes, a Buffer too", () => {
  for (const bytes of [Uint8Array.of(1, 2), Buffer.of(1, 2), new Uint8Array(new SharedArrayBuffer(2)).fill(1)]) {
    const copy = copyOf(bytes);
    const before = [...bytes];
    bytes.fill(9);
    assert.deepEqual([...copy], before);
    assert.equal(copy.constructor, Uint8Array);
    assert.ok(copy.buffer instanceof ArrayBuffer);
  }
});

test("toUnshared() copies shared memory, which another thread could change", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  shared[0] = 7;
  const bytes = toUnshared(shared);
  shared[0] = 8;
  assert.deepEqual(bytes, new Uint8Array([7, 0]));
  assert.ok(bytes.buffer instanceof ArrayBuffer);
  const own = Uint8Array.of(1);
  assert.equal(toUnshared(own), own);
});

test("isBinary() takes Uint8Array and ArrayBuffer, and nothing else", () => {
  assert.equal(isBinary(new Uint8Array(0)), true);
  assert.equal(isBinary(new ArrayBuffer(0)), true);
  for (const value of ["", null, undefined, [], new Uint16Array(1), new DataView(new ArrayBuffer(1)), new Blob([])]) {
    assert.equal(isBinary(value), false);
  }
});
