import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { type ContractDefinition, contract } from "../../entries/contract.ts";
import { PayloadValidationError, RequestError } from "../../src/errors.ts";
import type { Service } from "../../src/service.ts";
import type { ServiceConfig } from "../../src/service_config.ts";
import type { StandardSchema } from "../../src/standard_schema.ts";
import { anything, gate, type Opened, open } from "./support.ts";
import { takesLinearTime } from "./timing.ts";

const value = { message: anything, reply: anything };

/** Runs a service with a contract of the messages `value`, `wait` and `stream`. */
function run(handlers: object, definition: Partial<ContractDefinition> = {}, config: ServiceConfig = {}): Opened {
  const messages = { value, wait: value, stream: { ...value, stream: true } };
  const line = contract({
    dispatcherKey: "event",
    dispatcherStreamId: "id",
    messages,
    ...definition,
  } as ContractDefinition);
  return open(line.service({ onMessage() {}, ...handlers } as never) as Service, { config });
}

/** Sends one message. */
function say({ connection }: Opened, event: string, id?: unknown, more: object = {}): void {
  connection.text(JSON.stringify({ event, id, ...more }));
}

/** A stream that waits for ever, and says what is done to it. */
function waiting(seen: string[]): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return() {
        seen.push("return");
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
}

test("a cancel is carried out before the call returns, while next() is pending", () => {
  const seen: string[] = [];
  const opened = run({
    onStream(_caller: unknown, _message: unknown, { signal }: { signal: AbortSignal }) {
      signal.addEventListener("abort", () => seen.push(`abort ${opened.socket.sent.length}`));
      return waiting(seen);
    },
  });
  say(opened, "stream", 1);
  say(opened, "cancel", 1);
  assert.deepEqual(seen, ["abort 0", "return"]);
  assert.deepEqual(opened.socket.sent, ['{"event":"complete","id":1}']);
});

test("a stream that fails at the moment at which it is cancelled has one last frame", async () => {
  const opened = run({
    onStream: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("on purpose")),
        // Called once it has failed, and before anybody is told.
        return() {
          queueMicrotask(() => say(opened, "cancel", 1));
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    }),
  });
  say(opened, "stream", 1);
  await opened.clock.advance(0);
  assert.deepEqual(opened.socket.sent, ['{"event":"complete","id":1}']);
});

test("R10 a cancel over maxFrameSize is too big, as any message is", async () => {
  const seen: string[] = [];
  const messages = { stream: { ...value, stream: true } };
  const line = contract({ dispatcherKey: "event", dispatcherStreamId: "id", messages } as ContractDefinition);
  const service = line.service({ onMessage() {}, onStream: () => waiting(seen) } as never) as Service;
  const opened = open(service, { config: { maxFrameSize: 40 } });
  say(opened, "stream", 1);
  say(opened, "cancel", 1, { more: "x".repeat(40) });
  assert.deepEqual(opened.socket.calls, [["close", 1009, "Message too big"]]);
});

test("a thousand streams end before the call returns that closes or loses the connection", () => {
  for (const end of ["closes", "loses"]) {
    const seen: string[] = [];
    const signals: AbortSignal[] = [];
    const opened = run({
      onStream(_caller: unknown, _message: unknown, { signal }: { signal: AbortSignal }) {
        signals.push(signal);
        return waiting(seen);
      },
    });
    for (let id = 0; id < 1000; id++) say(opened, "stream", id);
    if (end === "closes") void opened.caller.close();
    else opened.connection.closed(1006, "");
    assert.deepEqual([seen.length, signals.filter(({ aborted }) => aborted).length], [1000, 1000]);
    assert.deepEqual(opened.socket.sent, []);
  }
});

test("a signal is made when it is asked for, and is aborted already when the request is over", async () => {
  const contexts: { signal: AbortSignal }[] = [];
  const opened = run({
    onStream(_caller: unknown, _message: unknown, context: { signal: AbortSignal }) {
      contexts.push(context);
      return waiting([]);
    },
  });
  say(opened, "stream", 1);
  say(opened, "cancel", 1);
  assert.equal(contexts[0]?.signal.aborted, true);
  assert.equal(contexts[0]?.signal, contexts[0]?.signal);
  say(opened, "stream", 2);
  opened.connection.closed(1000, "");
  assert.equal(contexts[1]?.signal.aborted, true);
});

test("a signal is that of a request under way: one that is answered is forgotten, as there may be millions", async () => {
  const signals: AbortSignal[] = [];
  const held = gate();
  const opened = run({
    onValue: (caller: { close(): unknown }, { last }: { last?: true }, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      if (last) void caller.close();
      return 1;
    },
    onWait(_caller: unknown, _message: unknown, { signal }: { signal: AbortSignal }) {
      signals.push(signal);
      return held.promise;
    },
  });
  say(opened, "value", 1);
  say(opened, "wait", 2);
  held.resolve();
  await opened.clock.advance(0);
  say(opened, "value", 3, { last: true });
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, false, true],
  );
});

test("a reply with an id of its own is a fault of the service, and is not sent without that", () => {
  let reply: object = { id: 5, text: "milk" };
  const opened = run({ onValue: () => reply });
  say(opened, "value", 1);
  assert.deepEqual(opened.socket.sent, ['{"event":"error","id":1,"code":"internal","message":"Internal error"}']);
  assert.match(
    String(opened.logger.lines[0]),
    /Cannot answer "value" with a field "id" of its own: .*dispatcherStreamId/,
  );
  reply = { id: 2, item: { id: 5 } };
  say(opened, "value", 2);
  assert.equal(opened.socket.sent[1], '{"event":"value","id":2,"item":{"id":5}}');
});

test("a schema that does not keep to the standard leaves no request without an answer", async () => {
  for (const result of [undefined, null, { issues: [null] }, { issues: [{}] }, { issues: 5 }]) {
    for (const given of [result, Promise.resolve(result)]) {
      const odd = { "~standard": { version: 1, vendor: "tests", validate: () => given } } as unknown as StandardSchema;
      const opened = run({ onValue: () => 1 }, { messages: { value: { message: odd, reply: anything } } });
      say(opened, "value", 1);
      await opened.clock.advance(0);
      assert.equal(opened.socket.sent.length, 1, JSON.stringify(result));
      assert.match(String(opened.socket.sent[0]), /^{"event":"error","id":1,"code":"(internal|invalid_message)"/);
    }
  }
});

test("what is cancelled while a schema takes its time gets no second frame", async () => {
  for (const where of ["message", "reply", "item"]) {
    const checked = gate<{ issues: [] } | { value: unknown }>();
    const slow: StandardSchema = { "~standard": { version: 1, vendor: "tests", validate: () => checked.promise } };
    let calls = 0;
    const opened = run(
      {
        onValue: () => ++calls,
        async *onStream() {
          yield 1;
        },
      },
      {
        validateReplies: true,
        messages: {
          value: where === "message" ? { message: slow, reply: anything } : { message: anything, reply: slow },
          stream: { message: anything, reply: slow, stream: true },
        },
      },
    );
    say(opened, where === "item" ? "stream" : "value", 1);
    await opened.clock.advance(0);
    say(opened, "cancel", 1);
    assert.deepEqual(opened.socket.sent, ['{"event":"complete","id":1}'], where);
    checked.resolve({ value: 1 });
    await opened.clock.advance(0);
    assert.deepEqual(opened.socket.sent, ['{"event":"complete","id":1}'], where);
    assert.equal(calls, where === "reply" ? 1 : 0, where);
    assert.deepEqual(opened.logger.lines, []);
  }
});

test("a stream that comes too late, or where none may be, is ended before it has begun", async () => {
  const seen: string[] = [];
  const held = gate<unknown>();
  const opened = run({ onStream: () => held.promise, onValue: () => waiting(seen), onError() {} });
  say(opened, "stream", 1);
  say(opened, "cancel", 1);
  held.resolve(waiting(seen));
  await opened.clock.advance(0);
  assert.deepEqual(seen, ["return"]);
  say(opened, "value", 2);
  assert.deepEqual(seen, ["return", "return"]);
  assert.deepEqual(opened.socket.sent, [
    '{"event":"complete","id":1}',
    '{"event":"error","id":2,"code":"internal","message":"Internal error"}',
  ]);
  assert.deepEqual(opened.logger.lines, []);
});

test("an id is that of one request only, though a cancel for another comes meanwhile", async () => {
  const held = gate<number>();
  const opened = run({ onWait: () => held.promise });
  say(opened, "wait", 1);
  for (const id of [2, "1", undefined, null]) say(opened, "cancel", id);
  assert.deepEqual(opened.socket.sent, []);
  held.resolve(5);
  await opened.clock.advance(0);
  assert.deepEqual(opened.socket.sent.slice(0, 1), ['{"event":"wait","id":1,"data":5}']);
  // The one that named no id was handled in its turn.
  assert.match(String(opened.socket.sent[1]), /"code":"invalid_id"/);
  say(opened, "cancel", 1);
  assert.equal(opened.socket.sent.length, 2);
});

test("R2 the onError of a stream that fails waits for the callback that runs", async () => {
  const held = gate();
  const seen: string[] = [];
  const opened = run({
    async *onStream() {
      yield await Promise.reject(new Error("broken"));
    },
    async onWait() {
      await held.promise;
      seen.push("waited");
    },
    onError: (_caller: unknown, { message }: Error) => void seen.push(message),
  });
  say(opened, "stream", 1);
  say(opened, "wait", 2);
  await opened.clock.advance(0);
  assert.deepEqual(opened.socket.sent, ['{"event":"error","id":1,"code":"internal","message":"Internal error"}']);
  assert.deepEqual(seen, []);
  held.resolve();
  await opened.clock.advance(0);
  assert.deepEqual(seen, ["waited", "broken"]);
});

test("C8 a push that does not fit is told to onError in its turn, and need not be awaited", async () => {
  const seen: unknown[] = [];
  const opened = run(
    { onError: (_caller: unknown, error: Error) => void seen.push(error) },
    { validateReplies: true, pushes: { alert: v.object({ text: v.string() }) } },
  );
  const caller = opened.caller as unknown as { send(type: string, payload: unknown): Promise<void> };
  await assert.rejects(caller.send("alert", {}), PayloadValidationError);
  assert.equal(seen.length, 1);
  await caller.send("alert", { text: "x", event: "alert" });
  assert.deepEqual(opened.socket.sent, ['{"event":"alert","text":"x"}']);
  opened.connection.closed(1000, "");
  await assert.rejects(caller.send("alert", { text: "x" }), { name: "ConnectionClosureError" });
});

test("a contract of pushes alone pushes, and knows no message", async () => {
  const feed = contract({ dispatcherKey: "event", messages: {}, pushes: { alert: v.object({ text: v.string() }) } });
  const opened = open(feed.service({ onOpen: (caller) => void caller.send("alert", { text: "x" }) }));
  say(opened, "alert", 1);
  say(opened, "toString");
  assert.deepEqual(opened.socket.sent, ['{"event":"alert","text":"x"}']);
  assert.equal(opened.caller.isOpen, true);
});

test("a service may be made once for all connections, and is asked for its handlers each time", () => {
  const handlers = { onValue: () => 1 as unknown };
  const line = contract({ dispatcherKey: "event", messages: { value } });
  const service = line.service(handlers) as Service;
  const [one, two] = [open(service), open(service)];
  say(one, "value");
  handlers.onValue = () => 2;
  say(two, "value");
  assert.deepEqual(
    [one.socket.sent, two.socket.sent],
    [['{"event":"value","data":1}'], ['{"event":"value","data":2}']],
  );
});

test("option message has no effect on a service with a contract, which is logged once", () => {
  const line = contract({ dispatcherKey: "event", messages: { value } });
  const opened = open(line.service({ onValue: () => 1 }) as Service, { config: { message: anything } });
  say(opened, "value");
  assert.deepEqual(opened.socket.sent, ['{"event":"value","data":1}']);
  assert.deepEqual(opened.logger.lines, [["warn", "Option message has no effect on a service with a contract"]]);
});

const deep = (depth: number, begin: string, end: string): string => `"a":${begin.repeat(depth)}1${end.repeat(depth)}`;
const hostile: readonly (readonly [what: string, fields: string])[] = [
  ["arrays", deep(32_000, "[", "]")],
  ["objects", deep(10_000, '{"a":', "}")],
  ["__proto__", deep(4500, '{"__proto__":', "}")],
  ["arrays, and an escape", `"\\u0041":1,${deep(32_000, "[", "]")}`],
  ["keys", Array.from({ length: 8000 }, (_, n) => `"${n.toString(36)}":1`).join()],
  ["keys, and __proto__", `"__proto__":1,${Array.from({ length: 8000 }, (_, n) => `"${n.toString(36)}":1`).join()}`],
  ["empty objects, and __proto__", `"__proto__":1,"a":[${Array(21_000).fill("{}").join()}]`],
  ["numbers, and __proto__", `"__proto__":1,"a":[${Array(32_000).fill("1").join()}]`],
  ["the same key", Array(10_000).fill('"a":1').join()],
  ["escapes", `"a":"${"\\u0000".repeat(10_000)}"`],
  ["digits", `"a":${"9".repeat(65_000)}`],
  ["underscores", `"a":"${"_".repeat(65_000)}"`],
  ["backslashes", `"a":"${"\\\\u0".repeat(16_000)}"`],
  ["no end", `"a":${"[".repeat(65_000)}`],
];
for (const [what, fields] of hostile) {
  test(`a message of 64 KiB takes linear time: ${what}`, async () => {
    const opened = run({ onValue: () => 1 });
    const text = `{"event":"value","id":1,${fields}}`;
    assert.ok(text.length <= 65_536, `${text.length}`);
    await takesLinearTime(() => opened.connection.text(text));
    assert.equal(opened.socket.names.includes("close"), false);
  });
}

/** An iterator whose items the test gives, and which counts what is asked of it. */
class Source {
  nexts = 0;
  returns = 0;
  give: (value: unknown) => void = () => {};
  fail: (error: Error) => void = () => {};
  end: () => void = () => {};

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<unknown> {
    this.nexts++;
    return new Promise((resolve, reject) => {
      this.give = (value) => resolve({ done: false, value });
      this.end = () => resolve({ done: true, value: undefined });
      this.fail = reject;
    });
  }

  return(): Promise<unknown> {
    this.returns++;
    return Promise.resolve({ done: true, value: undefined });
  }
}

for (const [where, before, after] of [
  ["waits for an item", () => {}, (source) => source.give("late")],
  ["waits for an item and fails then", () => {}, (source) => source.fail(new Error("late"))],
  ["waits for room", (source) => source.give("x".repeat(70_000)), () => {}],
  ["waits for a nested stream", (source, nested) => source.give(nested), (_source, nested) => nested.give("late")],
  [
    "waits for a nested stream that fails then",
    (source, nested) => source.give(nested),
    (_source, nested) => nested.fail(new Error("late")),
  ],
] as readonly [string, (source: Source, nested: Source) => void, (source: Source, nested: Source) => void][]) {
  test(`a stream that is cancelled while it ${where} is told once, asked for nothing more, and counts no more`, async () => {
    const sources: Source[] = [];
    const nested = new Source();
    const opened = run({
      onStream() {
        const source = new Source();
        sources.push(source);
        return source;
      },
    });
    opened.socket.holds = true;
    say(opened, "stream", 0);
    const [source] = sources;
    assert.ok(source);
    before(source, nested);
    await opened.clock.advance(0);
    const { nexts } = nested;
    say(opened, "cancel", 0);
    after(source, nested);
    opened.socket.bufferedAmount = 0;
    opened.connection.drain();
    await opened.clock.advance(0);
    assert.deepEqual([source.nexts, source.returns, nested.nexts, nested.returns], [1, 1, nexts, nexts], where);
    assert.equal(opened.socket.sent.at(-1), '{"event":"complete","id":0}');
    for (let id = 1; id <= 1025; id++) say(opened, "stream", id);
    assert.match(`${opened.socket.sent.at(-1)}`, /"id":1025.*too_many_streams/);
    assert.equal(opened.socket.sent.filter((text) => /too_many/.test(`${text}`)).length, 1);
    assert.deepEqual(
      opened.logger.lines.filter(([level]) => level === "error"),
      [],
    );
  });
}

test("a nested stream that has ended is not told so when that around it is cancelled", async () => {
  const [source, nested] = [new Source(), new Source()];
  const opened = run({ onStream: () => source });
  say(opened, "stream", 1);
  source.give(nested);
  await opened.clock.advance(0);
  nested.end();
  await opened.clock.advance(0);
  assert.equal(source.nexts, 2);
  say(opened, "cancel", 1);
  assert.deepEqual([source.returns, nested.returns], [1, 0]);
});

test("R19 a nested stream that is one too many ends that around it with one last frame", async () => {
  const sources: Source[] = [];
  const opened = run({
    onStream() {
      const source = new Source();
      sources.push(source);
      return source;
    },
  });
  for (let id = 1; id <= 1024; id++) say(opened, "stream", id);
  const nested = new Source();
  sources[0]?.give(nested);
  await opened.clock.advance(0);
  assert.equal(opened.socket.sent.length, 1);
  assert.match(`${opened.socket.sent[0]}`, /"id":1,.*too_many_streams/);
  assert.deepEqual([sources[0]?.returns, nested.returns, sources[1]?.returns], [1, 1, 0]);
});

test("C5 a RequestError that cannot be written is a fault: its caller gets internal, onError what is wrong with it", async () => {
  const strange = [{ issues: [{ path: "amount", message: "x" }] }, { issues: [null] }, { issues: "x" }, { code: 5 }];
  for (const options of strange) {
    const fail = (): never => {
      throw new RequestError("No", options as never);
    };
    const handlers = {
      onValue: fail,
      onWait: async () => fail(),
      async *onStream() {
        yield fail();
      },
    };
    for (const validation of [true, false]) {
      const errors: unknown[] = [];
      const onError = (_caller: unknown, error: unknown): void => void errors.push(error);
      const opened = run({ ...handlers, onError }, {}, { validation });
      for (const event of ["value", "wait", "stream"]) say(opened, event, event);
      await opened.clock.advance(0);
      const answer = (id: string): string =>
        `{"event":"error","id":"${id}","code":"internal","message":"Internal error"}`;
      assert.deepEqual(opened.socket.sent, ["value", "wait", "stream"].map(answer), JSON.stringify(options));
      assert.equal(errors.length, 3);
      for (const error of errors)
        assert.match(`${error}`, /^TypeError: Cannot answer with a RequestError: its code must/);
    }
  }
});

test("a handler that ends since its signal has aborted is no fault when the connection has gone", async () => {
  const opened = run({
    onWait: (_caller: unknown, _message: unknown, { signal }: { signal: AbortSignal }) =>
      sleep(60_000, undefined, { signal }),
  });
  say(opened, "wait", 1);
  opened.connection.closed(1006, "");
  await opened.clock.advance(0);
  assert.deepEqual(
    opened.logger.lines.map(([level]) => level),
    ["debug"],
  );
});
