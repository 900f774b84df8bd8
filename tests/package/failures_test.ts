import assert from "node:assert/strict";
import { test } from "node:test";
import { failures, threwOutside, withoutPasses } from "../../scripts/failures.ts";

const samples = {
  node: [
    "✔ good (0.1ms)\n▶ group\n  ✖ bad (0.4ms)\n✖ group (1.0ms)\n✖ R1 worse (of 3) (0.3ms)\n✔ good (1ms)\nℹ fail 2\n",
    "\n✖ failing tests:\n\ntest at tests/unit/a_test.ts:3:23\n✖ bad (0.4ms)\n  Error: ✖ no (1ms)\n",
    "\ntest at tests/unit/b_test.ts:4:1\n✖ R1 worse (of 3) (0.3ms)\n  Error: boo\n",
  ],
  bun: [
    "tests/unit/a_test.ts:\n(pass) good [0.05ms]\nerror: boo\n      at <anonymous> (/x/tests/unit/a_test.ts:3:64)\n(fail) bad [0.8ms]\n",
    "\ntests/unit/b_test.ts:\n(fail) R1 worse (of 3)\n(pass) good\n\n 2 pass\n 2 fail\n",
  ],
  deno: [
    "running 3 tests from ./tests/unit/a_test.ts\ngood ... ok (3ms)\ngroup ...\n  bad ... FAILED (3ms)\ngroup ... FAILED (due to 1 failed step) (4ms)\n",
    "running 1 test from ./tests/unit/b_test.ts\nR1 worse (of 3) ... FAILED (937µs)\ngood ... ok (2ms)\n\n ERRORS \n\n",
    "group ... bad => ext:deno_node/testing.ts:1:23191\nerror: Error: boo\n\nFAILED | 2 passed | 2 failed (2 steps) (211ms)\n",
  ],
} as const;

for (const kind of ["node", "bun", "deno"] as const) {
  const output = samples[kind].join("");

  test(`failures() names the failed tests of ${kind}, and their files`, () => {
    assert.deepEqual(failures(kind, output), [
      { name: "bad", file: "tests/unit/a_test.ts" },
      { name: "R1 worse (of 3)", file: "tests/unit/b_test.ts" },
    ]);
    assert.deepEqual(failures(kind, ""), []);
  });

  test(`withoutPasses() leaves out what passed, and nothing else, on ${kind}`, () => {
    const lines = output.split("\n");
    const kept = lines.filter((line) => !/good/.test(line));
    assert.ok(kept.length < lines.length);
    assert.deepEqual(withoutPasses(output).split("\n"), kept);
  });
}

test("threwOutside() finds what Node and Deno tell of an error that belongs to no test", () => {
  const late =
    'ℹ Error: Test "late" at tests/unit/a_test.ts:2:1 generated asynchronous activity after the test ended. This activity';
  const uncaught = "------- output -------\nUncaught while testing: Error: boo";
  for (const output of [late, uncaught]) assert.equal(threwOutside(`✔ good (0.1ms)\n${output}\n`), true);
  for (const kind of ["node", "bun", "deno"] as const) assert.equal(threwOutside(samples[kind].join("")), false);
});
