import assert from "node:assert/strict";
import { test } from "node:test";
import { toClosureTimeout } from "../../src/options.ts";

test("toClosureTimeout() takes -1 for ever, and no other negative number", () => {
  assert.equal(toClosureTimeout("timeout", -1), -1);
  assert.equal(toClosureTimeout("timeout", 0), 0);
  assert.equal(toClosureTimeout("timeout", 1.5), 1500);
  assert.throws(() => toClosureTimeout("timeout", -2), {
    name: "RangeError",
    message: /Option timeout is -2: .* or -1 for ever/,
  });
});
