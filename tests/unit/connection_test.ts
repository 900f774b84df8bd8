import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame } from "../../src/close_frame.ts";
import {
  ConnectionClosureError,
  ConnectionError,
  CorruptedFrameError,
  PayloadTooLargeError,
} from "../../src/errors.ts";
import type { Service } from "../../src/service.ts";
import { toServiceRules } from "../../src/service_config.ts";
import { Upgrade } from "../../src/slot.ts";
import type { Connection } from "../../src/socket.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { gate, type Opened, open, RecordingSocket, silent, toHost } from "./support.ts";

/** A service that writes down its callbacks, and does what `more` says. */
function recorder(more: Service = {}): { service: Service; seen: unknown[] } {
  const seen: unknown[] = [];
  const note = <Reply>(what: unknown, reply: () => Reply): Reply => {
    seen.push(what);
    return reply();
  };
  const service: Service = {
    onOpen: (caller) => note("open", () => more.onOpen?.(caller)),
    onTextMessage: (caller, text) => note(text, () => more.onTextMessage?.(caller, text)),
    onBinaryMessage: (caller, data) => note([...data], () => more.onBinaryMessage?.(caller, data)),
    onPing: (caller, data) => note(["ping", ...data], () => more.onPing?.(caller, data)),
    onPong: (caller, data) => note(["pong", ...data], () => more.onPong?.(caller, data)),
    onError: (caller, error) => note(error, () => more.onError?.(caller, error)),
    onClose: (caller, code, reason) => note(["close", code, reason], () => more.onClose?.(caller, code, reason)),
  };
  return { service, seen };
}

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

for (const [title, fail] of [
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
  ["rejects", () => Promise.reject(new Error("broken"))],
  ["returns an Error", () => new Error("broken")],
  ["resolves to an Error", () => Promise.resolve(new Error("broken"))],
] as const) {
  test(`R9 a callback that ${title} calls onError, and the connection lives`, async () => {
    const { service, seen } = recorder({ onTextMessage: (_caller, text) => (text === "bad" ? fail() : "ok") });
    const { connection, socket, clock, logger } = open(service);
    connection.text("bad");
    connection.text("good");
    await clock.advance(0);
    assert.match(String(seen[2]), /broken/);
    assert.equal(seen[3], "good");
    assert.deepEqual(socket.sent, ["ok"]);
    assert.deepEqual(logger.lines, []);
  });

  test(`R9 without an onError, a callback that ${title} is logged once and closes with 1011`, async () => {
    const { connection, socket, clock, logger } = open({ onTextMessage: () => fail() });
    connection.text("bad");
    connection.text("late");
    await clock.advance(0);
    assert.deepEqual(socket.calls, [["close", 1011, "Internal server error occurred"]]);
    assert.equal(logger.lines.length, 1);
    const [level, message, error] = logger.lines[0] ?? [];
    assert.equal(level, "error");
    assert.equal(message, "A callback failed; the connection is closed with 1011");
    assert.match(String(error), /broken/);
  });

  test(`R9 an onError that ${title} itself is logged once and closes with 1011`, async () => {
    const { connection, socket, clock, logger } = open({
      onTextMessage: () => {
        throw new Error("first");
      },
      onError: () => fail(),
    });
    connection.text("bad");
    await clock.advance(0);
    assert.deepEqual(socket.calls, [["close", 1011, "Internal server error occurred"]]);
    assert.equal(logger.lines.length, 1);
    assert.match(String(logger.lines[0]?.[2]), /broken/);
  });

  test(`R9 R13 an onClose that ${title} is told to onError, or logged, and the connection is gone`, async () => {
    const told: unknown[] = [];
    const withHandler = open({ onClose: () => fail() as never, onError: (_caller, error) => void told.push(error) });
    withHandler.connection.closed(1000, "");
    await withHandler.clock.advance(0);
    assert.match(String(told[0]), /broken/);
    assert.deepEqual(withHandler.logger.lines, []);
    assert.equal(withHandler.host.sweep.members.length, 0);
    const without = open({ onClose: () => fail() as never });
    without.connection.closed(1000, "");
    await without.clock.advance(0);
    assert.equal(without.logger.lines.length, 1);
    assert.match(String(without.logger.lines[0]?.[2]), /broken/);
    assert.equal(without.host.sweep.members.length, 0);
  });
}

test("R9 an onError that fails after the end is logged once, whatever way it fails", async () => {
  for (const fail of [
    () => {
      throw new Error("broken");
    },
    () => Promise.reject(new Error("broken")),
    () => new Error("broken"),
    () => Promise.resolve(new Error("broken")),
  ]) {
    const { connection, clock, logger, host } = open({
      onClose: () => new Error("first") as never,
      onError: () => fail() as never,
    });
    connection.closed(1000, "");
    await clock.advance(0);
    assert.deepEqual(
      logger.lines.map(([level, line, error]) => `${level} ${line}: ${error}`),
      ["error A callback failed after the end: Error: broken"],
    );
    assert.equal(host.sweep.members.length, 0);
  }
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

test("R9 every callback that throws calls onError, and the next is called", async () => {
  for (const name of ["onOpen", "onTextMessage", "onBinaryMessage", "onPing", "onPong", "onIdleTimeout"]) {
    const seen: unknown[] = [];
    const service = {
      [name]: () => {
        throw new Error(name);
      },
      onMessage: () => void seen.push("next"),
      onError: (_caller: unknown, error: Error) => void seen.push(error.message),
    };
    const { connection, clock } = open(service, { config: { idleTimeout: 1 } });
    if (name === "onTextMessage") connection.text("x");
    if (name === "onBinaryMessage") connection.binary(new Uint8Array(1));
    if (name === "onPing") connection.ping(new Uint8Array(1));
    if (name === "onPong") connection.pong(new Uint8Array(1));
    if (name === "onIdleTimeout") await clock.advance(1.5);
    if (name === "onTextMessage") connection.binary(new Uint8Array(1));
    else connection.text("next");
    assert.deepEqual(seen, [name, "next"]);
  }
});

test("R9 R13 onClose is called after a callback has failed and the connection was closed with 1011", () => {
  const ended: unknown[] = [];
  const { connection } = open({
    onTextMessage: () => {
      throw new Error("broken");
    },
    onClose: (_caller, code) => void ended.push(code),
  });
  connection.text("x");
  connection.closed(1011, "");
  assert.deepEqual(ended, [1011]);
});

test("R9 a callback that fails for a reason of its own after the peer has left is logged as a fault", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const { connection, clock, logger } = open({ onTextMessage: () => promise });
  connection.text("x");
  connection.closed(1000, "");
  reject(new Error("broken"));
  await clock.advance(0);
  assert.deepEqual(
    logger.lines.map(([level]) => level),
    ["error"],
  );
});

test("R9 a ConnectionError of another connection is a fault like any other", () => {
  const { connection, socket, logger } = open({
    onTextMessage() {
      throw new ConnectionError("of another");
    },
  });
  connection.text("x");
  assert.deepEqual(socket.names, ["close"]);
  assert.deepEqual(
    logger.lines.map(([level]) => level),
    ["error"],
  );
});

test("R9 a callback that fails because the connection is gone is told to the debug log only", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { connection, clock, logger } = open({
    onTextMessage: async (caller) => {
      await promise;
      await caller.writeTextMessage("late");
    },
  });
  connection.text("x");
  connection.closed(1000, "");
  resolve();
  await clock.advance(0);
  assert.deepEqual(
    logger.lines.map(([level]) => level),
    ["debug"],
  );
});

test("R21 after terminate() nothing that waited is delivered", async () => {
  const { service, seen } = recorder({ onTextMessage: async (caller) => caller.terminate() });
  const { connection, clock } = open(service);
  for (const text of ["a", "b", "c"]) connection.text(text);
  await clock.advance(0);
  assert.deepEqual(seen, ["open", "a", ["close", 1006, ""]]);
});

test("R9 what is thrown and is no error becomes one", () => {
  const { service, seen } = recorder({
    onTextMessage: () => {
      // biome-ignore lint/style/useThrowOnlyError: that is the subject
      throw "text";
    },
  });
  open(service).connection.text("x");
  assert.ok(seen[2] instanceof Error);
  assert.equal(seen[2].cause, "text");
});

test("R10 a message over maxFrameSize is told to onError and closes with 1009, counted in bytes of UTF-8", () => {
  for (const [send, fits] of [
    [(c: ReturnType<typeof open>["connection"]) => c.text("é".repeat(5)), true],
    [(c: ReturnType<typeof open>["connection"]) => c.text(`${"é".repeat(5)}x`), false],
    [(c: ReturnType<typeof open>["connection"]) => c.binary(new Uint8Array(10)), true],
    [(c: ReturnType<typeof open>["connection"]) => c.binary(new Uint8Array(11)), false],
  ] as const) {
    const { service, seen } = recorder();
    const { connection, socket } = open(service, { config: { maxFrameSize: 10 } });
    send(connection);
    connection.text("late");
    connection.closed(1009, "");
    if (fits) {
      assert.deepEqual(socket.calls, []);
      continue;
    }
    assert.deepEqual(socket.calls, [["close", 1009, "Message too big"]]);
    assert.equal(seen.length, 3);
    assert.ok(seen[1] instanceof PayloadTooLargeError);
    assert.deepEqual(seen[2], ["close", 1009, "Message too big"]);
  }
});

test("R10 a message over maxFrameSize that waited is judged too, and those after it are forgotten", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { service, seen } = recorder({ onOpen: () => promise });
  const { connection, socket, clock } = open(service, { config: { maxFrameSize: 3 } });
  connection.text("fit");
  connection.binary(new Uint8Array(3));
  connection.binary(new Uint8Array(4));
  connection.text("no");
  resolve();
  await clock.advance(0);
  assert.deepEqual(seen.slice(0, 3), ["open", "fit", [0, 0, 0]]);
  assert.ok(seen[3] instanceof PayloadTooLargeError);
  assert.equal(seen.length, 4);
  assert.deepEqual(socket.names, ["close"]);
});

test("R10 a message over maxFrameSize without an onError closes with 1009 and is no fault of the service", () => {
  const { connection, socket, logger } = open({}, { config: { maxFrameSize: 3 } });
  connection.text("long");
  assert.deepEqual(socket.calls, [["close", 1009, "Message too big"]]);
  const line = "Closed a connection with 1009: a message is over maxFrameSize, 3 bytes";
  assert.deepEqual(logger.lines, [["info", line]]);
});

test("a message that arrives while one over maxFrameSize is refused is not handled", () => {
  const seen: unknown[] = [];
  const { connection, socket } = open(
    {
      onTextMessage: (_caller, text) => void seen.push(text),
      onError: () => {
        connection.text("x");
        return "too long";
      },
    },
    { config: { maxFrameSize: 3 } },
  );
  socket.onClose = () => connection.text("x");
  connection.text("long");
  assert.deepEqual(seen, []);
  assert.deepEqual(socket.names, ["close"]);
});

test("R10 onError learns of a message over maxFrameSize before onClose, where the socket is down within close()", () => {
  const { service, seen } = recorder();
  const { connection, socket } = open(service, { config: { maxFrameSize: 3 } });
  socket.onClose = (code, reason) => connection.closed(code ?? 1005, reason ?? "");
  connection.text("long");
  assert.equal(seen.length, 3);
  assert.ok(seen[1] instanceof PayloadTooLargeError);
  assert.deepEqual(seen[2], ["close", 1009, "Message too big"]);
});

for (const [code, kind, message] of [
  [1002, CorruptedFrameError, "A frame breaks the protocol"],
  [1007, CorruptedFrameError, "A message is not UTF-8, or its compressed data is corrupt"],
  [1009, PayloadTooLargeError, "A message is over maxFrameSize, 65536 bytes"],
] as const) {
  test(`a fault ${code} that the runtime found is told to onError, and to onClose as ${code}`, () => {
    const { service, seen } = recorder();
    const { connection } = open(service);
    const cause = new Error("WS_ERR");
    connection.failed(code, cause);
    connection.failed(1002, cause);
    connection.closed(1006, "what the runtime says of it");
    assert.equal(seen.length, 3);
    const [, error] = seen;
    assert.ok(error instanceof kind);
    assert.equal(error.message, message);
    assert.equal(error.cause, cause);
    assert.deepEqual(seen[2], ["close", code, ""]);
  });
}

test("a fault comes after the messages before it, and waits for the callback that runs", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { service, seen } = recorder({ onTextMessage: () => promise });
  const { connection, clock } = open(service);
  connection.text("a");
  connection.failed(1007, undefined);
  connection.closed(1006, "");
  assert.deepEqual([...seen], ["open", "a"]);
  resolve();
  await clock.advance(0);
  assert.ok(seen[2] instanceof CorruptedFrameError);
  assert.deepEqual(seen[3], ["close", 1007, ""]);
});

test("R2 onClose waits for the onError of a fault", async () => {
  const seen: string[] = [];
  const held = gate();
  const { connection, clock } = open({
    onError() {
      seen.push("error");
      return held.promise;
    },
    onClose: (_caller, code) => void seen.push(`close ${code}`),
  });
  connection.failed(1007, new CorruptedFrameError("bad"));
  connection.closed(1007, "");
  await clock.advance(0);
  assert.deepEqual(seen, ["error"]);
  held.resolve();
  await clock.advance(0);
  assert.deepEqual(seen, ["error", "close 1007"]);
});

test("a fault of the connection, 1006, is told to onClose only", () => {
  const { service, seen } = recorder();
  const { connection } = open(service);
  connection.failed(1006, new Error("ECONNRESET"));
  connection.closed(1006, "");
  assert.deepEqual(seen, ["open", ["close", 1006, ""]]);
});

test("a fault after our own close is not told", () => {
  const { service, seen } = recorder();
  const { connection, caller } = open(service);
  void caller.close(4000, "x");
  connection.failed(1002, new Error("x"));
  connection.closed(1006, "");
  assert.deepEqual(seen, ["open", ["close", 4000, "x"]]);
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

test("R6 a message that no callback takes is told of once, where a member may be meant for it", () => {
  class Base {
    onDisconnect(): void {}
    once(): void {}
  }
  class Misnamed extends Base {
    onTextmessage = (): void => {};
    onOpen(): void {}
    other(): void {}
  }
  const told = open(new Misnamed());
  for (let i = 0; i < 3; i++) told.connection.text("x");
  told.connection.binary(new Uint8Array(1));
  assert.deepEqual(told.logger.lines, [
    [
      "warn",
      "A message came for which the service has no callback. It has onTextmessage, onDisconnect, which nothing calls",
    ],
  ]);
  assert.equal(told.caller.isOpen, true);
  for (const send of [
    ({ connection }: Opened) => connection.text("x"),
    ({ connection }: Opened) => connection.binary(new Uint8Array(1)),
  ]) {
    const once = open(new Misnamed());
    send(once);
    assert.deepEqual(once.logger.lines, told.logger.lines);
    const heard = open(Object.assign(new Misnamed(), { onMessage() {} }));
    send(heard);
    assert.deepEqual(heard.logger.lines, []);
  }

  // Who listens to nothing may well mean it.
  const online = { onOpen() {}, online: true };
  const deaf = open(online);
  deaf.connection.text("x");
  const unspoken = open(new Misnamed());
  unspoken.connection.closed(1000, "");
  assert.deepEqual([...deaf.logger.lines, ...unspoken.logger.lines], []);
});

test("R6 a message that no callback takes does no harm to a service that does not let itself be looked at", () => {
  const refuse = (): never => {
    throw new Error("Private");
  };
  for (const trap of [{ ownKeys: refuse }, { getPrototypeOf: refuse }, { getOwnPropertyDescriptor: refuse }]) {
    const { caller, connection, logger } = open(new Proxy({ onOpen() {} }, trap));
    connection.text("x");
    assert.deepEqual([logger.lines, caller.isOpen], [[], true]);
  }
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
