import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame } from "../../src/close_frame.ts";
import { ConnectionClosureError } from "../../src/errors.ts";
import type { Service } from "../../src/service.ts";
import { gate, type Opened, open, RecordingSocket, recorder } from "./support.ts";

test("R1 what arrives before onOpen has settled waits, in order", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { service, seen } = recorder({ onOpen: () => promise });
  const { connection, clock } = open(service);
  connection.text("a");
  connection.binary(new Uint8Array([1]));
  connection.ping(new Uint8Array([2]));
  connection.pong(new Uint8Array([3]));
  connection.text("b");
  connection.closed(1000, "bye");
  await clock.advance(0);
  assert.deepEqual(seen, ["open"]);
  resolve();
  await clock.advance(0);
  assert.deepEqual(seen, ["open", "a", [1], ["ping", 2], ["pong", 3], "b", ["close", 1000, "bye"]]);
});

test("R2 one callback runs at a time, and its reply is sent before the next begins", async () => {
  const gates = new Map<string, PromiseWithResolvers<string>>();
  const { service, seen } = recorder({
    onTextMessage: (_caller, text) => {
      const gate = Promise.withResolvers<string>();
      gates.set(text, gate);
      return gate.promise;
    },
  });
  const { connection, socket, clock } = open(service);
  for (const text of ["a", "b", "c"]) connection.text(text);
  for (const [i, text] of ["a", "b", "c"].entries()) {
    await clock.advance(0);
    assert.equal(seen.length, 2 + i);
    assert.equal(socket.sent.length, i);
    gates.get(text)?.resolve(`${text}!`);
  }
  await clock.advance(0);
  assert.deepEqual(socket.sent, ["a!", "b!", "c!"]);
});

test("a message goes to the more specific callback, else to onMessage, else nowhere", () => {
  const seen: unknown[] = [];
  const { connection } = open({ onMessage: (_caller, data) => void seen.push(data) });
  connection.text("a");
  connection.binary(new Uint8Array([1]));
  const both = open({
    onMessage: (_caller, data) => void seen.push(data),
    onTextMessage: () => void seen.push("text"),
    onBinaryMessage: () => void seen.push("binary"),
  });
  both.connection.text("a");
  both.connection.binary(new Uint8Array([1]));
  assert.deepEqual(seen, ["a", new Uint8Array([1]), "text", "binary"]);
  const none = open({});
  none.connection.text("a");
  none.connection.binary(new Uint8Array(1));
  none.connection.ping(new Uint8Array(1));
  none.connection.pong(new Uint8Array(1));
  assert.deepEqual(none.socket.calls, []);
});

test("callbacks are called as methods, so that a class instance keeps its this", () => {
  class Counter implements Service {
    #count = 0;
    onOpen(): string {
      return String(this.#count++);
    }
    onTextMessage(): string {
      return String(this.#count++);
    }
    onBinaryMessage(): string {
      return String(this.#count++);
    }
    onPing(): string {
      return String(this.#count++);
    }
    onError(): string {
      return String(this.#count++);
    }
    onClose(): void {
      this.#count++;
    }
  }
  const { connection, socket } = open(new Counter());
  connection.text("x");
  connection.binary(new Uint8Array(1));
  connection.ping(new Uint8Array(1));
  connection.failed(1002, new Error("x"));
  connection.closed(1006, "");
  assert.deepEqual(socket.sent, ["0", "1", "2", "3", "4"]);
});

test("R13 onClose runs once, whatever comes twice", () => {
  const { service, seen } = recorder();
  const { connection, host } = open(service);
  connection.closed(1001, "first");
  connection.closed(1005, "");
  connection.failed(1009, new Error("x"));
  connection.closed(1006, "");
  assert.deepEqual(seen, ["open", ["close", 1001, "first"]]);
  assert.equal(host.sweep.members.length, 0);
});

test("R13 the first code counts, when the end is told twice while a callback runs", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { service, seen } = recorder({ onTextMessage: () => promise });
  const { connection, clock } = open(service);
  connection.text("x");
  connection.closed(1001, "first");
  connection.closed(1005, "");
  resolve();
  await clock.advance(0);
  assert.deepEqual(seen.at(-1), ["close", 1001, "first"]);
});

test("after the end nothing is delivered, and nothing is left in the sweep", async () => {
  const { service, seen } = recorder();
  const { connection, caller, clock } = open(service, { config: { idleTimeout: 1, heartbeat: { interval: 1 } } });
  connection.closed(1000, "");
  connection.text("late");
  connection.binary(new Uint8Array(1));
  connection.ping(new Uint8Array(1));
  connection.pong(new Uint8Array(1));
  connection.drain();
  await clock.advance(100);
  assert.deepEqual(seen, ["open", ["close", 1000, ""]]);
  assert.equal(caller.isOpen, false);
  assert.equal(clock.pending, 0);
});

test("R4 what came before the peer's close frame is handled before onClose", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { service, seen } = recorder({ onTextMessage: (_caller, text) => (text === "slow" ? promise : undefined) });
  const { connection, clock } = open(service);
  for (const text of ["slow", "a", "b"]) connection.text(text);
  connection.closed(1000, "");
  connection.text("after");
  resolve();
  await clock.advance(0);
  assert.deepEqual(seen, ["open", "slow", "a", "b", ["close", 1000, ""]]);
});

test("R21 after our own close nothing is delivered, what waited is forgotten, and reading goes on", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { service, seen } = recorder({ onTextMessage: () => promise });
  const { connection, caller, socket, clock } = open(service, { config: { maxQueuedMessages: 2 } });
  for (const text of ["slow", "a", "b"]) connection.text(text);
  assert.deepEqual(socket.names, ["pause"]);
  void caller.close(4000);
  assert.deepEqual(socket.names, ["pause", "resume", "close"]);
  connection.text("c");
  resolve();
  await clock.advance(0);
  connection.closed(4000, "");
  assert.deepEqual(seen, ["open", "slow", ["close", 4000, ""]]);
});

test("a socket that reports the end inside close(), as Bun's does, gets one onClose, after the callback that closed", async () => {
  for (const where of ["onOpen", "onTextMessage", "onPing", "a reply", "a promise", "outside"]) {
    const socket = new RecordingSocket();
    let tell: (code: number, reason: string) => void = () => {};
    socket.onClose = (code = 1005, reason = "") => tell(code, reason);
    const seen: unknown[] = [];
    const opened = open(
      {
        onOpen: (caller) => {
          // Bun has no connection to tell before `open` has returned; the adapter tells it then.
          if (where === "onOpen") void caller.close(4000, "x");
          seen.push("opened");
        },
        onTextMessage: (caller) => {
          if (where === "a reply") return closeFrame(4000, "x");
          if (where === "a promise") return Promise.resolve(closeFrame(4000, "x"));
          void caller.close(4000, "x");
          seen.push("handled");
          return undefined;
        },
        onPing: (caller) => {
          void caller.close(4000, "x");
          seen.push("handled");
        },
        onClose: (_caller, code, reason) => void seen.push([code, reason]),
      },
      { socket },
    );
    tell = (code, reason) => opened.connection.closed(code, reason);
    if (where === "onOpen") tell(1006, "");
    else if (where === "onPing") opened.connection.ping(new Uint8Array(0));
    else if (where === "outside") await opened.caller.close(4000, "x");
    else opened.connection.text("x");
    opened.connection.text("late");
    await opened.clock.advance(0);
    assert.deepEqual(seen.at(-1), [4000, "x"], where);
    assert.equal(seen.filter((entry) => Array.isArray(entry)).length, 1, where);
    assert.equal(opened.host.sweep.members.length, 0, where);
    assert.equal(opened.clock.pending, 0, where);
    assert.deepEqual(opened.socket.names, ["close"], where);
  }
});

test("a socket that calls text() inside send() gets its messages handled in order, one at a time", () => {
  const socket = new RecordingSocket();
  const running: number[] = [];
  let depth = 0;
  let most = 0;
  const { connection } = open(
    {
      onTextMessage: (caller, text) => {
        most = Math.max(most, ++depth);
        running.push(Number(text));
        void caller.writeTextMessage("first");
        depth--;
        return "second";
      },
    },
    { socket },
  );
  let next = 1;
  socket.onSend = () => {
    if (next < 20_000) connection.text(String(next++));
  };
  connection.text("0");
  assert.equal(most, 1);
  assert.deepEqual(
    running,
    Array.from({ length: 20_000 }, (_, i) => i),
  );
});

test("100,000 waiting messages with synchronous callbacks do not overflow the stack", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  const { connection, clock, socket } = open(
    {
      onOpen: () => promise,
      onTextMessage: (_caller, text) => {
        assert.equal(text, String(handled++));
        return handled % 1000 === 0 ? text : undefined;
      },
    },
    { config: { maxQueuedMessages: 1_000_000, maxQueuedBytes: 10_000_000 } },
  );
  for (let i = 0; i < 100_000; i++) connection.text(String(i));
  resolve();
  await clock.advance(0);
  assert.equal(handled, 100_000);
  assert.equal(socket.sent.length, 100);
});

test("a promise-like that settles at once, or twice, frees the slot once", async () => {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { connection, clock } = open({
    onTextMessage: (_caller, text) => {
      seen.push(text);
      if (text === "slow") return promise;
      // biome-ignore lint/suspicious/noThenProperty: that is the subject
      const twice = { then: (settle: () => void) => [settle(), settle()] };
      return twice as unknown as Promise<void>;
    },
  });
  for (const text of ["twice", "slow", "after"]) connection.text(text);
  await clock.advance(0);
  assert.deepEqual(seen, ["twice", "slow"]);
  resolve();
  await clock.advance(0);
  assert.deepEqual(seen, ["twice", "slow", "after"]);
});

test("R2 a promise-like that settles once more while the next callback runs does not free the slot", async () => {
  const seen: string[] = [];
  const { promise } = Promise.withResolvers<void>();
  let again = (): void => {};
  const { connection, clock } = open({
    onTextMessage: (_caller, text) => {
      seen.push(text);
      if (text === "slow") return promise;
      // biome-ignore lint/suspicious/noThenProperty: that is the subject
      const twice = { then: (settle: () => void) => (again = settle)() };
      return twice as unknown as Promise<void>;
    },
  });
  for (const text of ["twice", "slow", "after"]) connection.text(text);
  await clock.advance(0);
  again();
  await clock.advance(0);
  assert.deepEqual(seen, ["twice", "slow"]);
});

test("a getter then that throws goes to onError", () => {
  const { service, seen } = recorder({
    onTextMessage: () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the subject
      get then(): never {
        throw new Error("trap");
      },
    }),
  });
  const { connection } = open(service);
  connection.text("x");
  connection.text("y");
  assert.equal(seen.length, 5);
  assert.match(String(seen[2]), /trap/);
});

test("R2 a message waits for any callback that runs", async () => {
  for (const [name, begin] of [
    ["onPing", ({ connection }) => connection.ping(new Uint8Array(0))],
    ["onPong", ({ connection }) => connection.pong(new Uint8Array(0))],
    ["onIdleTimeout", async ({ clock }) => void (await clock.advance(6))],
    ["onBinaryMessage", ({ connection }) => connection.binary(new Uint8Array(1))],
  ] as readonly [string, (opened: Opened) => unknown][]) {
    const seen: string[] = [];
    const held = gate();
    const opened = open(
      {
        [name]() {
          seen.push(name);
          return held.promise;
        },
        onTextMessage: (_caller: unknown, text: string) => void seen.push(text),
      },
      { config: { idleTimeout: 5 } },
    );
    await begin(opened);
    opened.connection.text("after");
    assert.deepEqual(seen, [name]);
    held.resolve();
    await opened.clock.advance(0);
    assert.deepEqual(seen, [name, "after"]);
  }
});

test("R21 after terminate() nothing that waited is delivered", async () => {
  const { service, seen } = recorder({ onTextMessage: async (caller) => caller.terminate() });
  const { connection, clock } = open(service);
  for (const text of ["a", "b", "c"]) connection.text(text);
  await clock.advance(0);
  assert.deepEqual(seen, ["open", "a", ["close", 1006, ""]]);
});

test("onClose is told our own code, whatever the peer answers", () => {
  const { service, seen } = recorder();
  const { connection, caller } = open(service);
  void caller.close(4000, "ours");
  connection.closed(4001, "theirs");
  assert.deepEqual(seen.at(-1), ["close", 4000, "ours"]);
});

test("onClose is told the peer's code, when the peer's close frame came first", () => {
  const { service, seen } = recorder();
  const { connection, caller, socket } = open(service);
  socket.readyState = 2;
  void caller.close(4000, "ours");
  connection.closed(4001, "theirs");
  assert.deepEqual(seen.at(-1), ["close", 4001, "theirs"]);
});

test("a reply after a close that was not the service's is dropped, and onError is not told", async () => {
  const { promise, resolve } = gate<string>();
  const { service, seen } = recorder({ onTextMessage: () => promise });
  const { connection, host, logger, socket } = open(service);
  connection.text("x");
  for (const member of host.sweep.members) void member.stop(1000);
  resolve("late");
  await promise;
  assert.deepEqual(socket.names, ["close"]);
  assert.ok(!seen.some((entry) => entry instanceof Error));
  assert.deepEqual(logger.lines, []);
});

test("a reply after the service's own close is a mistake that onError is told, and only the debug log without one", async () => {
  const onTextMessage: Service["onTextMessage"] = (caller) => {
    void caller.close(4000);
    return "late";
  };
  const { service, seen } = recorder({ onTextMessage });
  open(service).connection.text("x");
  assert.ok(seen[2] instanceof ConnectionClosureError);
  const { connection, logger, socket } = open({ onTextMessage });
  connection.text("x");
  assert.deepEqual(socket.names, ["close"]);
  assert.deepEqual(
    logger.lines.map(([level]) => level),
    ["debug"],
  );
});

test("a callback never sees another caller, and caller is the same in each", () => {
  const callers = new Set<unknown>();
  const { connection, caller } = open({
    onOpen: (given) => void callers.add(given),
    onTextMessage: (given) => void callers.add(given),
    onClose: (given) => void callers.add(given),
  });
  connection.text("x");
  connection.closed(1000, "");
  assert.deepEqual([...callers], [caller]);
});
