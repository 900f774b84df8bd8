import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST } from "../../src/clock.ts";
import { after } from "../../src/expiry.ts";
import { FakeClock } from "../../src/testing/mod.ts";

test("after() calls once, at its time, however far away", async () => {
  for (const days of [0.001, 1, 24, 25, 40, 400]) {
    const clock = new FakeClock();
    let calls = 0;
    after(clock, days * 86_400_000, () => void calls++);
    await clock.advance(days * 86_400 - 1);
    assert.equal(calls, 0, `${days} days, too early`);
    await clock.advance(1);
    assert.equal(calls, 1, `${days} days`);
    await clock.advance(LONGEST / 1000);
    assert.equal(calls, 1);
    assert.equal(clock.pending, 0);
  }
});

test("after() can be cancelled, in the middle of a long wait too, and leaves no timer", async () => {
  const clock = new FakeClock();
  const cancel = after(clock, 3 * LONGEST, () => assert.fail("it was cancelled"));
  await clock.advance(LONGEST / 1000 + 1);
  assert.equal(clock.pending, 1);
  cancel();
  assert.equal(clock.pending, 0);
  await clock.advance((3 * LONGEST) / 1000);
});
