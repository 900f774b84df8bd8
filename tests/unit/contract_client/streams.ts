/** The typed client: streams, and how each ends. */
import assert from "node:assert/strict";
import * as v from "valibot";
import { contract, ReadTimedOutError } from "../../../entries/contract.ts";
import { settle } from "../../../src/testing/settle.ts";
import { clientTest, open, outcome, Pair } from "./fixture.ts";

clientTest(
  "stream() sends nothing until the first item is asked for, and gives the items in order, then the end",
  async () => {
    const pair = await open();
    const prices = pair.client.stream("prices", { symbol: "A" });
    await settle();
    assert.deepEqual(pair.sent, []);
    const all = [prices.next(), prices.next(), prices.next(), prices.next()];
    assert.deepEqual(pair.sent, [{ event: "prices", id: "1", symbol: "A" }]);
    await pair.say({ event: "prices", id: "1", price: 1 }, { event: "prices", id: "1", price: 2 });
    await pair.say({ event: "complete", id: "1" }, { event: "prices", id: "1", price: 3 });
    assert.deepEqual(await Promise.all(all), [
      { done: false, value: { price: 1 } },
      { done: false, value: { price: 2 } },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    assert.equal(pair.client.droppedMessages, 1);
    assert.equal(pair.sent.length, 1);
  },
);

clientTest("stream() answers several next() in order though their schema takes longer for some", async () => {
  const slow = v.pipeAsync(
    v.object({ ms: v.number() }),
    v.checkAsync(async ({ ms }) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return ms !== 3;
    }),
  );
  const spoken = contract({
    dispatcherKey: "event",
    dispatcherStreamId: "id",
    messages: { items: { message: v.object({}), reply: slow, stream: true } },
  });
  const pair = await Pair.of(spoken);
  const items = pair.client.stream("items", {});
  const order: unknown[] = [];
  const all = [1, 2, 3, 4].map(() =>
    items.next().then(
      ({ value }) => order.push(value?.ms),
      () => order.push("failed"),
    ),
  );
  for (const ms of [20, 1, 3, 1]) await pair.say({ event: "items", id: "1", ms });
  await Promise.all(all);
  assert.deepEqual(order, [20, 1, "failed", undefined]);
  assert.deepEqual(pair.sent.at(-1), { event: "cancel", id: "1" });
});

clientTest("to leave a stream by break, return() or throw() cancels it once", async () => {
  const pair = await open();
  const { client } = pair;
  const cancels = () => pair.sent.filter(({ event }) => event === "cancel").map(({ id }) => id);
  const loop = (async () => {
    for await (const { price } of client.stream("prices", { symbol: "A" })) if (price > 1) break;
  })();
  await pair.say({ event: "prices", id: "1", price: 1 }, { event: "prices", id: "1", price: 2 });
  await loop;
  assert.deepEqual(cancels(), ["1"]);

  const returned = client.stream("prices", { symbol: "A" });
  const waiting = returned.next();
  assert.deepEqual(await returned.return?.(), { done: true, value: undefined });
  assert.deepEqual(await waiting, { done: true, value: undefined });
  await returned.return?.();
  assert.deepEqual(cancels(), ["1", "2"]);

  const thrown = client.stream("prices", { symbol: "A" });
  void thrown.next();
  const fault = new Error("fault");
  assert.equal(await outcome(thrown.throw?.(fault) ?? Promise.resolve()), fault);
  assert.deepEqual(await thrown.next(), { done: true, value: undefined });
  assert.deepEqual(cancels(), ["1", "2", "3"]);

  const unused = client.stream("prices", { symbol: "A" });
  await unused.return?.();
  assert.deepEqual(await unused.next(), { done: true, value: undefined });
  assert.equal(pair.sent.length, 6, "what was not asked for is not cancelled");
});

clientTest("a stream leaves nothing with its signal and its client, however it ends", async () => {
  const pair = await open();
  const { signal } = new AbortController();
  let held = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    held += 1;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    held -= 1;
    removeEventListener.apply(signal, args);
  };
  const onReconnect = pair.client.onReconnect.bind(pair.client);
  pair.client.onReconnect = (hook) => {
    held += 1;
    const remove = onReconnect(hook);
    return () => {
      held -= 1;
      remove();
    };
  };
  const ask = async (): Promise<AsyncIterableIterator<unknown>> => {
    const prices = pair.client.stream("prices", { symbol: "A" }, { signal, resubscribe: true });
    void prices.next();
    await settle();
    assert.equal(held, 2);
    return prices;
  };
  await ask();
  await pair.say({ event: "complete", id: "1" });
  assert.equal(held, 0);
  await ask();
  await pair.say({ event: "error", id: "2" });
  assert.equal(held, 0);
  await (await ask()).return?.();
  assert.equal(held, 0);
  await ask();
  await pair.say({ event: "prices", id: "4", price: "x" });
  assert.equal(held, 0);
});

clientTest("a stream that has ended is not cancelled when its loop is left", async () => {
  const pair = await open();
  const prices = pair.client.stream("prices", { symbol: "A" });
  void prices.next();
  await pair.say({ event: "prices", id: "1", price: 1 }, { event: "prices", id: "1", price: 2 });
  await pair.say({ event: "complete", id: "1" });
  await prices.return?.();
  assert.equal(pair.sent.length, 1);
});

clientTest(
  "a stream throws what ends it after the items before: an error reply, and an item that does not fit",
  async () => {
    const pair = await open();
    const failed = pair.client.stream("prices", { symbol: "A" });
    void failed.next();
    await pair.say({ event: "prices", id: "1", price: 1 }, { event: "prices", id: "1", price: 2 });
    await pair.say({ event: "error", id: "1", code: "internal", message: "Internal error" });
    assert.deepEqual((await failed.next()).value, { price: 2 });
    await assert.rejects(failed.next(), { name: "RequestError", code: "internal" });
    assert.equal((await failed.next()).done, true);

    const unfit = pair.client.stream("prices", { symbol: "A" });
    const first = unfit.next();
    await pair.say({ event: "prices", id: "2", price: "x" });
    await assert.rejects(first, { name: "PayloadValidationError", message: /^Invalid item of "prices": price: / });
    assert.deepEqual(pair.sent.at(-1), { event: "cancel", id: "2" });
    assert.equal((await unfit.next()).done, true);
  },
);

clientTest("a stream without a schema of its items gives them as they are", async () => {
  const pair = await open();
  const raw = pair.client.stream("raw", {});
  void raw.next();
  await pair.say({ event: "raw", id: "1" }, { event: "raw", id: "1", data: [1] }, { event: "raw", id: "1", a: 1 });
  assert.deepEqual([(await raw.next()).value, (await raw.next()).value], [[1], { a: 1 }]);
});

clientTest(
  "a stream whose next item takes longer than timeout is cancelled, and its reason is thrown when its signal aborts",
  async () => {
    const pair = await open();
    const slow = pair.client.stream("prices", { symbol: "A" }, { timeout: 1 });
    void slow.next();
    await pair.clock.advance(0.9);
    await pair.say({ event: "prices", id: "1", price: 1 });
    await pair.clock.advance(5);
    const late = slow.next();
    await settle();
    await pair.clock.advance(0.9);
    assert.equal(await outcome(late), "pending", "nobody waited meanwhile");
    await pair.clock.advance(0.1);
    assert.ok((await outcome(late)) instanceof ReadTimedOutError);
    assert.deepEqual(pair.sent.at(-1), { event: "cancel", id: "1" });

    const aborter = new AbortController();
    const aborted = pair.client.stream("prices", { symbol: "A" }, { signal: aborter.signal });
    void aborted.next();
    await pair.say({ event: "prices", id: "2", price: 1 }, { event: "prices", id: "2", price: 2 });
    const reason = new Error("enough");
    aborter.abort(reason);
    assert.equal(await outcome(aborted.next()), reason, "what waits is dropped");
    assert.deepEqual(pair.sent.at(-1), { event: "cancel", id: "2" });
    const never = pair.client.stream("prices", { symbol: "A" }, { signal: aborter.signal });
    assert.equal(await outcome(never.next()), reason);
    assert.equal(pair.sent.length, 4);
    assert.equal(pair.clock.pending, 0);
  },
);
