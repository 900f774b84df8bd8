import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedCall } from "../../auth/client/shared_call.ts";

/** Calls that end when the test says so. */
function calls() {
  const made: { signal: AbortSignal; resolve: (value: string) => void }[] = [];
  const shared = new SharedCall<string>((signal) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    made.push({ signal, resolve });
    return promise;
  });
  return { made, shared };
}

test("SharedCall starts another when the last has left, whatever the call that was hung up does", async () => {
  const { made, shared } = calls();
  const leaver = new AbortController();
  const left = shared.join(leaver.signal);
  leaver.abort(new Error("given up"));
  const next = shared.join(new AbortController().signal);
  await assert.rejects(left, /^Error: given up$/);
  assert.deepEqual(
    made.map(({ signal }) => signal.aborted),
    [true, false],
  );
  made[0]?.resolve("late");
  await Promise.resolve();
  const other = shared.join(new AbortController().signal);
  made[1]?.resolve("second");
  assert.deepEqual([await next, await other, made.length], ["second", "second", 2]);
});

test("SharedCall keeps no listener on a signal that outlives the call", async () => {
  const { made, shared } = calls();
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    if (args[0] === "abort") listeners -= 1;
    remove(...args);
  };
  const joined = shared.join(signal);
  assert.equal(listeners, 1);
  made[0]?.resolve("x");
  await joined;
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(listeners, 0);
});
