import assert from "node:assert/strict";
import { test } from "node:test";
import type { Server } from "../../src/engine.ts";
import { stopAll } from "../../src/stop.ts";
import { open } from "./support.ts";

/** A server that writes down how it is closed. */
function toServer(): Server & { readonly closes: boolean[] } {
  const closes: boolean[] = [];
  return {
    port: 0,
    closes,
    close: (force) => {
      closes.push(force);
      return Promise.resolve();
    },
  };
}

test("R27 stopAll() closes every connection with 1001, waits for them, and closes the port", async () => {
  const first = open({});
  const { host } = first;
  const second = open({}, { host });
  const server = toServer();
  const stopped = stopAll(host, server, 10_000);
  assert.deepEqual(first.socket.calls, [["close", 1001, ""]]);
  assert.deepEqual(second.socket.calls, [["close", 1001, ""]]);
  first.connection.closed(1001, "");
  await first.clock.advance(0);
  assert.deepEqual(server.closes, []);
  second.connection.closed(1001, "");
  await stopped;
  assert.deepEqual(server.closes, [false]);
});

test("R27 stopAll() drops what is left at the deadline, though a callback never settles", async () => {
  const { host, connection, socket } = open({ onTextMessage: () => new Promise<void>(() => {}) });
  connection.text("x");
  const server = toServer();
  await stopAll(host, server, 5);
  assert.deepEqual(socket.names, ["close", "terminate"]);
  assert.deepEqual(server.closes, [true]);
});

test("R27 stopAll() with no time drops at once, without a close frame", async () => {
  const ended: number[] = [];
  const { host, socket } = open({ onClose: (_caller, code) => void ended.push(code) });
  const server = toServer();
  await stopAll(host, server, 0);
  assert.deepEqual(socket.names, ["terminate"]);
  assert.deepEqual(ended, [1006]);
  assert.deepEqual(server.closes, [true]);
});

test("R27 stopAll() with no time drops all, though each leaves meanwhile", async () => {
  const first = open({});
  const { host } = first;
  const others = [1, 2].map(() => open({}, { host }));
  await stopAll(host, toServer(), 0);
  for (const { socket } of [first, ...others]) assert.deepEqual(socket.names, ["terminate"]);
  assert.equal(host.sweep.members.length, 0);
});

test("R27 stopAll() with no time ends one that waits for a callback", async () => {
  const { host, connection } = open({ onTextMessage: () => new Promise<void>(() => {}) });
  connection.text("x");
  const server = toServer();
  const waiting = stopAll(host, server, 60_000);
  await stopAll(host, server, 0);
  await waiting;
  assert.deepEqual(server.closes, [true, true]);
});

test("R27 stopAll() leaves no timer, though the sweep lingers", async () => {
  const { host, clock, connection } = open({}, { config: { idleTimeout: 60 } });
  host.sweep.lingers = true;
  const stopped = stopAll(host, toServer(), 10_000);
  connection.closed(1001, "");
  await stopped;
  assert.equal(clock.pending, 0);
});

test("R27 stopAll() closes what opens while the others close", async () => {
  const first = open({});
  const { host, clock } = first;
  host.stopping = true;
  const server = toServer();
  const stopped = stopAll(host, server, 10_000);
  const second = open({}, { host });
  assert.deepEqual(second.socket.calls, [["close", 1001, ""]]);
  first.connection.closed(1001, "");
  await clock.advance(0);
  assert.deepEqual(server.closes, []);
  second.connection.closed(1001, "");
  await stopped;
  assert.deepEqual(server.closes, [false]);
});

test("R27 stopAll() settles, though the server does not let go of its last response in time", async () => {
  const { host } = open({}, {});
  for (const member of [...host.sweep.members]) member.drop();
  const closes: boolean[] = [];
  const server: Server = {
    port: 0,
    close: (force) => {
      closes.push(force);
      return force ? Promise.resolve() : new Promise(() => {});
    },
  };
  await stopAll(host, server, 5);
  assert.deepEqual(closes, [false, true]);
});

test("R27 messages that a stopped connection had not handled are forgotten", async () => {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { host, connection, clock } = open({
    onOpen: () => promise,
    onTextMessage: (_caller, text) => void seen.push(text),
  });
  connection.text("x");
  connection.closed(1000, "");
  const stopped = stopAll(host, toServer(), 10_000);
  resolve();
  await clock.advance(0);
  await stopped;
  assert.deepEqual(seen, []);
});

test("R27 stopAll() settles at the deadline, though a connection that has stopped never leaves", async () => {
  const { host, connection } = open({});
  connection.closed(1000, "");
  const stuck = { place: 0, sweep() {}, drop() {}, stop: () => Promise.resolve() };
  host.sweep.join(stuck, 0);
  const server = toServer();
  await stopAll(host, server, 5);
  assert.deepEqual(server.closes, [true]);
});
