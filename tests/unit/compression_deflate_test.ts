import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { constants, inflateRawSync } from "node:zlib";
import { deflate } from "../../adapters/node/deflate.ts";
import { inflate as inflateMessage } from "../../adapters/node/inflate.ts";
import { COMPRESS_FROM, isWorthCompressing, toDeflatedLimit } from "../../src/compression.ts";
import { bomb, zip } from "../kit/deflate.ts";
import { Random } from "../kit/random.ts";

function inflate(deflated: Uint8Array, windowBits: number): Buffer {
  const bytes = Buffer.concat([deflated, Uint8Array.of(0, 0, 0xff, 0xff)]);
  return inflateRawSync(bytes, { windowBits, finishFlush: constants.Z_SYNC_FLUSH });
}

/** Bytes that repeat over `distance`, further than a small window sees. */
function repeating(length: number, distance: number, random: Random): Buffer {
  const once = Buffer.from(Array.from({ length: distance }, () => random.integer(0, 255)));
  return Buffer.alloc(length, once);
}

for (const windowBits of [9, 10, 12, 15]) {
  test(`deflate() stays in a window of ${windowBits} bits`, () => {
    const random = new Random(windowBits);
    for (const length of [1, 2, 100, 511, 512, 513, 1024, 4095, 65_536]) {
      for (const distance of [1, 200, 600, 5000]) {
        const data = repeating(length, distance, random);
        const deflated = deflate(data, windowBits);
        if (deflated === undefined) continue;
        assert.ok(deflated.length < length);
        assert.deepEqual(inflate(deflated, windowBits), data, `${length} bytes, repeated after ${distance}`);
      }
    }
    assert.ok(deflate(Buffer.alloc(2000), windowBits), "nothing was compressed");
  });
}

test("deflate() gives nothing where it gains nothing", () => {
  const random = new Random(1);
  assert.equal(deflate(new Uint8Array(0), 15), undefined);
  assert.equal(deflate(Uint8Array.of(1), 15), undefined);
  assert.equal(deflate(repeating(5000, 5000, random), 15), undefined);
});

test("isWorthCompressing() counts bytes, not characters", () => {
  assert.equal(COMPRESS_FROM, 1024);
  assert.equal(isWorthCompressing("a".repeat(1023)), false);
  assert.equal(isWorthCompressing("a".repeat(1024)), true);
  assert.equal(isWorthCompressing("é".repeat(511)), false);
  assert.equal(isWorthCompressing("é".repeat(512)), true);
  assert.equal(isWorthCompressing(new Uint8Array(1023)), false);
  assert.equal(isWorthCompressing(new Uint8Array(1024)), true);
});

test("toDeflatedLimit() leaves room for what cannot be made smaller, and never wraps round", () => {
  for (const size of [1, 100, 65_536, 1_048_576]) assert.ok(toDeflatedLimit(size) >= size + 5 * Math.ceil(size / 507));
  assert.equal(toDeflatedLimit(0x7fffffff), 0x7fffffff);
  assert.equal(toDeflatedLimit(Number.MAX_SAFE_INTEGER), 0x7fffffff);
});

test("inflate() inflates a message within its limit, and leaves all else", () => {
  const text = "the same words, ".repeat(100);
  assert.equal(inflateMessage(zip(text), 1600)?.toString(), text);
  assert.equal(inflateMessage(zip(""), 10)?.length, 0);
  assert.equal(inflateMessage(new Uint8Array(0), 10)?.length, 0);
  assert.equal(inflateMessage(zip(text), 1599), undefined);
  assert.equal(inflateMessage(Uint8Array.of(0xff, 0xff, 0xff, 1, 2, 3), 1600), undefined);
  assert.equal(inflateMessage(bomb(8), 1 << 30), undefined);
  assert.equal(inflateMessage(new Uint8Array(65_537), 1 << 30), undefined);
});
