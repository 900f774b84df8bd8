import assert from "node:assert/strict";
import { test } from "node:test";
import { isBinary, toBytes } from "../../src/bytes.ts";

test("toBytes() gives plain bytes as they are, and views an ArrayBuffer", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  assert.equal(toBytes(bytes), bytes);
  const { buffer } = new Uint8Array([5, 6]);
  assert.deepEqual(toBytes(buffer), new Uint8Array([5, 6]));
  assert.equal(toBytes(buffer).buffer, buffer);
});

test("toBytes() copies shared memory, which another thread could change", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  shared[0] = 7;
  const bytes = toBytes(shared);
  shared[0] = 8;
  assert.deepEqual(bytes, new Uint8Array([7, 0]));
  assert.ok(bytes.buffer instanceof ArrayBuffer);
});

test("isBinary() takes Uint8Array and ArrayBuffer, and nothing else", () => {
  assert.equal(isBinary(new Uint8Array(0)), true);
  assert.equal(isBinary(new ArrayBuffer(0)), true);
  for (const value of ["", null, undefined, [], new Uint16Array(1), new DataView(new ArrayBuffer(1)), new Blob([])]) {
    assert.equal(isBinary(value), false);
  }
});
