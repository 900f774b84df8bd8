/** What runs after a reconnection, before the writes that wait (rule L9). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientConfig } from "../../../src/client/client_config.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { settle } from "../../../src/testing/settle.ts";
import { connected, type Fixture, isFrom, outcome, STEADY, start } from "./fixture.ts";

/** A client whose connection is lost. */
async function down(config: ClientConfig = {}): Promise<Fixture> {
  const fixture = await connected({ retryConfig: STEADY, ...config });
  fixture.socket.end();
  return fixture;
}

test("L9 hooks run in order, each after the one before, and what they write goes before what waits", async () => {
  const fixture = await down();
  const { session } = fixture;
  const write = session.write("waited");
  const order: string[] = [];
  session.hooks.add(async (write) => {
    order.push("first begins");
    await write("one");
    await settle();
    await write("two");
    order.push("first ends");
  });
  session.hooks.add((write) => {
    order.push("second");
    void write("three");
  });
  const socket = await fixture.again();
  socket.open();
  assert.equal(session.state, "reconnecting");
  await settle();
  await settle();
  assert.equal(session.state, "open");
  assert.deepEqual(order, ["first begins", "first ends", "second"]);
  assert.deepEqual(socket.sent, ["one", "two", "three", "waited"]);
  await write;
  assert.equal(fixture.clock.pending, 0, "the hooks' time is over");
});

test("L9 a hook that adds hooks runs once for each connection, and those from the next one on", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const { session } = fixture;
  const runs: string[] = [];
  const renew = (): void => {
    runs.push("renew");
    if (runs.length < 100) session.hooks.add(() => renew());
  };
  session.hooks.add(renew);
  for (const expected of [1, 3, 7]) {
    fixture.socket.end();
    (await fixture.again()).open();
    await settle();
    assert.equal(session.state, "open");
    assert.equal(runs.length, expected);
  }
});

test("L9 hooks run for no first connection, and not when they were taken back", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  let runs = 0;
  const hook = (): void => {
    runs += 1;
  };
  fixture.session.hooks.add(hook);
  const early = await start({ retryConfig: STEADY });
  early.session.hooks.add(hook);
  early.socket.open({ protocol: "first" });
  assert.equal(early.session.state, "open");
  assert.equal(runs, 0);
  early.socket.end();
  (await early.again()).open({ protocol: "second" });
  assert.equal(early.session.handshake.protocol, "second");
  assert.equal(runs, 1);
  runs = 0;
  fixture.socket.end();
  (await fixture.again()).open();
  await settle();
  assert.equal(runs, 1);
  fixture.session.hooks.delete(hook);
  fixture.socket.end();
  (await fixture.again()).open();
  assert.equal(fixture.session.state, "open");
  assert.equal(runs, 1);
});

test("L9 a hook that writes with the client instead goes first too, and holds nothing up", async () => {
  const fixture = await down();
  const { session } = fixture;
  const waited = session.write("waited");
  let isDone = false;
  session.hooks.add(async () => {
    await session.write("by the client");
    isDone = true;
  });
  const socket = await fixture.again();
  socket.open();
  await settle();
  assert.equal(isDone, true);
  assert.deepEqual(socket.sent, ["by the client", "waited"]);
  assert.equal(session.state, "open");
  await waited;
});

test("L9 what others write while a hook waits goes after what waited", async () => {
  const fixture = await down();
  const { session } = fixture;
  const writes = [session.write("waited")];
  const { promise, resolve } = Promise.withResolvers<void>();
  session.hooks.add(() => promise);
  const socket = await fixture.again();
  socket.open();
  writes.push(session.write("late"));
  await settle();
  assert.deepEqual(socket.sent, []);
  resolve();
  await Promise.all(writes);
  assert.deepEqual(socket.sent, ["waited", "late"]);
});

for (const [how, hook] of [
  ["rejects", (error: Error) => Promise.reject(error)],
  [
    "throws",
    (error: Error) => {
      throw error;
    },
  ],
] as const) {
  test(`L9 a hook that ${how} costs the connection, and another follows`, async () => {
    const fixture = await down();
    const { session, waits } = fixture;
    const write = session.write("waited");
    const fault = new Error("A fault of the program");
    let runs = 0;
    session.hooks.add(() => {
      runs += 1;
      return runs === 1 ? hook(fault) : undefined;
    });
    const first = await fixture.again();
    first.open();
    await settle();
    assert.equal(first.isTerminated, true);
    const cause = waits.at(-1)?.cause;
    assert.ok(cause instanceof ConnectionError && isFrom(cause, fault));
    assert.equal(waits.at(-1)?.attempt, 2, "it was no success");
    (await fixture.again()).open();
    await write;
    assert.deepEqual(first.sent, []);
    assert.deepEqual(fixture.socket.sent, ["waited"]);
  });
}

test("L9 a hook that never ends costs the connection after 10 s", async () => {
  const fixture = await down();
  fixture.session.hooks.add(() => new Promise(() => {}));
  const socket = await fixture.again();
  socket.open();
  await fixture.clock.advance(9.9);
  assert.equal(socket.isTerminated, false);
  await fixture.clock.advance(0.1);
  assert.equal(socket.isTerminated, true);
  assert.equal(fixture.waits.length, 2);
});

test("L9 a connection that is lost while a hook runs is lost once, and the hook runs again on the next", async () => {
  const fixture = await down();
  const { session, waits } = fixture;
  const ends: (() => void)[] = [];
  const outcomes: Promise<unknown>[] = [];
  session.hooks.add(async (write) => {
    await new Promise<void>((resolve) => ends.push(resolve));
    outcomes.push(outcome(write(`by hook ${ends.length}`)));
  });
  const first = await fixture.again();
  first.open();
  first.end();
  assert.equal(waits.length, 2);
  const second = await fixture.again();
  second.open();
  ends[0]?.();
  await settle();
  assert.equal(session.state, "reconnecting", "the first run ends nothing");
  ends[1]?.();
  await settle();
  assert.equal(session.state, "open");
  assert.ok((await outcomes[0]) instanceof ConnectionError, "what it was given belongs to the old connection");
  assert.deepEqual(second.sent, ["by hook 2"]);
  assert.equal(fixture.attempts, 3);
});

test("L9 a hook that fails when its connection is lost already costs no other one", async () => {
  const fixture = await down();
  const fails: ((error: Error) => void)[] = [];
  fixture.session.hooks.add(() => new Promise((_, reject) => fails.push(reject)));
  const first = await fixture.again();
  first.open();
  first.end();
  fails[0]?.(new Error("late"));
  await settle();
  assert.equal(fixture.waits.length, 2);
  await fixture.again();
  fails[0]?.(new Error("later"));
  fixture.socket.open();
  await settle();
  assert.equal(fixture.socket.isTerminated, false);
  assert.equal(fixture.waits.length, 2);
});

test("L9 a hook of a lost connection that fails while the next hook runs costs nothing", async () => {
  const fixture = await down();
  const fails: ((error: Error) => void)[] = [];
  fixture.session.hooks.add(() => new Promise((_, reject) => fails.push(reject)));
  const first = await fixture.again();
  first.open();
  first.end();
  const second = await fixture.again();
  second.open();
  fails[0]?.(new Error("late"));
  await settle();
  assert.equal(second.isTerminated, false);
  assert.equal(fixture.waits.length, 2);
});

test("L9 L10 a pending read and the writes that wait survive a hook that fails", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const read = fixture.session.read(undefined);
  fixture.socket.end();
  fixture.session.hooks.add((write) => write("renew"));
  (await fixture.again()).open().deliver("early");
  assert.equal(await read, "early", "what comes while a hook runs is read");
});

test("L11 close() and signal end a connection whose hook runs", async () => {
  const aborter = new AbortController();
  for (const end of [(fixture: Fixture) => void fixture.session.close(4000, "enough", 1), () => aborter.abort()]) {
    const fixture = await down({ signal: aborter.signal });
    let finish = (): void => {};
    fixture.session.hooks.add(() => new Promise<void>((resolve) => (finish = resolve)));
    const socket = await fixture.again();
    socket.open();
    end(fixture);
    await fixture.clock.advance(1);
    assert.equal(fixture.session.state, "closed");
    const { length } = fixture.events;
    finish();
    await fixture.clock.advance(60);
    assert.equal(fixture.events.length, length, "nothing follows");
    assert.equal(fixture.clock.pending, 0);
    assert.equal(fixture.attempts, 2);
  }
});
