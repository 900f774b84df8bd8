import assert from "node:assert/strict";
import { test } from "node:test";
import { clientClock } from "../../src/client/dialer.ts";
import { systemClock } from "../../src/clock.ts";

test("systemClock calls back once, after the time, and can be cancelled", async () => {
  const before = systemClock.now();
  let calls = 0;
  const cancelled = systemClock.schedule(() => calls++, 1);
  cancelled();
  cancelled();
  const { promise, resolve } = Promise.withResolvers<void>();
  // The clock's own timer does not keep the process alive, as this one does.
  const alive = setTimeout(() => {}, 10_000);
  systemClock.schedule(resolve, 15);
  await promise;
  clearTimeout(alive);
  assert.ok(systemClock.now() - before >= 14);
  assert.equal(calls, 0);
});

for (const [name, clock] of [
  ["systemClock", systemClock],
  ["clientClock", clientClock],
] as const) {
  test(`${name} takes a longer time than a timer can, and does not call back at once`, async () => {
    let calls = 0;
    const cancel = clock.schedule(() => calls++, 2 ** 40);
    await new Promise((resolve) => setTimeout(resolve, 5));
    cancel();
    assert.equal(calls, 0);
  });
}
