/** The typed client: what is bounded, when reading rests, and what becomes of requests when the connection is lost. */
import assert from "node:assert/strict";
import { ConnectionError } from "../../../entries/contract.ts";
import { settle } from "../../../src/testing/settle.ts";
import { clientTest, open, outcome, soon } from "./fixture.ts";

/** Messages that the client itself keeps unread before it pauses the socket. */
const UNREAD = { maxQueuedMessages: 8 } as const;
const MARK = 64;
const MOST = 1024;

/** Has the service send items or pushes until the client reads no more, or `most`. */
async function fill(pair: Awaited<ReturnType<typeof open>>, message: object, most: number): Promise<number> {
  for (let count = 0; count < most; count++) {
    if (pair.socket.isPaused) return count;
    await pair.say(message);
  }
  return most;
}

const item = (id: string, price = 1) => ({ event: "prices", id, price });

clientTest(
  "reading rests while a stream has over 64 items and nobody waits, and goes on as soon as there is room",
  async () => {
    const pair = await open(UNREAD);
    const prices = pair.client.stream("prices", { symbol: "A" });
    const first = prices.next();
    await pair.say(item("1", 0));
    await first;
    // One more than the mark, and those that the client itself keeps.
    const all = MARK + 1 + 8;
    assert.equal(await fill(pair, item("1"), 500), all);
    // The client itself reads on when half of those are taken.
    for (let count = 0; count < 5; count++) await prices.next();
    await settle();
    assert.equal(pair.socket.isPaused, false);
    for (let count = 5; count < all; count++) assert.deepEqual((await prices.next()).value, { price: 1 });
    assert.equal(pair.client.droppedMessages, 0);
  },
);

clientTest(
  "reading goes on while somebody waits: a consumer that asks inside its loop never waits for ever",
  async () => {
    const pair = await open(UNREAD);
    const { client } = pair;
    const prices: number[] = [];
    const loop = (async () => {
      for await (const { price } of client.stream("prices", { symbol: "A" })) {
        prices.push(price, await client.request("count", {}));
        if (price === 3) break;
      }
    })();
    await pair.say(item("1", 1), item("1", 2), item("1", 3));
    // 200 items are before each answer, far more than the mark and what is kept unread.
    for (const id of [2, 3, 4]) {
      await pair.say(...Array.from({ length: 200 }, () => item("1")));
      assert.equal(pair.socket.isPaused, false);
      await pair.say({ event: "count", id: `${id}`, data: id });
    }
    await settle();
    await loop;
    assert.deepEqual(prices, [1, 2, 2, 3, 3, 4]);
  },
);

clientTest("reading goes on for a request that comes while it rests, and for another iterator", async () => {
  const pair = await open(UNREAD);
  const prices = pair.client.stream("prices", { symbol: "A" });
  void prices.next();
  assert.ok((await fill(pair, item("1"), 500)) < 100);
  const request = pair.client.request("count", {});
  await settle();
  assert.equal(pair.socket.isPaused, false);
  await pair.say({ event: "count", id: "2", data: 5 });
  assert.equal(await request, 5);
  assert.ok((await fill(pair, item("1"), 500)) < 100, "and rests again");
  const alerts = pair.client.pushes("alert");
  const alert = alerts.next();
  await settle();
  await pair.say({ event: "alert", text: "Fire" });
  assert.deepEqual((await alert).value, { text: "Fire" });
  await alerts.return?.();
  assert.ok((await fill(pair, item("1"), 500)) < 100, "and rests again");
  await prices.return?.();
  await settle();
  assert.equal(pair.socket.isPaused, false, "nothing is left that would be over its mark");
});

clientTest("reading goes on while a message cannot be handed over", async () => {
  const pair = await open(UNREAD);
  const prices = pair.client.stream("prices", { symbol: "A" });
  void prices.next();
  assert.ok((await fill(pair, item("1"), 500)) < 100);
  pair.socket.bufferedAmount = 2 ** 21;
  // So many that the socket is asked what it holds.
  for (let i = 0; i < 256; i++) void pair.client.send("beat", {});
  const sent = pair.client.send("beat", {});
  await settle();
  assert.equal(pair.socket.isPaused, false);
  pair.socket.bufferedAmount = 0;
  await sent;
  assert.ok((await fill(pair, item("1"), 500)) < 100, "and rests again");
});

clientTest("at 1,024 items that nobody takes a stream fails after them with queue_full, and is cancelled", async () => {
  const pair = await open();
  const prices = pair.client.stream("prices", { symbol: "A" });
  const first = prices.next();
  void pair.client.request("count", {});
  await pair.say(item("1", -1));
  await first;
  for (let price = 0; price < MOST; price++) await pair.say(item("1", price));
  assert.equal(pair.client.droppedMessages, 0);
  assert.equal(pair.sent.length, 2);
  await pair.say(item("1", MOST), item("1", MOST));
  assert.deepEqual(pair.sent[2], { event: "cancel", id: "1" });
  assert.equal(pair.client.droppedMessages, 2);
  for (let price = 0; price < MOST; price++) assert.deepEqual((await prices.next()).value, { price });
  const error = await outcome(prices.next());
  assert.ok(error instanceof ConnectionError);
  assert.equal(error.code, "queue_full");
  assert.equal((await prices.next()).done, true);
});

clientTest(
  "at 1 MiB that nobody takes a queue of pushes drops its oldest, and a single push of any size has room",
  async () => {
    const pair = await open();
    const alerts = pair.client.pushes("alert");
    void pair.client.request("count", {});
    const alert = (first: string, length: number) => ({ event: "alert", text: first + "é".repeat(length) });
    await pair.say(alert("0", 600_000));
    assert.equal(pair.client.droppedMessages, 0);
    await pair.say(alert("1", 100_000));
    assert.equal(pair.client.droppedMessages, 1, "the first is over the bound by itself");
    for (let count = 2; count < 6; count++) await pair.say(alert(`${count}`, 100_000));
    assert.equal(pair.client.droppedMessages, 1);
    await pair.say(alert("6", 100_000));
    assert.equal(pair.client.droppedMessages, 2);
    const left: (string | undefined)[] = [];
    for (let count = 2; count < 7; count++) left.push((await alerts.next()).value?.text[0]);
    assert.deepEqual(left, ["2", "3", "4", "5", "6"]);
    const ticks = pair.client.pushes("tick");
    for (let data = 0; data < MOST + 3; data++) await pair.say({ event: "tick", data });
    assert.equal((await ticks.next()).value, 3);
    assert.equal(pair.client.droppedMessages, 5);
  },
);

clientTest("pushes that nobody reads do no harm to a stream or to other pushes that somebody reads", async () => {
  const pair = await open();
  const [alerts, ticks] = [pair.client.pushes("alert"), pair.client.pushes("tick")];
  const prices = pair.client.stream("prices", { symbol: "A" });
  const first = prices.next();
  void pair.client.request("count", {});
  for (let count = 0; count < MOST; count++) await pair.say({ event: "alert", text: `${count}` });
  await pair.say(item("1", 0), item("1", 1), { event: "tick", data: 7 }, item("1", 2));
  assert.equal(pair.client.droppedMessages, 3);
  assert.deepEqual((await first).value, { price: 0 });
  for (const price of [1, 2]) assert.deepEqual((await prices.next()).value, { price });
  assert.equal((await ticks.next()).value, 7);
  assert.deepEqual((await alerts.next()).value, { text: "3" });
});

clientTest("reading rests over 64 KiB too", async () => {
  const pair = await open(UNREAD);
  const alerts = pair.client.pushes("alert");
  const count = await fill(pair, { event: "alert", text: "x".repeat(22_000) }, 100);
  assert.equal(count, 3 + 8);
  for (let taken = 0; taken < count; taken++) assert.equal((await alerts.next()).done, false);
  assert.equal(pair.socket.isPaused, false);
});

clientTest("what was received before a loss is read, though nobody takes it", async () => {
  const pair = await open({ maxQueuedMessages: MOST + 100, ...soon });
  const prices = pair.client.stream("prices", { symbol: "A" });
  void prices.next();
  const count = await fill(pair, item("1"), 2 * MOST);
  await pair.reconnect();
  for (let taken = 1; taken < count; taken++) assert.equal((await prices.next()).done, false);
  await assert.rejects(prices.next(), { code: "connection_lost" });
  // It rests and drops as before.
  const again = pair.client.stream("prices", { symbol: "A" });
  void again.next();
  assert.ok((await fill(pair, item("2"), 2 * MOST)) < 2 * MOST);
});

clientTest("what is over its mark when the client ends is read all the same", async () => {
  const pair = await open(UNREAD);
  const prices = pair.client.stream("prices", { symbol: "A" });
  void prices.next();
  const count = await fill(pair, item("1"), 500);
  pair.socket.end(1001);
  await settle();
  for (let taken = 1; taken < count; taken++) assert.equal((await prices.next()).done, false);
  await assert.rejects(prices.next(), { code: "connection_closed", statusCode: 1001 });
});

clientTest("a request that was handed over before a loss is rejected, and one that waits is not", async () => {
  const pair = await open(soon);
  const handed = pair.client.request("quote", { symbol: "A" });
  const stream = pair.client.stream("prices", { symbol: "A" });
  const item1 = stream.next();
  await settle();
  pair.lose();
  const waiting = pair.client.request("quote", { symbol: "B" });
  const patient = pair.client.stream("prices", { symbol: "B" });
  const item2 = patient.next();
  await pair.clock.advance(0);
  for (const promise of [handed, item1]) {
    const error = await outcome(promise);
    assert.ok(error instanceof ConnectionError, String(error));
    assert.equal(error.code, "connection_lost");
  }
  await pair.opened();
  assert.deepEqual(
    pair.sent.map(({ id }) => id),
    ["3", "4"],
  );
  await pair.say({ event: "quote", id: "3", price: 3 }, item("4", 4));
  assert.deepEqual(await waiting, { price: 3 });
  assert.deepEqual((await item2).value, { price: 4 });
  assert.equal((await stream.next()).done, true);
});

clientTest("a request that was given up before there was a connection is never sent", async () => {
  const pair = await open(soon);
  pair.refuseNext(9);
  pair.lose();
  const aborter = new AbortController();
  const late = pair.client.request("quote", { symbol: "A" }, { timeout: 0.001 });
  const aborted = pair.client.request("quote", { symbol: "B" }, { signal: aborter.signal });
  const stream = pair.client.stream("prices", { symbol: "C" });
  const next = stream.next();
  const waiting = pair.client.request("count", {});
  aborter.abort("no more");
  await stream.return?.();
  await pair.clock.advance(1);
  assert.equal(((await outcome(late)) as Error).name, "ReadTimedOutError");
  assert.equal(await outcome(aborted), "no more");
  assert.equal((await next).done, true);
  await pair.opened();
  assert.deepEqual(pair.sent, [{ event: "count", id: "4" }]);
  await pair.say({ event: "count", id: "4", data: 4 });
  assert.equal(await waiting, 4);
});

clientTest("a request that waits lives through attempts that fail", async () => {
  const pair = await open(soon);
  pair.refuseNext(2);
  pair.lose();
  const waiting = pair.client.request("count", {});
  await pair.clock.advance(0);
  await pair.opened();
  await pair.clock.advance(0);
  assert.equal(pair.connections, 4);
  assert.deepEqual(pair.sent, [{ event: "count", id: "1" }]);
  await pair.say({ event: "count", id: "1", data: 1 });
  assert.equal(await waiting, 1);
});

clientTest("a request that is handed over and lost in one turn is rejected", async () => {
  const pair = await open(soon);
  const request = pair.client.request("quote", { symbol: "A" });
  pair.lose();
  await settle();
  await pair.clock.advance(0);
  assert.ok((await outcome(request)) instanceof ConnectionError);
  await pair.opened();
  assert.deepEqual(pair.sent, []);
});

clientTest("a reply that came before the loss counts, and so do the items", async () => {
  const pair = await open(soon);
  const request = pair.client.request("count", {});
  const stream = pair.client.stream("prices", { symbol: "A" });
  void stream.next();
  await settle();
  for (const message of [{ event: "count", id: "1", data: 1 }, item("2", 1), item("2", 2)]) {
    pair.socket.deliver(JSON.stringify(message));
  }
  await pair.reconnect();
  assert.equal(await request, 1);
  assert.deepEqual((await stream.next()).value, { price: 2 });
  await assert.rejects(stream.next(), ConnectionError);
});

clientTest("without whileDown a request between two connections rejects as its write does", async () => {
  const pair = await open({ ...soon, whileDown: "reject" });
  pair.lose();
  const error = await outcome(pair.client.request("beat", {}));
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /^Cannot write/);
});

clientTest(
  "resubscribe asks again after each reconnection, before the writes that wait, and gives what follows",
  async () => {
    const pair = await open(soon);
    const prices = pair.client.stream("prices", { symbol: "A" }, { resubscribe: true });
    const first = prices.next();
    await pair.say(item("1", 1));
    assert.deepEqual((await first).value, { price: 1 });
    for (const price of [2, 3]) {
      pair.lose();
      void pair.client.send("beat", {});
      const next = prices.next();
      await pair.clock.advance(0);
      await pair.opened();
      assert.deepEqual(pair.sent, [{ event: "prices", id: "1", symbol: "A" }, { event: "beat" }]);
      await pair.say(item("1", price));
      assert.deepEqual((await next).value, { price });
    }
    await prices.return?.();
    assert.deepEqual(pair.sent.at(-1), { event: "cancel", id: "1" });
    await pair.reconnect();
    assert.deepEqual(pair.sent, [], "what was left is asked for no more");
  },
);

clientTest(
  "a stream with resubscribe that ended or was left while the connection was down is not asked for again",
  async () => {
    const pair = await open(soon);
    const [ended, left] = ["A", "B"].map((symbol) => pair.client.stream("prices", { symbol }, { resubscribe: true }));
    void ended?.next();
    void left?.next();
    await pair.say(item("1"), item("2"));
    // Nobody has looked at the end yet when the connection is lost.
    pair.socket.deliver('{"event":"complete","id":"1"}');
    pair.lose();
    await left?.return?.();
    await pair.clock.advance(0);
    await pair.opened();
    assert.deepEqual(pair.sent, []);
    assert.equal((await ended?.next())?.done, true);
  },
);

clientTest("a stream with resubscribe whose request still waits is asked for once", async () => {
  const pair = await open(soon);
  pair.lose();
  const prices = pair.client.stream("prices", { symbol: "A" }, { resubscribe: true });
  const first = prices.next();
  await pair.opened();
  assert.deepEqual(pair.sent, [{ event: "prices", id: "1", symbol: "A" }]);
  await pair.say(item("1"));
  assert.deepEqual((await first).value, { price: 1 });
});

clientTest("a hook of a reconnection can ask, and its requests go out at once", async () => {
  const pair = await open(soon);
  const answers: unknown[] = [];
  const asked = Promise.withResolvers<void>();
  pair.client.onReconnect(async () => {
    const reply = pair.client.request("count", {});
    asked.resolve();
    answers.push(await reply);
  });
  const prices = pair.client.stream("prices", { symbol: "A" }, { resubscribe: true });
  void prices.next();
  await settle();
  pair.lose();
  void pair.client.send("beat", {});
  await asked.promise;
  await settle();
  assert.deepEqual(pair.sent, [{ event: "count", id: "2" }], "the hook that was added first writes first");
  await pair.say({ event: "count", id: "2", data: 7 });
  await pair.opened();
  assert.deepEqual(answers, [7]);
  assert.deepEqual(
    pair.sent.map(({ event }) => event),
    ["count", "prices", "beat"],
  );
});

clientTest("pushes go on after a reconnection", async () => {
  const pair = await open(soon);
  const alerts = pair.client.pushes("alert");
  const next = alerts.next();
  await pair.reconnect();
  await pair.say({ event: "alert", text: "again" });
  assert.deepEqual((await next).value, { text: "again" });
});

clientTest("option readTimeout does not end the reading", async () => {
  const pair = await open({ readTimeout: 0.001 });
  const request = pair.client.request("count", {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  await pair.say({ event: "count", id: "1", data: 1 });
  assert.equal(await request, 1);
});

clientTest("a closed client leaves nothing behind, whatever was asked", async () => {
  const pair = await open(soon);
  const prices = pair.client.stream("prices", { symbol: "A" }, { resubscribe: true, timeout: 60 });
  const outcomes = [
    outcome(prices.next()),
    outcome(pair.client.request("quote", { symbol: "A" }, { timeout: 60 })),
    outcome(pair.client.pushes("alert").next()),
  ];
  void outcomes;
  void pair.client.close(1000, "", 0);
  await pair.clock.advance(0);
  await pair.client.closed;
  assert.equal(pair.clock.pending, 0);
  assert.equal((await prices.next()).done, true);
});
