/** Reads of a client (rules L1 to L5, L10), on a fake clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionClosureError, PayloadBindingError, ReadTimedOutError } from "../../../src/errors.ts";
import { settle } from "../../../src/testing/settle.ts";
import { connected, type FakeSocket, outcome, STEADY } from "./fixture.ts";

const MIB = 1_048_576;

function deliver(socket: FakeSocket, count: number): void {
  for (let i = 0; i < count; i++) socket.deliver(`${i}`);
}

test("L1 several reads are served in their order, and messages that nobody waited for in theirs", async () => {
  const { session, socket } = await connected();
  const reads = [session.read(undefined), session.read("text"), session.read("binary")];
  socket.deliver("a");
  socket.deliver("b");
  socket.deliver(Uint8Array.of(3));
  socket.deliver("d");
  socket.deliver("e");
  assert.deepEqual(await Promise.all(reads), ["a", "b", Uint8Array.of(3)]);
  assert.deepEqual([await session.read(undefined), await session.read("text")], ["d", "e"]);
});

test("L1 10,000 messages come out as they came in, however reads and messages mix", async () => {
  const { session, socket } = await connected({ maxQueuedMessages: 100_000 });
  const reads: Promise<unknown>[] = [];
  for (let i = 0; i < 10_000; i++) {
    if (i % 7 < 3) reads.push(session.read(undefined));
    socket.deliver(`${i}`);
    if (i % 7 === 5) reads.push(session.read(undefined), session.read(undefined));
  }
  while (reads.length < 10_000) reads.push(session.read(undefined));
  assert.deepEqual(
    await Promise.all(reads),
    Array.from({ length: 10_000 }, (_, i) => `${i}`),
  );
});

test("L1 a message of the other kind rejects the read, and is not lost", async () => {
  const { session, socket } = await connected();
  socket.deliver(Uint8Array.of(1));
  assert.ok((await outcome(session.read("text"))) instanceof PayloadBindingError);
  assert.deepEqual(await session.read("binary"), Uint8Array.of(1));
  // The same for those who wait: those of the other kind are told, the first that it fits gets it.
  const reads = [session.read("binary"), session.read("binary"), session.read("text"), session.read("text")];
  socket.deliver("a");
  const [first, second, third, fourth] = await Promise.all(reads.map((read) => outcome(read)));
  assert.ok(first instanceof PayloadBindingError && second instanceof PayloadBindingError);
  assert.deepEqual([third, fourth], ["a", "pending"]);
  const wrong = session.read("binary");
  socket.deliver("b");
  socket.deliver("c");
  assert.equal(await reads[3], "b");
  assert.ok((await outcome(wrong)) instanceof PayloadBindingError);
  assert.equal(await session.read(undefined), "c");
});

test("L2 readTimeout rejects the read, leaves the connection open, and a later read gets the message", async () => {
  const { session, socket, clock } = await connected({ readTimeout: 2 });
  const first = session.read(undefined);
  await clock.advance(1);
  const second = session.read(undefined);
  await clock.advance(0.9);
  assert.equal(await outcome(first), "pending");
  await clock.advance(0.1);
  assert.ok((await outcome(first)) instanceof ReadTimedOutError);
  assert.equal(session.state, "open");
  socket.deliver("a");
  assert.equal(await second, "a");
  socket.deliver("b");
  assert.equal(await session.read(undefined), "b");
  assert.equal(clock.pending, 0);
});

test("L2 readTimeout may be a fraction, or 0 for what is there already", async () => {
  for (const readTimeout of [0, 0.5]) {
    const { session, socket, clock } = await connected({ readTimeout });
    socket.deliver("a");
    assert.equal(await session.read("text"), "a");
    const read = session.read("text");
    await clock.advance(readTimeout);
    assert.ok((await outcome(read)) instanceof ReadTimedOutError);
  }
});

test("L1 L2 L3 an iterator takes messages of both kinds, rejects at readTimeout, and is done at the end", async () => {
  const { session, socket, clock } = await connected({ readTimeout: 2 });
  socket.deliver("a");
  assert.deepEqual(await session.read("step"), { done: false, value: "a" });
  const step = session.read("step");
  socket.deliver(Uint8Array.of(1));
  assert.deepEqual(await step, { done: false, value: Uint8Array.of(1) });
  const late = session.read("step");
  await clock.advance(2);
  assert.ok((await outcome(late)) instanceof ReadTimedOutError);
  const last = session.read("step");
  const read = session.read("text");
  socket.end(1000);
  for (const end of [last, session.read("step")]) assert.deepEqual(await end, { done: true, value: undefined });
  assert.ok((await outcome(read)) instanceof ConnectionClosureError);
});

test("L3 after the end reads give what was received, then reject with its code and reason", async () => {
  const { session, socket } = await connected();
  socket.deliver("a");
  socket.deliver(Uint8Array.of(2));
  socket.end(4001, "that is all");
  assert.equal(await session.read("text"), "a");
  assert.deepEqual(await session.read(undefined), Uint8Array.of(2));
  for (let i = 0; i < 2; i++) {
    const error = await outcome(session.read(undefined));
    assert.ok(error instanceof ConnectionClosureError);
    assert.deepEqual([error.statusCode, error.reason], [4001, "that is all"]);
  }
});

test("L3 every read that waits rejects at the end, and none of their timers is left", async () => {
  const { session, socket, clock } = await connected({ readTimeout: 60 });
  const reads = [session.read("text"), session.read("binary"), session.read(undefined)];
  socket.end(1011, "down");
  for (const read of reads) {
    const error = await outcome(read);
    assert.ok(error instanceof ConnectionClosureError && error.statusCode === 1011);
  }
  assert.equal(clock.pending, 0);
});

test("L10 a pending read survives a reconnection, and so does what was received and not read", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const { session } = fixture;
  fixture.socket.deliver("before");
  assert.equal(await session.read(undefined), "before");
  const read = session.read(undefined);
  fixture.socket.end();
  (await fixture.again()).open();
  fixture.socket.deliver("after");
  fixture.socket.deliver("later");
  assert.equal(await read, "after");
  fixture.socket.end();
  (await fixture.again()).open();
  assert.equal(await session.read(undefined), "later");
});

test("L2 readTimeout goes on while there is no connection", async () => {
  const fixture = await connected({ readTimeout: 2, retryConfig: { ...STEADY, interval: 30 } });
  const read = fixture.session.read(undefined);
  fixture.socket.end();
  await fixture.clock.advance(2);
  assert.ok((await outcome(read)) instanceof ReadTimedOutError);
});

test("L5 reading pauses when so many messages are unread, and goes on at half of them", async () => {
  const { session, socket } = await connected({ maxQueuedMessages: 10 });
  deliver(socket, 9);
  assert.equal(socket.isPaused, false);
  deliver(socket, 1);
  assert.equal(socket.isPaused, true);
  // What was under way still comes.
  deliver(socket, 5);
  assert.equal(socket.pauses, 1);
  for (let i = 0; i < 9; i++) await session.read(undefined);
  assert.equal(socket.isPaused, true);
  for (let i = 0; i < 2; i++) await session.read(undefined);
  assert.equal(socket.isPaused, false);
  assert.equal(session.state, "open");
  // And so again.
  deliver(socket, 6);
  assert.deepEqual([socket.isPaused, socket.pauses], [true, 2]);
  for (let i = 0; i < 6; i++) await session.read(undefined);
  assert.equal(socket.isPaused, false);
});

test("L5 the same for bytes", async () => {
  const { session, socket } = await connected({ maxQueuedBytes: 100 });
  socket.deliver(new Uint8Array(30));
  socket.deliver("ü".repeat(34));
  assert.equal(socket.isPaused, false);
  socket.deliver("ü");
  assert.equal(socket.isPaused, true);
  await session.read(undefined);
  assert.equal(socket.isPaused, true, "70 of 100 wait");
  await session.read(undefined);
  assert.equal(socket.isPaused, false);
});

test("L5 a connection that takes the place of a paused one is not paused, and pauses of itself", async () => {
  const fixture = await connected({ maxQueuedMessages: 10, retryConfig: STEADY });
  deliver(fixture.socket, 10);
  fixture.socket.end();
  const socket = await fixture.again();
  socket.open();
  assert.equal(socket.isPaused, false);
  socket.deliver("one more");
  assert.equal(socket.isPaused, true);
  for (let i = 0; i < 7; i++) await fixture.session.read(undefined);
  assert.equal(socket.isPaused, false);
});

test("L5 where reading cannot pause, 16 times as many messages close with 1013", async () => {
  const { session, socket } = await connected({ maxQueuedMessages: 10, retryConfig: STEADY }, { pauses: false });
  deliver(socket, 159);
  assert.equal(session.state, "open");
  deliver(socket, 10);
  assert.equal(session.state, "closing");
  assert.equal(socket.closes.length, 1);
  assert.equal(socket.closes[0]?.[0], 1013);
  socket.end(1013);
  assert.equal((await session.closed).code, 1013);
  for (let i = 0; i < 160; i++) assert.equal(await session.read(undefined), `${i < 159 ? i : i - 159}`);
  assert.ok((await outcome(session.read(undefined))) instanceof ConnectionClosureError);
});

test("L5 where reading cannot pause, one message waits, however large it may be", async () => {
  const { session, socket } = await connected({ maxQueuedBytes: 100 }, { pauses: false });
  socket.deliver(new Uint8Array(1000));
  assert.equal(session.state, "open");
  socket.deliver("x");
  assert.equal(session.state, "closing");
});

test("L5 so do the bytes, and a server that does not answer is waited for no longer than 10 s", async () => {
  const { session, socket, clock } = await connected({}, { pauses: false });
  socket.deliver(new Uint8Array(MIB - 1));
  assert.equal(session.state, "open");
  socket.deliver("x");
  assert.equal(session.state, "closing");
  await clock.advance(10);
  assert.equal(session.state, "closed");
  assert.equal(clock.pending, 0);
});

test("L5 L11 close() lets a paused connection read on, so that the server's answer is seen, and delivers nothing more", async () => {
  const { session, socket } = await connected({ maxQueuedMessages: 3 });
  deliver(socket, 3);
  assert.equal(socket.isPaused, true);
  const closed = session.close(1000, "", 60);
  assert.equal(socket.isPaused, false);
  deliver(socket, 5);
  socket.end(1000);
  await closed;
  for (let i = 0; i < 3; i++) assert.equal(await session.read(undefined), `${i}`);
  assert.ok((await outcome(session.read(undefined))) instanceof ConnectionClosureError);
  await settle();
});
