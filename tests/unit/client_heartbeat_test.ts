/** When a client pings, and when it gives a silent server up, on a fake clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeartbeatLine } from "../../adapters/ws/heartbeat.ts";
import type { Dial, Line } from "../../src/client/transport.ts";
import { FakeClock } from "../../src/testing/fake_clock.ts";
import { settle } from "../../src/testing/settle.ts";
import { toTransport } from "../../transports.ts";

/** A clock whose timers are late when the process stood still. */
class BusyClock extends FakeClock {
  /** Milliseconds for which the process stood still. */
  stood = 0;

  override now(): number {
    return super.now() + this.stood;
  }
}

function beat(interval: number, timeout: number) {
  const clock = new BusyClock();
  const pings: number[] = [];
  const ends: number[] = [];
  const codes: number[] = [];
  const cuts: number[] = [];
  const line = new HeartbeatLine(
    {
      opened() {},
      refused() {},
      message() {},
      closed(code) {
        ends.push(clock.now());
        codes.push(code);
      },
    },
    {},
    { interval, timeout },
    clock,
  );
  const socket = {
    readyState: 1,
    bufferedAmount: 0,
    isPaused: false,
    bytesRead: 0,
    send: () => true,
    close() {},
    ping: () => void pings.push(clock.now()),
    terminate: () => void cuts.push(clock.now()),
  };
  line.socket = socket;
  line.opened({ protocol: "" });
  return { clock, pings, ends, codes, cuts, line, socket };
}

test("a handler of pings and pongs that throws or rejects ends no process, and is told of", async (t) => {
  const told = t.mock.method(console, "error", () => {});
  const fault = new Error("on purpose");
  const handler = {
    onPing() {
      throw fault;
    },
    onPong: () => Promise.reject(fault),
  };
  const line = new HeartbeatLine({ opened() {}, refused() {}, message() {}, closed() {} }, handler, undefined);
  line.ping(new Uint8Array(0));
  line.pong(new Uint8Array(0));
  await settle();
  assert.deepEqual(
    told.mock.calls.map((call) => call.arguments),
    ["onPing", "onPong"].map((name) => [`pingPongHandler.${name} failed`, fault]),
  );
});

test("a ping goes out each `interval`, however long an answer may take; only a longer `timeout` holds it up", async () => {
  for (const [interval, timeout, period] of [
    [15, 10, 15],
    [15, 1, 15],
    [10, 10, 10],
    [2, 5, 5],
  ] as const) {
    const { clock, pings, ends, line } = beat(interval, timeout);
    for (let second = 0; second < 100; second++) {
      line.message("busy");
      await clock.advance(1);
    }
    const expected = Array.from({ length: pings.length }, (_, i) => (interval + i * period) * 1000);
    assert.deepEqual(pings, expected, `${interval} and ${timeout}`);
    assert.ok(pings.length >= Math.floor((100 - interval) / period));
    assert.deepEqual(ends, []);
  }
});

test("a server that falls silent is given up after `interval` and `timeout` at the latest", async () => {
  for (let silentFrom = 0; silentFrom < 40; silentFrom++) {
    const { clock, ends, line } = beat(15, 10);
    for (let second = 0; second < silentFrom; second++) {
      await clock.advance(1);
      line.message("alive");
    }
    await clock.advance(25);
    assert.equal(ends.length, 1, `silent from ${silentFrom} s on`);
    assert.ok(Number(ends[0]) - silentFrom * 1000 >= 10_000);
  }
});

test("a server that is given up is cut, with 1006", async () => {
  const { clock, ends, codes, cuts } = beat(15, 10);
  await clock.advance(25);
  assert.deepEqual([ends, codes, cuts], [[25_000], [1006], [25_000]]);
});

test("whatever comes is a sign of life: a message, a ping, a pong", async () => {
  const data = new Uint8Array(0);
  for (const say of [
    (line: HeartbeatLine) => line.message("x"),
    (line: HeartbeatLine) => line.ping(data),
    (line: HeartbeatLine) => line.pong(data),
  ]) {
    const { clock, ends, line } = beat(15, 10);
    await clock.advance(20);
    say(line);
    await clock.advance(10);
    assert.deepEqual(ends, []);
  }
});

test("a socket that is open no more is not pinged, and after the end no timer is left", async () => {
  const closing = beat(15, 10);
  closing.socket.readyState = 2;
  await closing.clock.advance(60);
  assert.deepEqual(closing.pings, []);
  const closed = beat(15, 10);
  assert.equal(closed.clock.pending, 1);
  closed.line.closed(1000, "");
  assert.equal(closed.clock.pending, 0);
});

test("a process that stood still reads what has come meanwhile before it judges", async () => {
  const { clock, ends, line, pings } = beat(15, 10);
  await clock.advance(24);
  clock.stood = 5000;
  await clock.advance(1);
  assert.deepEqual(ends, []);
  line.pong(new Uint8Array(0));
  await clock.advance(30);
  assert.ok(pings.length > 1);
  // A server that is silent all the same is given up a second later.
  const silent = beat(15, 10);
  await silent.clock.advance(24);
  silent.clock.stood = 5000;
  await silent.clock.advance(1);
  assert.deepEqual(silent.ends, []);
  await silent.clock.advance(1);
  assert.deepEqual(silent.ends, [31_000]);
});

test("a process that always stands still gives a silent server up", async () => {
  const { clock, ends } = beat(15, 10);
  for (let second = 0; second < 30; second++) {
    clock.stood += 2000;
    await clock.advance(1);
  }
  assert.equal(ends.length, 1);
});

test("a client that does not read does not hear, and waits", async () => {
  const { clock, ends, socket } = beat(1, 1);
  socket.isPaused = true;
  await clock.advance(10);
  assert.deepEqual(ends, []);
  socket.isPaused = false;
  await clock.advance(2);
  assert.equal(ends.length, 1);
});

test("a message that is long on its way is no silence, in either direction", async () => {
  const coming = beat(1, 1);
  for (let second = 0; second < 20; second++) {
    coming.socket.bytesRead += 100;
    await coming.clock.advance(1);
  }
  assert.deepEqual(coming.ends, []);
  await coming.clock.advance(4);
  assert.equal(coming.ends.length, 1);

  const leaving = beat(1, 1);
  leaving.socket.bufferedAmount = 2 * 1_048_576;
  await leaving.clock.advance(20);
  assert.deepEqual(leaving.ends, []);
  leaving.socket.bufferedAmount = 0;
  await leaving.clock.advance(1);
  assert.deepEqual(leaving.ends, [], "the ping has only just left");
  await leaving.clock.advance(2);
  assert.equal(leaving.ends.length, 1);
});

test("unsent bytes that never leave are silence after 30 s for each MiB", async () => {
  for (const [unsent, seconds] of [
    [1, 30],
    [3 * 1_048_576, 90],
  ] as const) {
    const { clock, ends, socket } = beat(1, 1);
    socket.bufferedAmount = unsent;
    await clock.advance(seconds);
    assert.deepEqual(ends, []);
    await clock.advance(4);
    assert.equal(ends.length, 1);
  }
});

test("the heartbeat of a client is 15 and 10 seconds, if nothing else is asked", async () => {
  const timers: [callback: () => void, ms: number][] = [];
  let told = 0;
  const socket = { readyState: 1, bufferedAmount: 0, send: () => true, close() {}, ping() {} };
  const transport = { name: "mine", ping: true, dial: (_: Dial, line: Line) => Object.assign(socket, { line }) };
  const line = { opened() {}, refused() {}, message() {}, closed: () => void told++ };
  const dialled = (await toTransport({ transport })).dial({ url: "ws://a", protocols: [], maxFrameSize: 1 }, line);
  assert.ok("line" in dialled);
  const { setTimeout: original } = globalThis;
  const fake = (callback: () => void, ms: number): number => timers.push([callback, ms]);
  // Nothing is awaited meanwhile, or the timers of others would be caught too.
  Object.assign(globalThis, { setTimeout: fake });
  try {
    (dialled.line as Line).opened({ protocol: "" });
    for (const [i, ms] of [15_000, 10_000].entries()) {
      assert.equal(timers[i]?.[1], ms);
      timers[i]?.[0]();
    }
  } finally {
    Object.assign(globalThis, { setTimeout: original });
  }
  assert.equal(told, 1);
});
