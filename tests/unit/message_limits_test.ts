import assert from "node:assert/strict";
import { test } from "node:test";
import { COMPRESS_FROM, isWorthCompressing, toDeflatedLimit } from "../../src/compression.ts";
import { toFragmentLimit } from "../../src/fragments.ts";

const MIB = 1_048_576;

test("toFragmentLimit() lets the longest message come in fragments of 64 bytes, and a short one in 16,384", () => {
  assert.equal(toFragmentLimit(1), 16_384);
  assert.equal(toFragmentLimit(MIB), 16_384);
  assert.equal(toFragmentLimit(MIB + 1), 16_385);
  assert.equal(toFragmentLimit(64 * MIB), MIB);
});

test("toDeflatedLimit() leaves room for what cannot be compressed, and is never more than 31 bits", () => {
  assert.equal(toDeflatedLimit(1), 66);
  assert.equal(toDeflatedLimit(MIB), MIB + 16_384 + 64);
  assert.equal(toDeflatedLimit(2 ** 31 - 1), 2 ** 31 - 1);
});

test("isWorthCompressing() says so of messages of at least 1024 bytes", () => {
  assert.equal(COMPRESS_FROM, 1024);
  for (const [size, isWorth] of [
    [1023, false],
    [1024, true],
  ] as const) {
    assert.equal(isWorthCompressing("a".repeat(size)), isWorth);
    assert.equal(isWorthCompressing(new Uint8Array(size)), isWorth);
  }
  assert.equal(isWorthCompressing("é".repeat(512)), true);
});
