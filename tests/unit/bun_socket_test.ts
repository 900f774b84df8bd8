/** How the adapter for Bun makes one system call of what is sent in a tick; over a socket that writes down what Bun is asked, for that is seen on no wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { BunWebSocket } from "../../adapters/bun/runtime.ts";
import { BunSocket } from "../../adapters/bun/socket.ts";
import { Tick } from "../../adapters/bun/tick.ts";
import { Host } from "../../src/host.ts";
import { toServiceRules } from "../../src/service_config.ts";
import { Upgrade } from "../../src/slot.ts";
import { full, silent } from "./support.ts";

type Data = string | Uint8Array<ArrayBuffer>;

/** A socket of Bun that writes down what it is asked, and does nothing. */
class Recording implements BunWebSocket<unknown> {
  data: unknown;
  readonly remoteAddress = "127.0.0.1";
  readyState = 1;
  readonly calls: unknown[][] = [];

  send(data: Data, compress?: boolean): number {
    this.calls.push(compress === undefined ? ["send", data] : ["send", data, compress]);
    return 1;
  }

  cork(callback: () => void): void {
    this.calls.push(["cork"]);
    callback();
    this.calls.push(["uncork"]);
  }

  close(code?: number): void {
    this.calls.push(["close", code]);
  }

  terminate(): void {
    this.calls.push(["terminate"]);
  }

  ping(data?: Uint8Array): number {
    this.calls.push(["ping", data]);
    return 1;
  }

  pong(data?: Uint8Array): number {
    this.calls.push(["pong", data]);
    return 1;
  }

  pause(): void {}
  resume(): void {}

  getBufferedAmount(): number {
    this.calls.push(["getBufferedAmount"]);
    return 7;
  }
}

/** Opens a socket, to a client that offers extensions or none. */
function open(extensions?: string): { socket: BunSocket; bun: Recording; calls: unknown[][] } {
  const host = new Host(full, { logger: silent() });
  const bun = new Recording();
  const server = {
    port: 0,
    upgrade: () => true,
    requestIP: () => null,
    stop: () => Promise.resolve(),
    reload: () => undefined,
  };
  const headers: HeadersInit = extensions === undefined ? {} : { "Sec-WebSocket-Extensions": extensions };
  const socket = new BunSocket(new Request("http://localhost/", { headers }), server, new Tick());
  const details = { protocol: "", peer: { remoteAddress: undefined }, isSecure: false, principal: undefined };
  assert.ok(socket.upgrade(new Upgrade({ onOpen() {} }, toServiceRules({}), host, details, [])));
  socket.open(bun);
  bun.calls.length = 0;
  return { socket, bun, calls: bun.calls };
}

test("what is sent while a message of the same socket is handled goes to Bun at once, which joins it", () => {
  const { socket, calls } = open();
  socket.beginEvent();
  socket.send("a");
  socket.sendOwned(Uint8Array.of(1));
  assert.deepEqual(calls, [
    ["send", "a"],
    ["send", Uint8Array.of(1)],
  ]);
});

test("what is sent apart from that waits for the end of the tick, and leaves together, in order", async () => {
  const { socket, calls } = open();
  socket.beginEvent();
  socket.endEvent();
  socket.send("a");
  socket.sendOwned(Uint8Array.of(1));
  socket.send("b");
  assert.deepEqual(calls, []);
  await setImmediate();
  assert.deepEqual(calls, [["cork"], ["send", "a"], ["send", Uint8Array.of(1)], ["send", "b"], ["uncork"]]);
  await setImmediate();
  assert.equal(calls.length, 5);
});

test("one message that has waited is sent as it is, and each tick begins anew", async () => {
  const { socket, calls } = open();
  for (const text of ["a", "b"]) {
    socket.send(text);
    await setImmediate();
  }
  assert.deepEqual(calls, [
    ["send", "a"],
    ["send", "b"],
  ]);
});

test("R2 what is sent while a message is handled does not overtake what waits; after the tick it need not wait again", async () => {
  const { socket, calls } = open();
  socket.send("a");
  socket.beginEvent();
  socket.send("b");
  assert.deepEqual(calls, []);
  await setImmediate();
  socket.send("c");
  assert.deepEqual(calls, [["cork"], ["send", "a"], ["send", "b"], ["uncork"], ["send", "c"]]);
});

test("bytes that wait may be changed, unless they were given away", async () => {
  const { socket, calls } = open();
  const kept = Uint8Array.of(1);
  const given = Uint8Array.of(1);
  socket.send(kept);
  socket.sendOwned(given);
  kept[0] = 9;
  await setImmediate();
  assert.deepEqual(calls.slice(1, 3), [
    ["send", Uint8Array.of(1)],
    ["send", Uint8Array.of(1)],
  ]);
  assert.equal(calls[2]?.[1], given);
});

test("a message of over 4 KiB waits for nothing, and goes behind what waits", () => {
  const { socket, calls } = open();
  const most = "m".repeat(4096);
  socket.send(most);
  assert.deepEqual(calls, []);
  socket.send(`${most}m`);
  socket.send(new Uint8Array(4097));
  assert.deepEqual(calls, [
    ["send", most],
    ["send", `${most}m`],
    ["send", new Uint8Array(4097)],
  ]);
});

test("64 KiB wait, and no more", () => {
  const { socket, calls } = open();
  for (let i = 0; i < 16; i++) socket.send(new Uint8Array(4096));
  assert.deepEqual(calls, []);
  socket.send("1");
  assert.equal(calls.length, 19);
  socket.send("2");
  assert.equal(calls.length, 19);
});

test("bufferedAmount, close(), ping() and pong() come after what waits", () => {
  const others: readonly [name: string, does: (socket: BunSocket) => unknown][] = [
    ["getBufferedAmount", (socket) => assert.equal(socket.bufferedAmount, 7)],
    ["close", (socket) => socket.close(1000)],
    ["ping", (socket) => socket.ping(Uint8Array.of(1))],
    ["pong", (socket) => socket.pong(Uint8Array.of(1))],
  ];
  for (const [name, does] of others) {
    const { socket, calls } = open();
    socket.send("a");
    does(socket);
    assert.deepEqual(
      calls.map(([call]) => call),
      ["send", name],
    );
  }
});

test("terminate() drops what waits, and nothing is sent over a socket that has gone meanwhile", async () => {
  const terminated = open();
  terminated.socket.send("a");
  terminated.socket.terminate();
  const gone = open();
  gone.socket.send("a");
  gone.bun.readyState = 3;
  await setImmediate();
  assert.deepEqual(terminated.calls, [["terminate"]]);
  assert.deepEqual(gone.calls, []);
});

test("what is worth compressing is compressed where an extension was offered, behind what waits; the rest waits", async () => {
  const { socket, calls } = open("permessage-deflate");
  const long = "l".repeat(1024);
  socket.send("a");
  socket.send(long);
  socket.sendOwned(Uint8Array.of(1), true);
  socket.send(long, false);
  assert.deepEqual(calls, [
    ["send", "a"],
    ["send", long, true],
    ["send", Uint8Array.of(1), true],
  ]);
  await setImmediate();
  assert.deepEqual(calls.slice(3), [["send", long]]);
  socket.beginEvent();
  socket.send("b");
  assert.deepEqual(calls.slice(4), [["send", "b"]]);
});

test("nothing is compressed where no extension was offered, whatever is asked for", () => {
  const { socket, calls } = open();
  socket.beginEvent();
  socket.send("l".repeat(1024), true);
  assert.deepEqual(calls, [["send", "l".repeat(1024)]]);
});
