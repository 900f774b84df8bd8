import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame } from "../../src/close_frame.ts";
import { toMessage } from "../../src/message.ts";
import { isPromise, isStream } from "../../src/reply.ts";
import type { Reply, Service } from "../../src/service.ts";
import { open } from "./support.ts";

const bytes = new Uint8Array([1, 2]);

/** Every kind of value that goes out, and what the socket gets. */
const replies: [title: string, reply: Reply, sent: unknown[]][] = [
  ["nothing", undefined, []],
  ["a string", "x", ["x"]],
  ["an empty string", "", [""]],
  ["a Uint8Array", bytes, [bytes]],
  ["an ArrayBuffer", bytes.buffer, [bytes]],
  ["an object", { a: [1], b: undefined }, ['{"a":[1]}']],
  ["an array", ["x", 1], ['["x",1]']],
  ["null", null, ["null"]],
  ["a number", 0, ["0"]],
  ["false", false, ["false"]],
  ["an object that looks like a close frame", { statusCode: 4000, reason: "x" }, ['{"statusCode":4000,"reason":"x"}']],
  // biome-ignore lint/suspicious/noThenProperty: that is the subject
  ["an object with a then that is no function", { then: "later" }, ['{"then":"later"}']],
];

const callbacks: [name: keyof Service, call: (opened: ReturnType<typeof open>) => void][] = [
  ["onOpen", () => {}],
  ["onTextMessage", ({ connection }) => connection.text("x")],
  ["onBinaryMessage", ({ connection }) => connection.binary(new Uint8Array(1))],
  ["onPing", ({ connection }) => connection.ping(new Uint8Array(1))],
  ["onPong", ({ connection }) => connection.pong(new Uint8Array(1))],
];

for (const [title, reply, sent] of replies) {
  test(`R6 R7 ${title} returned from any callback sends ${JSON.stringify(sent)}, at once or from a promise`, async () => {
    for (const [name, call] of callbacks) {
      for (const returned of [reply, Promise.resolve(reply)]) {
        const opened = open({ [name]: () => returned });
        call(opened);
        await opened.clock.advance(0);
        assert.deepEqual(opened.socket.sent, sent, name);
        assert.deepEqual(opened.logger.lines, []);
      }
    }
  });
}

test("R6 R7 a close frame returned from any callback closes, at once or from a promise", async () => {
  for (const [name, call] of callbacks) {
    for (const returned of [closeFrame(4000, "x"), Promise.resolve(closeFrame(4000, "x"))]) {
      const opened = open({ [name]: () => returned });
      call(opened);
      await opened.clock.advance(0);
      assert.deepEqual(opened.socket.calls, [["close", 4000, "x"]], name);
    }
  }
});

test("R7 replies of onError and onIdleTimeout are sent too", async () => {
  const failing = open({
    onTextMessage: () => {
      throw new Error("no");
    },
    onError: (_caller, error) => error.message,
  });
  failing.connection.text("x");
  assert.deepEqual(failing.socket.sent, ["no"]);
  const idle = open({ onIdleTimeout: () => "still there?" }, { config: { idleTimeout: 1 } });
  await idle.clock.advance(1.5);
  assert.deepEqual(idle.socket.sent, ["still there?"]);
});

for (const value of [1n, Symbol("s"), () => {}] as unknown as Reply[]) {
  test(`R9 a ${typeof value}, which has no JSON form, goes to onError as a TypeError`, async () => {
    for (const returned of [value, Promise.resolve(value)]) {
      const seen: Error[] = [];
      const { connection, socket, clock } = open({
        onTextMessage: () => returned,
        onError: (_caller, error) => void seen.push(error),
      });
      connection.text("x");
      await clock.advance(0);
      assert.equal(seen.length, 1);
      assert.ok(seen[0] instanceof TypeError);
      assert.deepEqual(socket.calls, []);
    }
  });
}

test("R9 a value whose JSON form throws goes to onError", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const seen: unknown[] = [];
  const service: Service = {
    onTextMessage: () => circular as Reply,
    onError: (_caller, error) => void seen.push(error),
  };
  open(service).connection.text("x");
  assert.ok(seen[0] instanceof TypeError);
});

test("toMessage() says what has no JSON form", () => {
  assert.throws(() => toMessage(undefined), { message: "Cannot send a Undefined: it has no JSON form" });
  assert.throws(() => toMessage(() => {}), { message: "Cannot send a Function: it has no JSON form" });
  const bytes = [new Float32Array(1), new DataView(new ArrayBuffer(1)), new SharedArrayBuffer(1), new Blob(["x"])];
  for (const value of [...bytes, new File(["x"], "x"), Promise.resolve("x"), new ReadableStream()]) {
    const { name } = value.constructor;
    assert.throws(() => toMessage(value), { name: "TypeError", message: `Cannot send a ${name}: it has no JSON form` });
  }
  const message = "Cannot send a AsyncGenerator: it has no JSON form";
  assert.throws(() => toMessage((async function* () {})()), { name: "TypeError", message });
  assert.equal(toMessage({ toJSON: () => "x" }), '"x"');
  // Whatever holds bytes may say what its JSON is.
  const vector = Object.assign(new Float32Array([1, 2]), { toJSON: () => [1, 2] });
  assert.equal(toMessage(vector), "[1,2]");
});

test("isPromise() and isStream() go by what a value has", () => {
  const stream = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  assert.equal(isPromise(Promise.resolve()), true);
  // biome-ignore lint/suspicious/noThenProperty: that is the subject
  assert.equal(isPromise({ then: () => {} }), true);
  for (const value of [null, undefined, "x", {}, [], () => {}, stream]) assert.equal(isPromise(value), false);
  assert.equal(isStream(stream), true);
  assert.equal(isStream((async function* () {})()), true);
  for (const value of [null, undefined, "x", {}, [], new Uint8Array(1), new Map()])
    assert.equal(isStream(value), false);
});

test("a reply for a peer that has left is dropped without a word", async () => {
  const { connection, socket, logger, clock } = open({
    onTextMessage: async () => {
      await undefined;
      return "late";
    },
    onError: () => assert.fail("nobody is to blame"),
  });
  connection.text("x");
  connection.closed(1000, "");
  await clock.advance(0);
  assert.deepEqual(socket.calls, []);
  assert.deepEqual(logger.lines, []);
});
