/** Writes of a client: at once, to a full socket, and while there is no connection (rule L10, G10), on a fake clock. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { ClientConfig } from "../../../src/client/client_config.ts";
import type { Message } from "../../../src/client/message.ts";
import { ConnectionClosureError, ConnectionError } from "../../../src/errors.ts";
import { settle } from "../../../src/testing/settle.ts";
import { connected, type Fixture, outcome, STEADY, start } from "./fixture.ts";

const MIB = 1_048_576;

/** A client whose connection is lost, and that waits for the next one for ever. */
async function down(config: ClientConfig = {}): Promise<Fixture> {
  const fixture = await connected({ retryConfig: { ...STEADY, interval: 1000, maxWaitInterval: 1000 }, ...config });
  fixture.socket.end();
  return fixture;
}

/** Writes, and notes how each write ends. */
class Ledger {
  readonly ends: string[] = [];
  readonly #fixture: Fixture;

  constructor(fixture: Fixture) {
    this.#fixture = fixture;
  }

  write(message: Message, name: string = String(message)): void {
    this.#fixture.session.write(message).then(
      () => this.ends.push(`${name} sent`),
      (error) => this.ends.push(`${name} ${error.code}`),
    );
  }

  count(end: string): number {
    return this.ends.filter((other) => other.endsWith(end)).length;
  }
}

test("L10 a write over an open connection is sent at once and resolves; compress goes with it", async () => {
  const { session, socket } = await connected();
  const bytes = Uint8Array.of(1, 2);
  assert.equal(await outcome(session.write("a", true)), undefined);
  assert.equal(await outcome(session.write(bytes, false)), undefined);
  assert.equal(await outcome(session.write("")), undefined);
  assert.deepEqual(socket.sent, ["a", bytes, ""]);
  assert.deepEqual(socket.compressed, [true, false, undefined]);
});

test("a writer gives way to others after large messages or many small ones, though the socket takes all at once", async () => {
  for (const [message, before] of [
    ["a".repeat(200_000), 1],
    ["a", 255],
  ] as const) {
    const { session } = await connected();
    const first = session.write(message);
    for (let i = 1; i < before; i++)
      assert.equal(session.write(message), first, "a write that waits for nothing makes no promise");
    let isOver = false;
    const last = session.write(message).then(() => {
      isOver = true;
    });
    assert.equal(session.write(message), first, "only one gives way");
    for (let i = 0; i < 20; i++) await null;
    assert.equal(isOver, false, `after ${before} messages`);
    await last;
  }
});

test("a writer that hears something between its writes need not give way", async () => {
  const { session, socket } = await connected();
  const first = session.write("a");
  for (let i = 0; i < 2000; i++) {
    socket.deliver(`${i}`);
    assert.equal(session.write("a"), first);
    await session.read("text");
  }
});

test("a writer that has heard something gives way all the same the next time", async () => {
  const { session, socket } = await connected();
  const first = session.write("a");
  socket.deliver("once");
  for (let i = 1; i < 511; i++) assert.equal(session.write("a"), first, `${i}`);
  assert.notEqual(session.write("a"), first);
});

test("L10 what is written while down goes out in order when there is a connection, before what is written then", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  fixture.socket.end();
  const ledger = new Ledger(fixture);
  for (const message of ["first", "second", "third"]) ledger.write(message);
  await settle();
  assert.deepEqual(ledger.ends, []);
  const socket = (await fixture.again()).open();
  ledger.write("fourth");
  assert.deepEqual(socket.sent, ["first", "second", "third", "fourth"]);
  await settle();
  assert.equal(ledger.count("sent"), 4);
});

test("bytes may be changed while their write waits", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  fixture.socket.end();
  for (const bytes of [Uint8Array.of(1, 2, 3), Buffer.of(4, 5, 6)]) {
    void fixture.session.write(bytes, false);
    bytes.fill(9);
  }
  const socket = await fixture.again();
  socket.open();
  assert.deepEqual(socket.sent, [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
  assert.deepEqual(socket.compressed, [false, false]);
});

test("L10 G10 of 5,000 writes while down 1,000 wait, the newest are rejected, and each is told", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const { session } = fixture;
  fixture.socket.end();
  const ledger = new Ledger(fixture);
  for (let i = 1; i <= 5000; i++) ledger.write(`${i}`);
  await settle();
  assert.equal(ledger.ends.length, 4000);
  assert.equal(ledger.ends[0], "1001 queue_full");
  const overflow = await outcome(session.write("one more"));
  assert.ok(overflow instanceof ConnectionError);
  const socket = await fixture.again();
  socket.open();
  await settle();
  assert.deepEqual([ledger.count("sent"), ledger.count("queue_full")], [1000, 4000]);
  assert.deepEqual(
    socket.sent,
    Array.from({ length: 1000 }, (_, i) => `${i + 1}`),
  );
});

test("L10 a write that waits is taken back by its signal, and one that was handed over is not", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const { session } = fixture;
  const aborter = new AbortController();
  await session.write("sent", undefined, aborter.signal);
  fixture.socket.end();
  const taken = outcome(session.write("taken back", undefined, aborter.signal));
  const kept = session.write("kept");
  aborter.abort(0);
  assert.equal(await taken, 0);
  assert.equal(await outcome(session.write("late", undefined, aborter.signal)), 0);
  const socket = await fixture.again();
  socket.open();
  await kept;
  assert.deepEqual(socket.sent, ["kept"]);
});

test("L10 a write that has waited and gone out is not taken back, nor another one instead of it", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const aborter = new AbortController();
  fixture.socket.end();
  const write = fixture.session.write("sent", undefined, aborter.signal);
  (await fixture.again()).open();
  await write;
  fixture.socket.end();
  const ledger = new Ledger(fixture);
  ledger.write("kept");
  aborter.abort();
  const socket = (await fixture.again()).open();
  await settle();
  assert.deepEqual([socket.sent, ledger.ends], [["kept"], ["kept sent"]]);
});

test("L10 a socket that is lost is given nothing more", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const old = fixture.socket;
  old.end();
  // As sockets that are not open do in browsers: they take it, and lose it.
  old.send = () => true;
  const write = fixture.session.write("a");
  const socket = (await fixture.again()).open();
  await write;
  assert.deepEqual(socket.sent, ["a"]);
});

test("L10 bytes while down are bounded by 1 MiB, as they are on the wire, whatever has room stays", async () => {
  const fixture = await down();
  const ledger = new Ledger(fixture);
  const third = "ü".repeat(MIB / 6);
  ledger.write(third, "a");
  ledger.write(third, "b");
  ledger.write(new Uint8Array(MIB / 2), "c");
  ledger.write(new Uint8Array(MIB - 4 * Math.floor(MIB / 6)), "d");
  ledger.write("x", "e");
  await settle();
  assert.deepEqual(ledger.ends, ["c queue_full", "e queue_full"]);
});

test("L10 a message that is larger than the bound does not wait while down", async () => {
  const fixture = await down();
  const ledger = new Ledger(fixture);
  ledger.write(new Uint8Array(MIB + 1), "a");
  ledger.write(new Uint8Array(MIB), "b");
  await settle();
  assert.deepEqual(ledger.ends, ["a queue_full"]);
});

test("L10 the same bounds hold for a full socket", async () => {
  for (const [message, waits] of [
    [new Uint8Array(MIB / 4), 4],
    ["a", 1000],
  ] as const) {
    const fixture = await connected();
    const ledger = new Ledger(fixture);
    fixture.socket.bufferedAmount = 2 * MIB;
    for (let i = 0; i <= waits; i++) ledger.write(message, `${i}`);
    await settle();
    assert.deepEqual(ledger.ends, [`${waits} queue_full`]);
  }
});

test("L10 a write waits 60 s for a connection, each from its own beginning", async () => {
  const fixture = await down();
  const ledger = new Ledger(fixture);
  ledger.write("a");
  await fixture.clock.advance(30);
  ledger.write("b");
  await fixture.clock.advance(29.9);
  assert.deepEqual(ledger.ends, []);
  await fixture.clock.advance(0.1);
  assert.deepEqual(ledger.ends, ["a write_timed_out"]);
  await fixture.clock.advance(29.9);
  assert.equal(ledger.ends.length, 1);
  await fixture.clock.advance(0.1);
  assert.deepEqual(ledger.ends, ["a write_timed_out", "b write_timed_out"]);
});

test("writeTimeout is shorter than that, or makes no difference", async () => {
  for (const [writeTimeout, seconds] of [
    [0.5, 0.5],
    [2, 2],
    [100, 60],
  ] as const) {
    const fixture = await down({ writeTimeout });
    const ledger = new Ledger(fixture);
    ledger.write("a");
    await fixture.clock.advance(seconds - 0.1);
    assert.deepEqual(ledger.ends, []);
    await fixture.clock.advance(0.1);
    assert.deepEqual(ledger.ends, ["a write_timed_out"]);
  }
});

test("L10 what is rejected makes room", async () => {
  const fixture = await down({ writeTimeout: 5 });
  const ledger = new Ledger(fixture);
  ledger.write(new Uint8Array(MIB), "all");
  ledger.write("x");
  await fixture.clock.advance(5);
  ledger.write(new Uint8Array(MIB), "again");
  await settle();
  assert.deepEqual(ledger.ends, ["x queue_full", "all write_timed_out"]);
});

test('L10 with whileDown: "reject" a write while down rejects at once', async () => {
  const fixture = await down({ whileDown: "reject" });
  const error = await outcome(fixture.session.write("a"));
  assert.ok(error instanceof ConnectionError && !(error instanceof ConnectionClosureError));
  const socket = (await fixture.again()).open();
  await settle();
  assert.deepEqual(socket.sent, []);
  assert.equal(await outcome(fixture.session.write("b")), undefined);
});

test('L10 with whileDown: "reject" what waited for a full socket is rejected when that is lost', async () => {
  const fixture = await connected({ retryConfig: STEADY, whileDown: "reject" });
  fixture.socket.bufferedAmount = 2 * MIB;
  const write = fixture.session.write("a");
  assert.equal(await outcome(write), "pending");
  fixture.socket.end();
  assert.ok((await outcome(write)) instanceof ConnectionError);
});

test("L10 writes to a full socket wait in order until it has room, and need no word from it", async () => {
  const fixture = await connected();
  const { socket, clock } = fixture;
  const ledger = new Ledger(fixture);
  socket.bufferedAmount = MIB + 1;
  ledger.write("a");
  ledger.write("b");
  await clock.advance(5);
  assert.deepEqual(socket.sent, []);
  socket.bufferedAmount = MIB;
  ledger.write("c");
  assert.deepEqual(socket.sent, [], "none overtakes");
  await clock.advance(0.05);
  assert.deepEqual(ledger.ends, ["a sent", "b sent", "c sent"]);
  assert.deepEqual(socket.sent, ["a", "b", "c"]);
  assert.equal(clock.pending, 0);
});

test("L10 a socket that takes nothing keeps the write waiting, until it is lost and there is another", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const old = fixture.socket;
  const ledger = new Ledger(fixture);
  old.isDeaf = true;
  ledger.write("a");
  await fixture.clock.advance(0.1);
  assert.deepEqual(ledger.ends, []);
  old.end();
  ledger.write("b");
  const socket = await fixture.again();
  socket.open();
  await settle();
  assert.deepEqual([old.sent, socket.sent], [[], ["a", "b"]]);
});

test("writeTimeout rejects a write that a full socket does not take, and no later one before its time", async () => {
  const fixture = await connected({ writeTimeout: 2 });
  const ledger = new Ledger(fixture);
  fixture.socket.bufferedAmount = 2 * MIB;
  ledger.write("a");
  await fixture.clock.advance(1);
  ledger.write("b");
  await fixture.clock.advance(1);
  assert.deepEqual(ledger.ends, ["a write_timed_out"]);
  fixture.socket.bufferedAmount = 0;
  await fixture.clock.advance(0.5);
  assert.deepEqual(fixture.socket.sent, ["b"]);
  assert.equal(fixture.clock.pending, 0);
});

test("L10 a write waits 60 s at most, be it for a full socket or for the next connection", async () => {
  const fixture = await connected({ retryConfig: { ...STEADY, interval: 1000, maxWaitInterval: 1000 } });
  const ledger = new Ledger(fixture);
  fixture.socket.bufferedAmount = 2 * MIB;
  ledger.write("a");
  await fixture.clock.advance(30);
  fixture.socket.end();
  await fixture.clock.advance(29.9);
  assert.deepEqual(ledger.ends, []);
  await fixture.clock.advance(0.1);
  assert.deepEqual(ledger.ends, ["a write_timed_out"]);
});

test("one message that is larger than the bound still goes over an open connection", async () => {
  const { session, socket, clock } = await connected();
  socket.bufferedAmount = 2 * MIB;
  const write = session.write(new Uint8Array(3 * MIB));
  assert.equal(await outcome(write), "pending");
  socket.bufferedAmount = 0;
  await clock.advance(0.05);
  assert.equal(await outcome(write), undefined);
});

test("L10 a connection that ends while it takes what waited is over, and each write that waits is told", async () => {
  for (const begin of [
    (fixture: Fixture) => fixture.clock.advance(0.05),
    (fixture: Fixture) => fixture.session.close(4000, "enough", 1),
  ]) {
    const fixture = await connected();
    const { socket } = fixture;
    const ledger = new Ledger(fixture);
    socket.bufferedAmount = 2 * MIB;
    ledger.write("a");
    ledger.write("b");
    socket.bufferedAmount = 0;
    socket.send = () => {
      socket.end(1011, "full");
      return true;
    };
    await begin(fixture);
    assert.equal((await fixture.session.closed).code, 1011);
    assert.deepEqual(ledger.ends, ["a connection_lost", "b connection_lost"]);
    assert.equal(fixture.clock.pending, 0);
  }
});

test("L11 close() hands over what waits for a full socket before its close frame", async () => {
  const fixture = await connected();
  const { socket } = fixture;
  const ledger = new Ledger(fixture);
  socket.bufferedAmount = 2 * MIB;
  ledger.write("a");
  ledger.write("b");
  void fixture.session.close(4000, "enough", 1);
  assert.deepEqual(socket.sent, ["a", "b"]);
  assert.deepEqual(socket.closes, [[4000, "enough"]]);
  await settle();
  assert.deepEqual(ledger.ends, ["a sent", "b sent"]);
});

test("L11 close() rejects a write that a full socket does not take, before the server answers", async () => {
  const fixture = await connected();
  fixture.socket.isDeaf = true;
  const ledger = new Ledger(fixture);
  ledger.write("a");
  void fixture.session.close(1000, "", 60);
  await settle();
  assert.deepEqual(ledger.ends, ["a connection_closed"]);
  assert.equal(fixture.session.state, "closing");
});

test("L11 at the end each write that waits rejects, and later ones too", async () => {
  for (const end of [
    (fixture: Fixture) => void fixture.session.close(1000, "", 1),
    (fixture: Fixture) => fixture.socket.refuse(new TypeError("final")),
  ]) {
    const fixture = await connected({ retryConfig: STEADY });
    fixture.socket.end();
    const ledger = new Ledger(fixture);
    ledger.write("a");
    ledger.write("b");
    await fixture.again();
    end(fixture);
    await settle();
    assert.deepEqual(ledger.ends, ["a connection_closed", "b connection_closed"]);
    assert.ok((await outcome(fixture.session.write("late"))) instanceof ConnectionClosureError);
    assert.equal(fixture.clock.pending, 0);
  }
});

test("L10 writes before the first connection wait for it only with retryConfig", async () => {
  const patient = await start({ retryConfig: STEADY });
  const write = patient.session.write("a");
  patient.socket.open();
  await write;
  assert.deepEqual(patient.socket.sent, ["a"]);
  const hasty = await start();
  assert.ok((await outcome(hasty.session.write("a"))) instanceof ConnectionError);
});
