/** What a caller is besides its writes: closing, its signal, its attributes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, outcome, RecordingSocket } from "./support.ts";

test("R14 close() resolves when the connection is down, and later calls wait for the same end", async () => {
  const { caller, connection, socket, clock } = open({});
  const first = caller.close(4000, "bye");
  assert.equal(caller.close(4001, "other"), first);
  assert.equal(await outcome(first, clock), "waits");
  assert.deepEqual(socket.calls, [["close", 4000, "bye"]]);
  connection.closed(4000, "bye");
  assert.equal(await outcome(first, clock), "resolved");
  assert.equal(await outcome(caller.close(), clock), "resolved");
  assert.equal(socket.calls.length, 1);
  assert.equal(clock.pending, 0);
});

test("R14 close() without arguments sends 1000", () => {
  const { caller, socket } = open({});
  void caller.close();
  assert.deepEqual(socket.calls, [["close", 1000, ""]]);
});

for (const [title, config, timeout, seconds] of [
  ["connectionClosureTimeout", { connectionClosureTimeout: 5 }, undefined, 5],
  ["60 s by default", {}, undefined, 60],
  ["the time that it is given", { connectionClosureTimeout: 5 }, 0.5, 0.5],
] as const) {
  test(`R14 close() drops a peer that does not answer within ${title}`, async () => {
    const ended: unknown[] = [];
    const service = { onClose: (_caller: unknown, code: number, reason: string) => void ended.push(code, reason) };
    const { caller, socket, clock } = open(service, { config });
    const down = caller.close(4000, "bye", timeout);
    await clock.advance(seconds - 0.001);
    assert.deepEqual(socket.names, ["close"]);
    await clock.advance(0.001);
    assert.deepEqual(socket.names, ["close", "terminate"]);
    await down;
    assert.deepEqual(ended, [4000, "bye"]);
    assert.equal(clock.pending, 0);
  });
}

test("R14 close() with -1 waits for ever", async () => {
  const { caller, socket, clock } = open({});
  void caller.close(4000, "", -1);
  await clock.advance(1_000_000);
  assert.deepEqual(socket.names, ["close"]);
  assert.equal(clock.pending, 0);
});

test("R14 a peer that does not answer is counted as down, where the socket cannot terminate", async () => {
  const ended: unknown[] = [];
  const service = { onClose: (_caller: unknown, code: number) => void ended.push(code) };
  const { caller, clock, host } = open(service, { plain: true, capabilities: { terminate: false } });
  const down = caller.close(4000, "", 1);
  await clock.advance(1);
  await down;
  assert.deepEqual(ended, [4000]);
  assert.equal(host.sweep.members.length, 0);
});

test("R15 close() throws before anything is written", () => {
  const { caller, socket } = open({});
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5]) {
    assert.throws(() => caller.close(code), RangeError);
  }
  assert.throws(() => caller.close(1000, "é".repeat(62)), RangeError);
  for (const timeout of [-2, -0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => caller.close(1000, "", timeout), RangeError);
  }
  assert.deepEqual(socket.calls, []);
  assert.equal(caller.isOpen, true);
});

test("a socket that cannot send the code closes without one", () => {
  class Web extends RecordingSocket {
    override close(code?: number, reason?: string): void {
      super.close(code, reason);
      if (code === 1001) throw new Error("InvalidAccessError");
    }
  }
  const { caller, socket, logger } = open({}, { socket: new Web() });
  void caller.close(1001, "x");
  assert.deepEqual(socket.calls, [
    ["close", 1001, "x"],
    ["close", undefined, undefined],
  ]);
  assert.equal(logger.lines.at(-1)?.[0], "debug");
});

test("terminate() ends the connection at once: 1006, and once", () => {
  const ended: unknown[] = [];
  const { caller, connection, socket } = open({ onClose: (_caller, code, reason) => void ended.push(code, reason) });
  caller.terminate();
  caller.terminate();
  connection.closed(1006, "");
  assert.deepEqual(socket.names, ["terminate"]);
  assert.deepEqual(ended, [1006, ""]);
});

test("ping, pong and terminate throw an UnsupportedError, where the engine lacks them", () => {
  const { caller } = open({}, { capabilities: { engine: "deno", ping: false, terminate: false } });
  assert.throws(() => caller.ping(), {
    name: "UnsupportedError",
    message: 'Cannot ping, which the engine "deno" lacks: use engine "node" or "bun"',
  });
  assert.throws(() => caller.pong(), { name: "UnsupportedError" });
  assert.throws(() => caller.terminate(), { name: "UnsupportedError" });
});

test("caller.signal aborts when the connection begins to close or is lost, with the reason", () => {
  const closing = open({});
  const { signal } = closing.caller;
  assert.equal(closing.caller.signal, signal);
  assert.equal(signal.aborted, false);
  void closing.caller.close(4000);
  assert.equal(signal.aborted, true);
  assert.match(String(signal.reason), /ConnectionClosureError: .*code 4000/);

  const lost = open({});
  lost.connection.closed(1006, "");
  assert.equal(lost.caller.signal.aborted, true);
  assert.match(String(lost.caller.signal.reason), /ConnectionError: .*lost/);
});

test("caller.signal that is first asked for after the close has begun is aborted", () => {
  const { caller } = open({});
  void caller.close(4000);
  assert.match(String(caller.signal.reason), /code 4000/);
});

test("caller.isOpen is false once we have closed, whatever the socket says", () => {
  const { caller, socket } = open({});
  void caller.close();
  socket.readyState = 1;
  assert.equal(caller.isOpen, false);
});

test("a listener of caller.signal that terminates leaves no timer and sends no close frame", () => {
  const ended: unknown[] = [];
  const { caller, socket, clock } = open({ onClose: (_caller, code) => void ended.push(code) });
  caller.signal.addEventListener("abort", () => caller.terminate());
  void caller.close(4000);
  assert.deepEqual(socket.names, ["terminate"]);
  assert.equal(clock.pending, 0);
  assert.deepEqual(ended, [1006]);
});

test("attributes are kept with the connection, whatever their key", () => {
  const { caller } = open({});
  assert.equal(caller.getAttribute("__proto__"), undefined);
  caller.setAttribute("__proto__", 1);
  assert.equal(caller.getAttribute("__proto__"), 1);
  assert.equal(caller.removeAttribute("__proto__"), 1);
  assert.equal(caller.removeAttribute("__proto__"), undefined);
  assert.notEqual(caller.connectionId, open({}).caller.connectionId);
  assert.equal(caller.connectionId, caller.connectionId);
});
