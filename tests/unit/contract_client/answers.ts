/** The typed client: what goes out, and what each answer becomes. */
import assert from "node:assert/strict";
import * as v from "valibot";
import { Client } from "../../../entries/client.ts";
import {
  ConnectionClosureError,
  ConnectionError,
  contract,
  PayloadValidationError,
  ReadTimedOutError,
  RequestError,
} from "../../../entries/contract.ts";
import { settle } from "../../../src/testing/settle.ts";
import { clientTest, open, outcome, Pair } from "./fixture.ts";

clientTest(
  "request() sends type and id first and gives the reply that has its id, in whatever order they come",
  async () => {
    const pair = await open();
    const { client } = pair;
    const quotes = ["A", "B", "C"].map((symbol) => client.request("quote", { symbol }));
    assert.deepEqual(pair.socket.sent, [
      '{"event":"quote","id":"1","symbol":"A"}',
      '{"event":"quote","id":"2","symbol":"B"}',
      '{"event":"quote","id":"3","symbol":"C"}',
    ]);
    await pair.say({ event: "quote", id: "3", price: 3 }, { event: "other", id: "1", price: 1 });
    assert.deepEqual(await Promise.all([quotes[0], quotes[2]]), [{ price: 1 }, { price: 3 }]);
    assert.equal(await outcome(quotes[1] ?? Promise.resolve()), "pending");
    await pair.say({ price: 2, id: "2", event: "quote" });
    assert.deepEqual(await quotes[1], { price: 2 });
    assert.equal(client.droppedMessages, 0);
  },
);

clientTest("request() takes a reply that is no object from the field data, and nothing from complete", async () => {
  const pair = await open();
  const count = pair.client.request("count", {});
  const list = pair.client.request("list", {});
  const beat = pair.client.request("beat", {});
  await pair.say({ event: "count", id: "1", data: 0 }, { event: "list", id: "2", data: ["a"] });
  await pair.say({ event: "complete", id: "3" });
  assert.deepEqual(await Promise.all([count, list, beat]), [0, ["a"], undefined]);
  const talkative = pair.client.request("beat", {});
  await pair.say({ event: "beat", id: "4", what: "the contract does not have" });
  assert.equal(await talkative, undefined);
});

clientTest("request() takes an object whose only field is data for what its schema says", async () => {
  const spoken = contract({
    dispatcherKey: "event",
    dispatcherStreamId: "id",
    messages: {
      number: { message: v.object({}), reply: v.object({ data: v.number() }) },
      list: { message: v.object({}), reply: v.object({ data: v.optional(v.array(v.number())) }) },
      nested: { message: v.object({}), reply: v.object({ data: v.object({}) }) },
      unknown: { message: v.object({}), reply: v.unknown() },
    },
  });
  const pair = await Pair.of(spoken);
  const replies = [
    pair.client.request("number", {}),
    pair.client.request("list", {}),
    pair.client.request("nested", {}),
    pair.client.request("unknown", {}),
    pair.client.request("number", {}),
    pair.client.request("unknown", {}),
  ];
  for (const [index, data] of [1, [2], {}, null, "x"].entries())
    await pair.say({ event: "n", id: `${index + 1}`, data });
  assert.deepEqual(await Promise.all(replies.slice(0, 4)), [{ data: 1 }, { data: [2] }, { data: {} }, null]);
  await assert.rejects(replies[4] ?? Promise.resolve(), /Invalid reply to "number": data: /);
  await pair.say({ event: "n", id: "6", data: 1, more: 2 });
  assert.deepEqual(await replies[5], { data: 1, more: 2 });
});

clientTest("C5 request() rejects with a RequestError for an error reply, whatever is in it", async () => {
  const pair = await open();
  const requests = [1, 2, 3].map(() => pair.client.request("quote", { symbol: "A" }));
  const issues = [{ path: "a.b", message: "Too long" }, 5, { path: 7 }];
  await pair.say({ event: "error", id: "1", code: "invalid_message", message: "Wrong", issues });
  await pair.say({ event: "error", id: "2" }, { event: "error", id: "3", code: 5, message: {}, issues: "no" });
  const [first, second, third] = await Promise.all(requests.map(outcome));
  assert.ok(first instanceof RequestError);
  assert.deepEqual(
    { code: first.code, message: first.message, issues: first.issues },
    {
      code: "invalid_message",
      message: "Wrong",
      issues: [{ message: "Too long", path: ["a", "b"] }, { message: "Invalid" }],
    },
  );
  for (const error of [second, third]) {
    assert.ok(error instanceof RequestError);
    assert.equal(error.code, "failed");
    assert.deepEqual(error.issues, []);
  }
});

clientTest(
  "request() rejects with a PayloadValidationError for a reply that does not fit, unless validation is false",
  async () => {
    const bad = { event: "quote", id: "1", price: "dear" };
    const strict = await open();
    const rejected = strict.client.request("quote", { symbol: "A" });
    await strict.say(bad);
    const error = await outcome(rejected);
    assert.ok(error instanceof PayloadValidationError, String(error));
    assert.match(error.message, /^Invalid reply to "quote": price: /);
    assert.equal(error.issues.length, 1);
    const missing = strict.client.request("quote", { symbol: "A" });
    await strict.say({ event: "complete", id: "2" });
    await assert.rejects(missing, PayloadValidationError);

    const lax = await open({ validation: false });
    const taken = [lax.client.request("quote", { symbol: "A" }), lax.client.request("count", {})];
    await lax.say(bad, { event: "count", id: "2", data: "many" });
    assert.deepEqual(await Promise.all(taken), [{ price: "dear" }, "many"]);
  },
);

clientTest("request() gives up after timeout, and a late reply is dropped and counted", async () => {
  const pair = await open();
  const late = pair.client.request("quote", { symbol: "A" }, { timeout: 2.5 });
  await pair.clock.advance(2.4);
  assert.equal(await outcome(late), "pending");
  await pair.clock.advance(0.1);
  const error = await outcome(late);
  assert.ok(error instanceof ReadTimedOutError);
  assert.equal(error.message, 'No answer to "quote" came in 2.5 s');
  assert.equal(pair.clock.pending, 0);
  await pair.say({ event: "quote", id: "1", price: 1 });
  assert.equal(pair.client.droppedMessages, 1);
  assert.deepEqual(pair.sent.slice(1), [{ event: "cancel", id: "1" }]);
  const early = pair.client.request("quote", { symbol: "A" }, { timeout: 5 });
  await pair.say({ event: "quote", id: "2", price: 2 });
  assert.deepEqual(await early, { price: 2 });
  assert.equal(pair.clock.pending, 0, "the timer is cleared");
});

clientTest(
  "request() rejects with the reason of its signal, and sends nothing if that has aborted before",
  async () => {
    const pair = await open();
    const aborter = new AbortController();
    const pending = pair.client.request("quote", { symbol: "A" }, { signal: aborter.signal });
    const reason = { why: "enough" };
    aborter.abort(reason);
    assert.equal(await outcome(pending), reason);
    assert.equal(await outcome(pair.client.request("quote", { symbol: "B" }, { signal: aborter.signal })), reason);
    assert.deepEqual(
      pair.sent.map(({ event }) => event),
      ["quote", "cancel"],
    );
    await pair.say({ event: "quote", id: "1", price: 1 });
    assert.equal(pair.client.droppedMessages, 1);
  },
);

clientTest("request() settles once, though the service answers twice, and after an error", async () => {
  const pair = await open();
  const request = pair.client.request("quote", { symbol: "A" });
  await pair.say({ event: "quote", id: "1", price: 1 }, { event: "quote", id: "1", price: 2 });
  await pair.say({ event: "error", id: "1", code: "x" }, { event: "complete", id: "1" });
  assert.deepEqual(await request, { price: 1 });
  assert.equal(pair.client.droppedMessages, 3);
});

clientTest("request() rejects when the client is closed, and when the server closes", async () => {
  const ours = await open();
  const pending = ours.client.request("quote", { symbol: "A" }, { timeout: 60 });
  void ours.client.close(1000, "", 0);
  await ours.clock.advance(0);
  assert.ok((await outcome(pending)) instanceof ConnectionClosureError);
  assert.ok((await outcome(ours.client.request("beat", {}))) instanceof ConnectionClosureError);
  assert.equal(ours.clock.pending, 0);

  const theirs = await open();
  const last = theirs.client.request("count", {});
  const other = theirs.client.request("count", {});
  // The reply and the end are there before either is looked at.
  theirs.socket.deliver('{"event":"count","id":"1","data":1}');
  theirs.socket.end(4001, "Gone");
  assert.equal(await outcome(last), 1);
  const error = await outcome(other);
  assert.ok(error instanceof ConnectionClosureError);
  assert.deepEqual([error.statusCode, error.reason], [4001, "Gone"]);
});

clientTest("send() sends without an id, and what comes without one is dropped unless it is a push", async () => {
  const pair = await open();
  await pair.client.send("quote", { symbol: "A" });
  assert.deepEqual(pair.socket.sent, ['{"event":"quote","symbol":"A"}']);
  await pair.say({ event: "quote", price: 1 });
  assert.equal(pair.client.droppedMessages, 1);
});

clientTest("misuse throws a TypeError that says what to do", async () => {
  const { client } = await open();
  const loose: Record<string, (...args: unknown[]) => unknown> = Object(client);
  const fails = (name: string, args: unknown[], message: RegExp) =>
    assert.throws(() => loose[name]?.apply(client, args), { name: "TypeError", message });
  fails("request", ["nope", {}], /no message "nope", only "quote", "count", /);
  fails("request", ["toString", {}], /no message "toString"/);
  fails("stream", ["nope", {}], /no message "nope"/);
  fails("send", ["nope", {}], /no message "nope"/);
  fails("pushes", ["quote"], /no push "quote", only "alert", "tick"/);
  fails("request", ["prices", { symbol: "A" }], /"prices": it is a stream: use stream/);
  fails("stream", ["quote", { symbol: "A" }], /"quote": it is no stream: use request/);
  fails("request", ["quote", { symbol: "A", event: "x" }], /a field "event"/);
  fails("send", ["quote", { symbol: "A", id: "x" }], /a field "id"/);
  fails("request", ["quote", {}, { timeOut: 5 }], /Unknown option "timeOut" of RequestOptions/);
  fails("request", ["quote", {}, { resubscribe: true }], /Unknown option "resubscribe"/);
  fails("request", ["quote", {}, { signal: {} }], /Option signal/);
  fails("stream", ["prices", {}, { resubscribe: 1 }], /Option resubscribe/);
  fails("request", ["count", 5n], /BigInt/i);
  for (const timeout of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "5", 2 ** 31]) {
    assert.throws(() => loose.request?.("beat", {}, { timeout }), {
      name: "RangeError",
      message: /^Option timeout is .+: must be a number over 0, at most \d+/,
    });
  }
});

clientTest("a contract without dispatcherStreamId can send and be pushed to, and says why it cannot ask", async () => {
  const pair = await Pair.of(
    contract({
      dispatcherKey: "event",
      messages: { beat: { message: v.object({}) }, watch: { message: v.object({}), stream: true } },
      pushes: { alert: v.object({ id: v.string() }) },
    }),
  );
  const { client } = pair;
  assert.throws(() => client.request("beat", {}), /Cannot request without option dispatcherStreamId/);
  assert.throws(() => client.stream("watch", {}), /Cannot stream without option dispatcherStreamId/);
  await client.send("beat", {});
  const alerts = client.pushes("alert");
  await pair.say({ event: "alert", id: "7" });
  assert.deepEqual((await alerts.next()).value, { id: "7" });
});

clientTest("a client with a contract is not read otherwise, and one without has no request()", async () => {
  const { client } = await open();
  for (const read of [client.readTextMessage(), client.readBinaryMessage(), client.readMessage()]) {
    await assert.rejects(read, { name: "TypeError", message: /by request, stream and pushes/ });
  }
  assert.throws(() => client[Symbol.asyncIterator](), TypeError);
  assert.ok(client instanceof Client);
  assert.equal("request" in Client.prototype, false);
});

clientTest("frames that are no answer and no push are dropped and counted, and disturb nothing", async () => {
  const pair = await open();
  const quote = pair.client.request("quote", { symbol: "A" });
  const strange = [
    "no json",
    "",
    "[]",
    "null",
    "5",
    '"text"',
    "{}",
    '{"id":"1"}',
    '{"event":7,"id":"1"}',
    '{"event":"quote","id":1,"price":1}',
    '{"event":"quote","id":null,"price":1}',
    '{"event":"quote","id":["1"],"price":1}',
    '{"event":"quote","id":"2","price":1}',
    '{"event":"quote","id":"__proto__","price":1}',
    '{"event":"cancel","id":"1"}',
    '{"event":"error","code":"x"}',
    '{"event":"complete"}',
    '{"event":"alert","text":"nobody listens"}',
    '{"event":"constructor"}',
    new Uint8Array([123, 125]),
    `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
  ];
  await pair.say(...strange);
  assert.equal(pair.client.droppedMessages, strange.length);
  assert.equal(await outcome(quote), "pending");
  await pair.say('{"event":"quote","id":"1","price":1}');
  assert.deepEqual(await quote, { price: 1 });
  assert.equal(pair.client.state, "open");
});

clientTest("C9 no key __proto__ of a service gets through", async () => {
  const pair = await open({ validation: false });
  const request = pair.client.request("quote", { symbol: "A" });
  await pair.say('{"event":"quote","id":"1","__proto__":{"a":1},"deep":[{"\\u005f_proto__":{"a":1},"b":2}],"price":1}');
  const reply: Record<string, unknown> = Object(await request);
  assert.deepEqual(Object.keys(reply), ["deep", "price"]);
  assert.equal(JSON.stringify(reply.deep), '[{"b":2}]');
  assert.equal(Object({}).a, undefined);
});

clientTest("a rejection that nobody looks at does not end the process", async () => {
  const pair = await open();
  void pair.client.request("quote", { symbol: "A" });
  void pair.client.stream("prices", { symbol: "A" }).next();
  void pair.client.request("quote", { symbol: "B" }, { timeout: 1 });
  await pair.say({ event: "quote", id: "1", price: "x" }, { event: "error", id: "2" });
  await pair.clock.advance(1);
  pair.socket.end();
  await settle();
  assert.ok((await outcome(pair.client.request("beat", {}))) instanceof ConnectionError);
  // Long enough for a runtime to notice.
  await new Promise((resolve) => setTimeout(resolve, 10));
});
