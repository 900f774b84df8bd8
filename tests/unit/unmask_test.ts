import assert from "node:assert/strict";
import { test } from "node:test";
import { unmask } from "../../adapters/node/unmask.ts";
import { Random } from "../kit/random.ts";

test("unmask() gives what byte after byte gives, at every alignment, length and phase", () => {
  const random = new Random(7);
  const mask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
  for (let offset = 0; offset < 8; offset++) {
    for (let length = 0; length < 40; length++) {
      for (let phase = 0; phase < 5; phase++) {
        const memory = Uint8Array.from({ length: offset + length + 9 }, () => random.integer(0, 255));
        const expected = memory.map((byte, i) => {
          const at = i - offset;
          return at >= 0 && at < length ? byte ^ Number(mask[(phase + at) & 3]) : byte;
        });
        unmask(memory.subarray(offset, offset + length), mask, phase);
        assert.deepEqual(memory, expected, `offset ${offset}, length ${length}, phase ${phase}`);
      }
    }
  }
});
