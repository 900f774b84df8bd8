import assert from "node:assert/strict";
import { test } from "node:test";
import { BEAT, DROP_IT, isBeat, Liveness, PING_IT, shortestPeriod } from "../../src/liveness.ts";
import { toServiceRules } from "../../src/service_config.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { open, silent, toHost } from "./support.ts";

const idle = toServiceRules({ idleTimeout: 1 });
const beating = toServiceRules({ heartbeat: { interval: 1, timeout: 0.5 } });

test("isIdle() counts from the last frame in either direction, and begins a new period each time", () => {
  const liveness = new Liveness(100);
  assert.equal(liveness.isIdle(1099, 100, idle), false);
  assert.equal(liveness.isIdle(1100, 100, idle), true);
  assert.equal(liveness.isIdle(2099, 100, idle), false);
  assert.equal(liveness.isIdle(2100, 100, idle), true);
  liveness.receivedAt = 2500;
  assert.equal(liveness.isIdle(3499, 100, idle), false);
  assert.equal(liveness.isIdle(3499, 3000, idle), false);
  assert.equal(liveness.isIdle(3999, 3000, idle), false);
  assert.equal(liveness.isIdle(4000, 3000, idle), true);
});

test("isIdle() is never so without an idleTimeout", () => {
  assert.equal(new Liveness(0).isIdle(1e12, 0, toServiceRules()), false);
});

test("isIdle() begins a new period when a callback has ended, and when writing or reading was held up", () => {
  const liveness = new Liveness(0);
  liveness.rouse(900);
  assert.equal(liveness.isIdle(1899, 0, idle), false);
  assert.equal(liveness.isIdle(1900, 0, idle), true);
  liveness.suspend(2800);
  assert.equal(liveness.isIdle(3799, 0, idle), false);
  assert.equal(liveness.isIdle(3800, 0, idle), true);
});

test("the answer to a heartbeat does not end an idle period", () => {
  const liveness = new Liveness(0);
  liveness.beat(900);
  assert.equal(liveness.isIdle(1000, 0, idle), true);
});

test("judge() pings after the interval, once, and drops after the timeout", () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.judge(999, beating, {}), 0);
  assert.equal(liveness.judge(1000, beating, {}), PING_IT);
  assert.equal(liveness.judge(1250, beating, {}), 0);
  assert.equal(liveness.judge(1499, beating, {}), 0);
  assert.equal(liveness.judge(1500, beating, {}), DROP_IT);
});

test("judge() pings again where part of a message has come meanwhile, and drops when no more does", () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.judge(1000, beating, { bytesRead: 10 }), PING_IT);
  assert.equal(liveness.judge(1500, beating, { bytesRead: 20 }), PING_IT);
  assert.equal(liveness.judge(1999, beating, { bytesRead: 20 }), 0);
  assert.equal(liveness.judge(2000, beating, { bytesRead: 20 }), DROP_IT);
});

for (const answer of ["a pong to it", "any frame"]) {
  test(`judge() is content with ${answer}, and pings again an interval later`, () => {
    const liveness = new Liveness(0);
    assert.equal(liveness.judge(1000, beating, {}), PING_IT);
    if (answer === "any frame") liveness.receivedAt = 1400;
    else liveness.beat(1400);
    assert.equal(liveness.judge(1500, beating, {}), 0);
    assert.equal(liveness.judge(2399, beating, {}), 0);
    assert.equal(liveness.judge(2400, beating, {}), PING_IT);
    assert.equal(liveness.judge(2900, beating, {}), DROP_IT);
  });
}

test("judge() is content with a frame in the tick of the ping", () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.judge(1000, beating, {}), PING_IT);
  liveness.receivedAt = 1000;
  assert.equal(liveness.judge(1500, beating, {}), 0);
});

test("suspend() forgets a ping that could not be answered", () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.judge(1000, beating, {}), PING_IT);
  liveness.suspend(1400);
  assert.equal(liveness.judge(1600, beating, {}), 0);
  assert.equal(liveness.judge(2400, beating, {}), PING_IT);
});

test("isBeat() knows the payload of our own pings, and no other", () => {
  assert.equal(isBeat(BEAT), true);
  assert.equal(isBeat(BEAT.slice()), true);
  assert.equal(isBeat(new Uint8Array(0)), false);
  assert.equal(isBeat(BEAT.slice(0, 3)), false);
  assert.equal(isBeat(new Uint8Array([...BEAT, 0])), false);
  assert.equal(isBeat(BEAT.map((byte) => byte ^ 1)), false);
});

test("shortestPeriod() is the shortest that anybody waits for, without the heartbeat where no pong is heard", () => {
  const beats = toHost(silent(), new FakeClock());
  const silentEngine = toHost(silent(), new FakeClock(), { ping: false });
  for (const [interval, timeout, idleTimeout, most, without] of [
    [3, 2, 0, 2000, 0],
    [2, 3, 0, 2000, 0],
    [2, 3, 1, 1000, 1000],
    [2, 3, 9, 2000, 9000],
  ] as const) {
    const rules = toServiceRules({ heartbeat: { interval, timeout }, idleTimeout });
    assert.equal(shortestPeriod(rules, beats), most);
    assert.equal(shortestPeriod(rules, silentEngine), without);
  }
  assert.equal(shortestPeriod(toServiceRules({ heartbeat: false, idleTimeout: 9 }), beats), 9000);
});

test("R16 onIdleTimeout comes within a third of idleTimeout, and again after each further one", async () => {
  const at: number[] = [];
  const { clock } = open({ onIdleTimeout: () => void at.push(clock.now()) }, { config: { idleTimeout: 3 } });
  await clock.advance(13);
  assert.ok(at.length >= 3);
  for (const [i, time] of at.entries()) {
    const period = time - (at[i - 1] ?? 0);
    assert.ok(period >= 3000 && period <= 4000, `${period} ms`);
  }
});

test("R16 without onIdleTimeout the connection is closed with 1001", async () => {
  const { clock, socket } = open({}, { config: { idleTimeout: 3 } });
  await clock.advance(2.9);
  assert.deepEqual(socket.calls, []);
  await clock.advance(1.1);
  assert.deepEqual(socket.calls, [["close", 1001, "Idle timeout"]]);
});

test("R16 a frame in either direction puts it off, by at most a tick less than idleTimeout", async () => {
  const at: number[] = [];
  const { clock, connection, caller } = open(
    { onIdleTimeout: () => void at.push(clock.now()), onTextMessage: () => {}, onPing: () => {} },
    { config: { idleTimeout: 3 } },
  );
  const frames = [
    () => connection.text("x"),
    () => connection.binary(new Uint8Array(1)),
    () => connection.ping(new Uint8Array(0)),
    () => connection.pong(new Uint8Array(0)),
    () => void caller.writeTextMessage("x"),
    () => void caller.ping(),
  ];
  for (const frame of frames) {
    await clock.advance(2.6);
    frame();
  }
  const last = clock.now();
  assert.deepEqual(at, []);
  await clock.advance(4.2);
  assert.equal(at.length, 1);
  assert.ok((at[0] ?? 0) - last > 2750, `${(at[0] ?? 0) - last} ms`);
});

test("R5 onIdleTimeout never fires while a callback runs, and the time of a callback is no idle time", async () => {
  const at: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { clock, connection } = open(
    { onTextMessage: () => promise, onIdleTimeout: () => void at.push(clock.now()) },
    { config: { idleTimeout: 3 } },
  );
  connection.text("x");
  await clock.advance(20);
  resolve();
  await clock.advance(1.9);
  assert.deepEqual(at, []);
  await clock.advance(2.5);
  assert.equal(at.length, 1);
});

test("R16 a connection whose reading was paused by a slow callback is not idle when it resumes", async () => {
  const at: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { clock, connection, socket } = open(
    { onTextMessage: () => promise, onIdleTimeout: () => void at.push(clock.now()) },
    { config: { idleTimeout: 3, maxQueuedMessages: 1 } },
  );
  connection.text("one");
  connection.text("two");
  assert.deepEqual(socket.names, ["pause"]);
  await clock.advance(20);
  resolve();
  await clock.advance(1.9);
  assert.deepEqual(socket.names, ["pause", "resume"]);
  assert.deepEqual(at, []);
});

test("R16 a connection that was held up by a slow reader is not idle when it has drained", async () => {
  const { clock, connection, socket, caller } = open({}, { config: { idleTimeout: 3, writeTimeout: 100 } });
  socket.holds = true;
  void caller.writeBinaryMessage(new Uint8Array(100_000));
  await clock.advance(20);
  socket.bufferedAmount = 0;
  connection.drain();
  await clock.advance(1.9);
  assert.deepEqual(socket.names, ["send"]);
});

test("the heartbeat pings a silent peer and drops it, when nothing comes back", async () => {
  const ended: unknown[] = [];
  const { clock, socket } = open(
    { onClose: (_caller, code, reason) => void ended.push(code, reason) },
    { config: { heartbeat: { interval: 3, timeout: 3 } } },
  );
  await clock.advance(4.1);
  assert.deepEqual(socket.calls, [["ping", BEAT]]);
  await clock.advance(4.1);
  assert.deepEqual(socket.names, ["ping", "terminate"]);
  assert.deepEqual(ended, [1006, ""]);
  assert.equal(clock.pending, 0);
});

test("the heartbeat's pongs are not told to onPong, others are", async () => {
  const seen: number[][] = [];
  const service = { onPong: (_caller: unknown, data: Uint8Array) => void seen.push([...data]) };
  const { clock, connection, socket } = open(service, { config: { heartbeat: { interval: 3, timeout: 3 } } });
  for (let i = 0; i < 5; i++) {
    await clock.advance(3.5);
    connection.pong(BEAT.slice());
  }
  connection.pong(new Uint8Array([1]));
  assert.deepEqual(seen, [[1]]);
  assert.ok(!socket.names.includes("terminate"));
  const { connection: off } = open(service);
  off.pong(BEAT.slice());
  assert.deepEqual(seen, [[1], [...BEAT]]);
});

test("the heartbeat is off on an engine that does not hear pongs, whatever its socket can send", async () => {
  const config = { heartbeat: { interval: 1, timeout: 1 } };
  const { clock, socket } = open({}, { config, capabilities: { ping: false } });
  await clock.advance(60);
  assert.deepEqual(socket.calls, []);
  assert.equal(clock.pending, 0);
  const swept = open({}, { config: { ...config, idleTimeout: 60 }, capabilities: { ping: false } });
  await swept.clock.advance(59);
  assert.deepEqual(swept.socket.calls, []);
});

test("the heartbeat does not drop a peer that cannot be heard, for reading is paused or unsent bytes wait", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const config = { heartbeat: { interval: 1, timeout: 1 }, maxQueuedMessages: 1, writeTimeout: 1000 };
  const paused = open({ onTextMessage: () => promise }, { config });
  paused.connection.text("one");
  paused.connection.text("two");
  await paused.clock.advance(30);
  resolve();
  await paused.clock.advance(0.9);
  assert.deepEqual(paused.socket.names, ["pause", "resume"]);

  const held = open({}, { config });
  held.socket.holds = true;
  void held.caller.writeBinaryMessage(new Uint8Array(100_000));
  await held.clock.advance(30);
  assert.deepEqual(held.socket.names, ["send"]);
});
