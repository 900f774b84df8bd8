import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionError, CorruptedFrameError, PayloadTooLargeError } from "../../src/errors.ts";
import { gate, type Opened, open, recorder } from "./support.ts";

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

test("R9 an onPing or onPong that cannot be read is a callback that throws", () => {
  for (const name of ["onPing", "onPong"]) {
    const seen: string[] = [];
    const service = {
      get [name](): never {
        throw new Error(name);
      },
      onMessage: () => void seen.push("next"),
      onError: (_caller: unknown, error: Error) => void seen.push(error.message),
    };
    const { connection } = open(service);
    if (name === "onPing") connection.ping(new Uint8Array(1));
    else connection.pong(new Uint8Array(1));
    connection.text("next");
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

test("R9 a callback that ends since caller.signal has aborted is told to the debug log only", async () => {
  const { connection, clock, logger } = open({
    onTextMessage: (caller) => sleep(60_000, undefined, { signal: caller.signal }),
  });
  connection.text("x");
  connection.closed(1006, "");
  await clock.advance(0);
  assert.deepEqual(
    logger.lines.map(([level]) => level),
    ["debug"],
  );
});

test("R9 an AbortError while the connection is open is a fault like any other", async () => {
  const { connection, clock, socket, logger } = open({
    onTextMessage: () => sleep(60_000, undefined, { signal: AbortSignal.abort() }),
  });
  connection.text("x");
  await clock.advance(0);
  assert.deepEqual(socket.names, ["close"]);
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
