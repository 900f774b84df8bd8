import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { contract } from "../../entries/contract.ts";
import { type Caller, ConnectionError, closeFrame, type StandardSchema, UpgradeError, upgrade } from "../../mod.ts";
import { connect, FakeClock, pair, settle } from "../../src/testing/mod.ts";
import { anything, silent } from "./support.ts";

test("pair() joins a service and a client, in order, onOpen first", async () => {
  const { client } = pair({ onOpen: () => "Welcome", onTextMessage: (_caller, text) => text.toUpperCase() });
  client.send("one");
  client.send("two");
  assert.equal(await client.receive(), "Welcome");
  assert.equal(await client.receive(), "ONE");
  assert.equal(await client.receive(), "TWO");
  assert.deepEqual(client.messages, ["Welcome", "ONE", "TWO"]);
});

test("R28 pair() throws when the service requires what a socket in memory lacks", () => {
  assert.throws(() => pair({}, { requires: ["ping", "compression"] }), {
    name: "UnsupportedError",
    message: 'A service requires "compression", which the engine "websocket" lacks: use engine "node" or "bun"',
  });
  assert.ok(pair({}, { requires: ["ping", "terminate"] }).caller.isOpen);
});

test("settle() lets all settle where there is no MessageChannel, as in some environments of test runners", async () => {
  const { MessageChannel: original } = globalThis;
  Reflect.deleteProperty(globalThis, "MessageChannel");
  try {
    const { client } = pair({ onTextMessage: async (_caller, text) => await Promise.resolve(text) });
    client.send("one");
    await settle();
    assert.deepEqual(client.messages, ["one"]);
  } finally {
    globalThis.MessageChannel = original;
  }
});

test("pair() delivers where a test runner fakes what calls back soon", async () => {
  const { queueMicrotask: original } = globalThis;
  globalThis.queueMicrotask = () => {};
  try {
    const { client } = pair({ onOpen: () => "Welcome", onTextMessage: (_caller, text) => text });
    client.send("one");
    assert.equal(await client.receive(), "Welcome");
    assert.equal(await client.receive(), "one");
  } finally {
    globalThis.queueMicrotask = original;
  }
});

test("pair() calls onOpen before it returns, and nothing else", () => {
  const seen: string[] = [];
  const { client } = pair({
    onOpen: () => void seen.push("open"),
    onTextMessage: (_caller, text) => void seen.push(text),
  });
  client.send("later");
  assert.deepEqual(seen, ["open"]);
});

test("pair() runs a service with a contract, validated unless the options say otherwise", async () => {
  const even: StandardSchema<{ n: number }> = {
    "~standard": {
      version: 1,
      vendor: "tests",
      validate: (value) => {
        const { n } = value as { n: number };
        return n % 2 === 0 ? { value: { n } } : { issues: [{ message: "Odd", path: ["n"] }] };
      },
    },
  };
  const halves = contract({
    dispatcherKey: "event",
    dispatcherStreamId: "id",
    messages: { half: { message: even, reply: even } },
    validateReplies: false,
  });
  const service = halves.service({ onHalf: (_caller, { n }) => ({ n: n / 2 }) });
  const replies: unknown[] = [];
  for (const config of [{}, { validation: false }]) {
    const { client } = pair(service, config);
    for (const n of [4, 5]) client.send(JSON.stringify({ event: "half", id: n, n }));
    await settle();
    replies.push(...client.messages.map((text) => JSON.parse(String(text)).code ?? text));
  }
  assert.deepEqual(replies, [
    '{"event":"half","id":4,"n":2}',
    "invalid_message",
    '{"event":"half","id":4,"n":2}',
    '{"event":"half","id":5,"n":2.5}',
  ]);
});

test("pair() copies binary messages both ways", async () => {
  const kept = new Uint8Array([1, 2]);
  const { client, caller } = pair({ onBinaryMessage: (_caller, data) => data });
  client.send(kept);
  kept[0] = 9;
  assert.deepEqual(await client.receive(), new Uint8Array([1, 2]));
  void caller.writeBinaryMessage(kept);
  kept[0] = 7;
  assert.deepEqual(await client.receive(), new Uint8Array([9, 2]));
  client.send(new Uint8Array([5, 6, 7]).buffer);
  assert.deepEqual(await client.receive(), new Uint8Array([5, 6, 7]));
});

test("pair() tells caller what the options say", () => {
  const principal = { subject: "ada", scopes: ["read"], claims: {} };
  const { caller } = pair({}, {}, { protocol: "chat", remoteAddress: "192.0.2.1", isSecure: true, principal });
  assert.equal(caller.principal, principal);
  assert.equal(caller.negotiatedSubProtocol, "chat");
  assert.equal(caller.remoteAddress, "192.0.2.1");
  assert.equal(caller.isSecure, true);
  assert.equal(caller.isOpen, true);
  assert.equal(caller.capabilities.engine, "websocket");
  const { caller: plain } = pair({});
  assert.equal(plain.negotiatedSubProtocol, undefined);
  assert.equal(plain.remoteAddress, undefined);
  assert.equal(plain.isSecure, false);
});

test("pair() and connect() refuse options that they do not know", async () => {
  assert.throws(() => pair({}, {}, { protocl: "x" } as object), /"protocl" of PairOptions/);
  assert.throws(() => pair({}, { idleTimout: 1 } as object), /"idleTimout" of ServiceConfig/);
  await assert.rejects(
    connect(
      upgrade(() => ({})),
      "/",
      { cookie: "x" } as object,
    ),
    /"cookie" of ConnectOptions/,
  );
});

test("pair() refuses what is no service, a contract too", () => {
  const ticks = contract({ dispatcherKey: "type", messages: { tick: { message: anything } } });
  for (const service of [null, undefined, "x", () => ({}), ticks]) {
    assert.throws(() => pair(service as never), { name: "TypeError", message: /^Cannot pair .+: must be a service$/ });
  }
});

test("client.close() is answered with the same frame, and onClose is told", async () => {
  const ended: unknown[] = [];
  const service = { onClose: (_caller: Caller, code: number, reason: string) => void ended.push([code, reason]) };
  const { client, caller } = pair(service);
  client.send("before");
  assert.deepEqual(await client.close(4001, "bye"), { code: 4001, reason: "bye" });
  assert.deepEqual(ended, [[4001, "bye"]]);
  assert.equal(caller.isOpen, false);
  const second = pair(service);
  assert.deepEqual(await second.client.close(), { code: 1005, reason: "" });
  assert.deepEqual(ended[1], [1005, ""]);
});

test("client.close() throws a RangeError, when the code or reason cannot be sent", () => {
  const { client } = pair({});
  assert.throws(() => client.close(1006), RangeError);
  assert.throws(() => client.close(1000, "x".repeat(124)), RangeError);
  assert.throws(() => client.close(undefined, "reason without a code"), RangeError);
});

test("a close of the service reaches the client after the messages before it, and caller.close() resolves", async () => {
  const { client, caller } = pair({
    onTextMessage: (caller) => {
      void caller.writeTextMessage("last");
      return closeFrame(4444, "enough");
    },
  });
  client.send("go");
  assert.deepEqual(await client.closed, { code: 4444, reason: "enough" });
  assert.deepEqual(client.messages, ["last"]);
  await caller.close();
  assert.equal(caller.isOpen, false);
});

test("client.drop() loses the connection, after what was sent before has arrived", async () => {
  const seen: unknown[] = [];
  const { client } = pair({
    onTextMessage: (_caller, text) => void seen.push(text),
    onClose: (_caller, code, reason) => void seen.push([code, reason]),
  });
  client.send("before");
  client.drop();
  client.drop();
  assert.deepEqual(await client.closed, { code: 1006, reason: "" });
  await settle();
  assert.deepEqual(seen, ["before", [1006, ""]]);
});

test("caller.terminate() loses the connection", async () => {
  const { client, caller } = pair({});
  const waiting = client.receive();
  caller.terminate();
  await assert.rejects(waiting, { name: "ConnectionError", message: "Cannot receive: the connection is lost" });
  assert.deepEqual(await client.closed, { code: 1006, reason: "" });
});

test("receive() gives messages that came before the end, then says how the connection ended", async () => {
  const { client, caller } = pair({ onOpen: () => "first" });
  const second = [client.receive(), client.receive()];
  void caller.close(4000, "over");
  assert.equal(await second[0], "first");
  const message = 'Cannot receive: the connection was closed with code 4000 "over"';
  await assert.rejects(second[1] ?? assert.fail(), { code: "connection_closed", message });
  await assert.rejects(client.receive(), { code: "connection_closed", message });
});

test("receive() rejects, when nothing comes in time, and takes nothing from those after it", async () => {
  const { client, caller } = pair({ onOpen: () => "first" });
  assert.equal(await client.receive(), "first");
  const early = client.receive(0.005);
  const late = client.receive();
  await assert.rejects(early, { message: "No message came within 0.005 s, after 1 that did" });
  void caller.writeTextMessage("second");
  assert.equal(await late, "second");
  assert.throws(() => client.receive(-1), RangeError);
});

test("send(), ping() and pong() throw, when the client has closed or the connection is down", async () => {
  const { client } = pair({});
  const closing = client.close(1000);
  assert.throws(() => client.send("x"), { message: "Cannot send: the client has closed" });
  await closing;
  assert.throws(() => client.send("x"), ConnectionError);
  assert.throws(() => client.ping(), ConnectionError);
  assert.throws(() => client.pong(), ConnectionError);
  assert.throws(() => pair({}).client.ping(new Uint8Array(126)), RangeError);
});

test("pings and pongs travel both ways, and pings are answered", async () => {
  const seen: unknown[] = [];
  const { client, caller } = pair({
    onPing: (_caller, data) => void seen.push(["ping", ...data]),
    onPong: (_caller, data) => void seen.push(["pong", ...data]),
  });
  client.ping(new Uint8Array([1]));
  client.pong(new Uint8Array([2]));
  void caller.ping(new Uint8Array([3]));
  void caller.pong(new Uint8Array([4]));
  await settle();
  assert.deepEqual(seen, [
    ["ping", 1],
    ["pong", 2],
    ["pong", 3],
  ]);
  assert.deepEqual(client.pings, [new Uint8Array([3])]);
  assert.deepEqual(client.pongs, [new Uint8Array([4]), new Uint8Array([1])]);
});

test("a client with answerPings: false is dropped by the heartbeat, one that answers is not", async () => {
  const clock = new FakeClock();
  const ended: number[] = [];
  const service = { onClose: (_caller: Caller, code: number) => void ended.push(code) };
  const { client } = pair(service, {}, { clock, answerPings: false });
  const { client: alive, caller } = pair(service, {}, { clock });
  await clock.advance(60);
  assert.deepEqual(await client.closed, { code: 1006, reason: "" });
  assert.equal(client.pings.length, 1);
  assert.deepEqual(ended, [1006]);
  assert.equal(caller.isOpen, true);
  assert.ok(alive.pings.length >= 1);
});

test("a client with answerClose: false is dropped after the time-out, and may answer late", async () => {
  const clock = new FakeClock();
  const first = pair({}, { connectionClosureTimeout: 5 }, { clock, answerClose: false });
  const down = first.caller.close(4000, "bye");
  await clock.advance(4);
  assert.equal(clock.pending > 0, true);
  await clock.advance(1);
  await down;
  assert.deepEqual(await first.client.closed, { code: 4000, reason: "bye" });

  const second = pair({}, {}, { clock, answerClose: false });
  const closing = second.caller.close(4000, "bye");
  await settle();
  assert.deepEqual(await second.client.close(4000), { code: 4000, reason: "bye" });
  await closing;
});

test("when both ends close at once, each is told of a close and the connection is down", async () => {
  const ended: unknown[] = [];
  const { client, caller } = pair({ onClose: (_caller, code, reason) => void ended.push([code, reason]) });
  const ours = caller.close(4001, "ours");
  const theirs = client.close(4002, "theirs");
  await ours;
  assert.deepEqual(await theirs, { code: 4001, reason: "ours" });
  assert.deepEqual(ended, [[4001, "ours"]]);
});

test("pauseReading() fills caller.bufferedAmount and holds writes; resumeReading() ends that", async () => {
  const { client, caller } = pair({});
  client.pauseReading();
  await caller.writeTextMessage("é");
  assert.equal(caller.bufferedAmount, 4);
  void caller.writeBinaryMessage(new Uint8Array(126));
  assert.equal(caller.bufferedAmount, 4 + 130);
  let written = false;
  const write = caller.writeBinaryMessage(new Uint8Array(70_000)).then(() => {
    written = true;
  });
  await settle();
  assert.equal(written, false);
  assert.equal(caller.bufferedAmount, 4 + 130 + 70_010);
  assert.equal(client.messages.length, 0);
  client.resumeReading();
  await write;
  assert.equal(caller.bufferedAmount, 0);
  assert.equal(client.messages.length, 3);
});

test("client.bufferedAmount stays, when the service has stopped reading", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const { client } = pair(
    { onOpen: () => promise, onTextMessage: (_caller, text) => void seen.push(text) },
    { maxQueuedMessages: 2 },
  );
  for (const text of ["1", "2", "3", "4", "5"]) client.send(text);
  await settle();
  assert.equal(client.bufferedAmount, 3 * 3);
  resolve();
  await settle();
  assert.equal(client.bufferedAmount, 0);
  assert.deepEqual(seen, ["1", "2", "3", "4", "5"]);
});

test("a frame that the client did not read is lost, when the service terminates", async () => {
  const { client, caller } = pair({});
  client.pauseReading();
  void caller.writeTextMessage("unread");
  caller.terminate();
  client.resumeReading();
  await settle();
  assert.deepEqual(client.messages, []);
});

test("FakeClock.advance() runs what is due in order, each at its time, and what becomes due meanwhile", async () => {
  const clock = new FakeClock();
  const seen: unknown[] = [];
  const note = (name: string) => () => void seen.push([name, clock.now()]);
  clock.schedule(note("b"), 20);
  clock.schedule(note("a"), 10);
  clock.schedule(note("c"), 20);
  clock.schedule(() => {
    seen.push(["d", clock.now()]);
    clock.schedule(note("e"), 5);
  }, 12);
  clock.schedule(note("late"), 31);
  const cancel = clock.schedule(note("cancelled"), 15);
  cancel();
  await clock.advance(0.03);
  assert.deepEqual(seen, [
    ["a", 10],
    ["d", 12],
    ["e", 17],
    ["b", 20],
    ["c", 20],
  ]);
  assert.equal(clock.now(), 30);
  assert.equal(clock.pending, 1);
});

test("settle() waits for all promises, also where a module of Node was asked for", async () => {
  // After this Deno delivers messages of a channel before all microtasks are done.
  process.getBuiltinModule("node:events");
  let count = 0;
  const counting = (async () => {
    for (; count < 1000; count++) await undefined;
  })();
  await settle();
  assert.equal(count, 1000);
  await counting;
});

test("FakeClock.advance() lets promises settle before the next timer", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.schedule(async () => {
    for (let i = 0; i < 100; i++) await undefined;
    clock.schedule(() => void seen.push("inner"), 1);
  }, 1);
  clock.schedule(() => void seen.push("outer"), 3);
  await clock.advance(0.003);
  assert.deepEqual(seen, ["inner", "outer"]);
});

test("FakeClock.advance() adds fractions up, one call after the other, and rejects with what a timer throws", async () => {
  const clock = new FakeClock();
  let rang = 0;
  clock.schedule(() => void rang++, 300);
  await Promise.all([clock.advance(0.1), clock.advance(0.1), clock.advance(0.1)]);
  assert.equal(rang, 1);
  assert.equal(clock.now(), 300);
  clock.schedule(() => {
    throw new Error("no");
  }, 1);
  await assert.rejects(clock.advance(1), /no/);
  await clock.advance(1);
  assert.throws(() => clock.advance(-1), RangeError);
  assert.throws(() => clock.advance(Number.NaN), RangeError);
});

test("connect() goes through the handshake of an upgrade service, with path, query, cookies and params", async () => {
  const seen: unknown[] = [];
  const chat = upgrade<"/chat/:name">(
    { subProtocols: ["chat"], responseHeaders: { "x-served": "here" } },
    (request) => {
      seen.push(request.params.name, request.query.get("room"), request.cookies.get("session"), request.remoteAddress);
      return { onOpen: (caller) => `${request.url.pathname} ${caller.negotiatedSubProtocol} ${caller.isSecure}` };
    },
  );
  const { client, protocol, headers } = await connect(chat, "/chat/ada?room=1", {
    params: { name: "ada" },
    headers: { cookie: "session=s1" },
    protocols: ["other", "chat"],
    remoteAddress: "192.0.2.7",
  });
  assert.deepEqual(seen, ["ada", "1", "s1", "192.0.2.7"]);
  assert.equal(await client.receive(), "/chat/ada chat false");
  assert.equal(protocol, "chat");
  assert.deepEqual([...headers], [["x-served", "here"]]);
  const secure = await connect(chat, "wss://example.com/chat/ada", { headers: { origin: "https://example.com" } });
  assert.equal(await secure.client.receive(), "/chat/ada undefined true");
  assert.equal(secure.protocol, "");
});

test("connect() tells the headers that a handler sets by its context, several of a name too", async () => {
  const service = upgrade(({ context }) => {
    context.header("x-user", "bob");
    context.header("x-user", "ann");
    context.header("x-gone", "1");
    context.header("x-gone");
    for (const cookie of ["a=1", "b=2"]) context.header("set-cookie", cookie, { append: true });
    return {};
  });
  const { headers } = await connect(service);
  assert.deepEqual(
    [headers.getSetCookie(), headers.get("x-user"), headers.get("x-gone")],
    [["a=1", "b=2"], "ann", null],
  );
});

test("connect() rejects with the reason and the response, when the upgrade is refused", async () => {
  const closed = upgrade(() => new UpgradeError("Log in first", { status: 401, headers: { "x-why": "login" } }));
  await assert.rejects(connect(closed), (error: Error) => {
    assert.equal(error.name, "InvalidHandshakeError");
    assert.equal(error.message, "The upgrade was refused with 401: Log in first");
    assert.ok(error.cause instanceof Response);
    assert.equal(error.cause.headers.get("x-why"), "login");
    return true;
  });
  const options = { headers: { origin: "https://evil.example" }, logger: silent() };
  await assert.rejects(
    connect(
      upgrade(() => ({})),
      "/",
      options,
    ),
    /refused with 403: The origin "https:\/\/evil.example"/,
  );
  await assert.rejects(connect({ fetch: () => new Response("Hi") }), /refused with 200: Hi/);
});
