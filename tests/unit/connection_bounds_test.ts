import assert from "node:assert/strict";
import { test } from "node:test";
import { toServiceRules } from "../../src/service_config.ts";
import { Upgrade } from "../../src/slot.ts";
import type { Connection } from "../../src/socket.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { open, RecordingSocket, silent, toHost } from "./support.ts";

test("R16 a connection is not idle before idleTimeout is over, though a frame came late in a tick", async () => {
  let idle = 0;
  const { connection, clock } = open({ onIdleTimeout: () => void idle++ }, { config: { idleTimeout: 12 } });
  for (let i = 0; i < 20; i++) {
    // The ticks are 250 ms apart, and the frame comes just before one: its stamp is nearly as old as that.
    await clock.advance(11.99);
    connection.text("x");
  }
  assert.equal(idle, 0);
  await clock.advance(16);
  assert.equal(idle, 1);
});

test("R16 R13 without an onIdleTimeout an idle connection is closed with 1001, and onClose is called", async () => {
  const seen: number[] = [];
  const { connection, socket, clock } = open(
    { onClose: (_caller, code) => void seen.push(code) },
    { config: { idleTimeout: 5 } },
  );
  await clock.advance(6);
  assert.deepEqual(socket.calls, [["close", 1001, "Idle timeout"]]);
  connection.closed(1001, "Idle timeout");
  assert.deepEqual(seen, [1001]);
});

test("R16 a connection that closes as it is pinged is not idle", async () => {
  const seen: string[] = [];
  const { caller, socket, clock } = open(
    { onIdleTimeout: () => void seen.push("idle"), onClose: () => void seen.push("closed") },
    // Both fall due at one look.
    { config: { idleTimeout: 2.96, heartbeat: { interval: 3, timeout: 1 } } },
  );
  socket.ping = () => void caller.close(4000);
  await clock.advance(5);
  assert.deepEqual([socket.names, seen], [["close"], []]);
});

test("R19 reading pauses at maxQueuedMessages, and resumes at half of it", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const { connection, socket, clock } = open(
    {
      onTextMessage: () => {
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        return gate.promise;
      },
    },
    { config: { maxQueuedMessages: 4 } },
  );
  for (let i = 0; i < 4; i++) connection.text("x");
  assert.deepEqual(socket.names, []);
  connection.text("x");
  connection.text("x");
  assert.deepEqual(socket.names, ["pause"]);
  for (let i = 0; i < 2; i++) {
    gates[i]?.resolve();
    await clock.advance(0);
    assert.deepEqual(socket.names, ["pause"]);
  }
  gates[2]?.resolve();
  await clock.advance(0);
  assert.deepEqual(socket.names, ["pause", "resume"]);
});

test("R19 reading pauses at maxQueuedBytes, counted in bytes of UTF-8", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { connection, socket, clock } = open({ onOpen: () => promise }, { config: { maxQueuedBytes: 10 } });
  connection.text("éééé");
  connection.text("x");
  assert.deepEqual(socket.names, []);
  connection.text("y");
  assert.deepEqual(socket.names, ["pause"]);
  resolve();
  await clock.advance(0);
  assert.deepEqual(socket.names, ["pause", "resume"]);
});

test("R19 reading resumes at half of maxQueuedBytes", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const onBinaryMessage = (): Promise<void> => {
    gates.push(Promise.withResolvers<void>());
    return gates.at(-1)?.promise ?? Promise.resolve();
  };
  const { connection, socket, clock } = open({ onBinaryMessage }, { config: { maxQueuedBytes: 10 } });
  for (const size of [1, 4, 1, 5]) connection.binary(new Uint8Array(size));
  assert.deepEqual(socket.names, ["pause"]);
  gates[0]?.resolve();
  await clock.advance(0);
  assert.deepEqual(socket.names, ["pause"], "6 of 10 bytes wait");
  gates[1]?.resolve();
  await clock.advance(0);
  assert.deepEqual(socket.names, ["pause", "resume"], "5 of 10 bytes wait");
});

test("R19 what arrives while the outbox is over its high-water mark is bounded, though no callback runs", () => {
  const { caller, connection, socket } = open({ onTextMessage: () => {} }, { config: { maxQueuedMessages: 2 } });
  socket.bufferedAmount = 65_537;
  void caller.writeTextMessage("x".repeat(65_536));
  connection.text("a");
  assert.deepEqual(socket.names, ["send"]);
  connection.text("b");
  assert.deepEqual(socket.names, ["send", "pause"]);
});

test("R19 a socket that delivers inside resume() keeps the order", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: string[] = [];
  class Eager extends RecordingSocket {
    override resume(): void {
      super.resume();
      opened.connection.text("c");
    }
  }
  const opened = open(
    { onOpen: () => promise, onTextMessage: (_caller, text) => void seen.push(text) },
    { socket: new Eager(), config: { maxQueuedMessages: 2 } },
  );
  opened.connection.text("a");
  opened.connection.text("b");
  resolve();
  await opened.clock.advance(0);
  assert.deepEqual(seen, ["a", "b", "c"]);
});

test("R19 where reading cannot pause, the connection closes with 1013 at 16 times maxQueuedMessages, and the log names the options", () => {
  const { connection, socket, logger } = open(
    { onOpen: () => new Promise<void>(() => {}) },
    { plain: true, config: { maxQueuedMessages: 4 } },
  );
  for (let i = 0; i < 63; i++) connection.text("x");
  assert.deepEqual(socket.calls, []);
  connection.text("x");
  assert.deepEqual(socket.calls, [["close", 1013, "Too many unhandled messages"]]);
  assert.deepEqual(
    logger.lines.map(([level, line]) => [level, /options maxQueuedMessages and maxQueuedBytes/.test(line)]),
    [["info", true]],
  );
});

test("R19 where reading cannot pause, the connection closes with 1013 at maxQueuedBytes", () => {
  const { connection, socket } = open(
    { onOpen: () => new Promise<void>(() => {}) },
    { plain: true, config: { maxQueuedBytes: 100 } },
  );
  connection.binary(new Uint8Array(99));
  assert.deepEqual(socket.calls, []);
  connection.binary(new Uint8Array(1));
  assert.deepEqual(socket.calls, [["close", 1013, "Too many unhandled messages"]]);
});

test("R19 where reading cannot pause, one message waits if it may be handled, and none that is over maxFrameSize", () => {
  for (const size of [1000, 1001]) {
    const { connection, socket } = open(
      { onOpen: () => new Promise<void>(() => {}) },
      { plain: true, config: { maxQueuedBytes: 100, maxFrameSize: 1000 } },
    );
    connection.binary(new Uint8Array(size));
    assert.deepEqual(socket.names, size === 1000 ? [] : ["close"]);
    connection.binary(new Uint8Array(1));
    assert.deepEqual(socket.calls, [["close", 1013, "Too many unhandled messages"]]);
  }
});

test("R19 pings and pongs that wait are counted too", () => {
  const { connection, socket } = open(
    { onOpen: () => new Promise<void>(() => {}), onPing: () => {}, onPong: () => {} },
    { config: { maxQueuedMessages: 2 } },
  );
  connection.ping(new Uint8Array(1));
  connection.pong(new Uint8Array(1));
  assert.deepEqual(socket.names, ["pause"]);
});

test("R19 pings and pongs that no callback hears do not wait", () => {
  const { connection, socket } = open(
    { onOpen: () => new Promise<void>(() => {}) },
    { config: { maxQueuedMessages: 1 } },
  );
  connection.ping(new Uint8Array(1));
  connection.pong(new Uint8Array(1));
  assert.deepEqual(socket.names, []);
});

test("R27 stop() closes with 1001, and resolves when the last callback has settled", async () => {
  const running = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<void>();
  const { connection, socket, clock, host } = open({
    onTextMessage: () => running.promise,
    onClose: () => closing.promise,
  });
  connection.text("x");
  connection.text("waits");
  const [member] = host.sweep.members;
  let stopped = false;
  const stop = member?.stop(10_000).then(() => {
    stopped = true;
  });
  assert.deepEqual(socket.calls, [["close", 1001, ""]]);
  connection.closed(1001, "");
  running.resolve();
  await clock.advance(0);
  assert.equal(stopped, false);
  closing.resolve();
  await stop;
  assert.equal(host.sweep.members.length, 0);
});

test("R27 stop() that is called twice resolves twice", async () => {
  const { connection, host } = open({});
  const [member] = host.sweep.members;
  const stops = [member?.stop(10_000), member?.stop(1000)];
  connection.closed(1001, "");
  assert.deepEqual(await Promise.all(stops), [undefined, undefined]);
});

test("R27 stop() drops a peer that does not answer in time", async () => {
  const { socket, clock, host } = open({});
  const stop = host.sweep.members[0]?.stop(2000);
  await clock.advance(2);
  assert.deepEqual(socket.names, ["close", "terminate"]);
  await stop;
});

test("R27 a connection that opens while its listener stops is closed with 1001, however long it may wait", () => {
  for (const connectionClosureTimeout of [5, -1]) {
    const first = open({});
    first.host.stopping = true;
    const { socket } = open({}, { host: first.host, config: { connectionClosureTimeout } });
    assert.deepEqual(socket.calls, [["close", 1001, ""]]);
  }
});

function openUntil(until: number): { connection: Connection; socket: RecordingSocket; clock: FakeClock } {
  const socket = new RecordingSocket();
  const clock = new FakeClock();
  const rules = toServiceRules({ heartbeat: false });
  const details = { protocol: "", peer: {}, isSecure: false, until };
  const connection = new Upgrade({}, rules, toHost(silent(), clock), details, []).open(socket);
  return { connection, socket, clock };
}

test("B13 a connection is closed with 4401 when its principal's time has come, at once when it is over", async () => {
  const { socket, clock } = openUntil(Date.now() + 60_000);
  await clock.advance(59);
  assert.deepEqual(socket.calls, []);
  await clock.advance(1);
  assert.deepEqual(socket.calls, [["close", 4401, "Token expired"]]);
  const late = openUntil(Date.now() - 60_000);
  await late.clock.advance(0);
  assert.deepEqual(late.socket.names, ["close"]);
});

test("B13 a connection that ends before its principal's time leaves no timer", () => {
  const { connection, clock } = openUntil(Date.now() + 60_000);
  assert.equal(clock.pending, 1);
  connection.closed(1000, "");
  assert.equal(clock.pending, 0);
});
