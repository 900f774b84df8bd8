import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectionClosureError,
  ConnectionError,
  InvalidHandshakeError,
  PayloadTooLargeError,
} from "../../src/errors.ts";
import { start } from "./cli_support.ts";

for (const [code, exitCode] of [
  [1000, 0],
  [1001, 0],
  [1005, 0],
  [1006, 1],
  [1008, 4],
  [1011, 4],
  [1012, 4],
  [4000, 4],
] as const) {
  test(`a close with ${code} by the server gives ${exitCode}`, async () => {
    const run = await start();
    run.link.end(code);
    assert.equal(await run.ended, exitCode);
    const waiting = await start(["--execute", "x"]);
    waiting.link.end(code);
    assert.equal(await waiting.ended, exitCode);
    assert.deepEqual(waiting.link.closes, []);
  });
}

test("a refusal gives 3, its status and the first line of its answer", async () => {
  const body = "\n  Name a \u001b[31mroom\r\nand more";
  const run = await start([], { refusal: new InvalidHandshakeError("x", { status: 422, body }) });
  assert.equal(await run.ended, 3);
  assert.match(run.errors, /\* Refused by the server with 422 Unprocessable Entity: Name a \\x1b\[31mroom\n$/);
});

test("of a refusal 200 characters are shown, and no name of a status that has none", async () => {
  const run = await start([], { refusal: new InvalidHandshakeError("x", { status: 599, body: "a".repeat(201) }) });
  assert.equal(await run.ended, 3);
  assert.ok(run.errors.endsWith(`* Refused by the server with 599: ${"a".repeat(200)}\n`), run.errors);
});

test("what cannot connect gives 1, and why", async () => {
  const cause = new Error("connect ECONNREFUSED 127.0.0.1:9090");
  const run = await start([], { refusal: new ConnectionError("Cannot connect", { cause }) });
  assert.equal(await run.ended, 1);
  assert.equal(run.errors, "12:34:56 * Cannot connect: connect ECONNREFUSED 127.0.0.1:9090\n");
  const said = await start([], {
    refusal: new ConnectionError("Cannot connect: refused", { cause: new Error("refused ") }),
  });
  await said.ended;
  assert.equal(said.errors, "12:34:56 * Cannot connect: refused\n");
  const bare = await start([], { refusal: new ConnectionError("Cannot connect", { cause: new Error("") }) });
  await bare.ended;
  assert.equal(bare.errors, "12:34:56 * Cannot connect\n");
  const wrong = await start([], { refusal: new InvalidHandshakeError("Wrong Sec-WebSocket-Accept") });
  assert.equal(await wrong.ended, 1);
  // Of a 101 the status says nothing.
  const bad = await start([], { refusal: new InvalidHandshakeError("No subprotocol was chosen", { status: 101 }) });
  assert.equal(await bad.ended, 1);
  assert.equal(bad.errors, "12:34:56 * No subprotocol was chosen\n");
});

test("why a connection has ended says more than its code", async () => {
  const run = await start();
  run.link.cause = new ConnectionClosureError("x", { statusCode: 1009, cause: new PayloadTooLargeError("x") });
  run.link.end(1009);
  assert.equal(await run.ended, 1);
  assert.match(run.errors, /\n12:34:56 \* A message is larger than --max-size\n$/);
  const refused = await start(["--retry"]);
  refused.link.cause = new InvalidHandshakeError("x", { status: 403 });
  refused.link.end(1006);
  assert.equal(await refused.ended, 3);
  assert.match(refused.errors, /\n12:34:56 \* Refused by the server with 403 Forbidden\n$/);
  const ours = await start(["--count", "1"]);
  ours.link.cause = new ConnectionClosureError("x", { statusCode: 1006, cause: new ConnectionError("x") });
  ours.link.messages.push("1");
  assert.equal(await ours.ended, 0);
  assert.match(ours.errors, /\* Closed: 1000 \(normal closure\)\n$/);
  const plain = await start();
  plain.link.cause = new ConnectionClosureError("x", { statusCode: 4000 });
  plain.link.end(4000);
  assert.equal(await plain.ended, 4);
});

test("why a connection has ended is shown when something was not sent, too", async () => {
  const refusal = new InvalidHandshakeError("x", { status: 403 });
  const lost = await start(["--retry"]);
  lost.link.room = Promise.reject(refusal);
  lost.link.cause = refusal;
  lost.input.push("1\n2\n");
  await lost.settle();
  lost.link.end(1006);
  assert.equal(await lost.ended, 1);
  assert.match(lost.errors, /\* Not sent: x\n\S+ \* Refused by the server with 403 Forbidden\n$/);
  assert.deepEqual(lost.errors.match(/Not sent/g)?.length, 1);
});

test("a close that fails ends it with 1", async () => {
  const run = await start();
  run.link.close = () => Promise.reject(new RangeError("no such code"));
  run.link.messages.push("x");
  run.input.end();
  await run.clock.advance(1);
  assert.equal(await run.ended, 1);
  assert.match(run.errors, /\* Cannot close: no such code\n$/);
  const interrupted = await start();
  interrupted.link.close = run.link.close;
  interrupted.signal("SIGINT");
  assert.equal(await interrupted.ended, 130);
});

test("when nobody reads standard output any more, it closes", async () => {
  const run = await start();
  run.isFull = true;
  run.link.messages.push("1", "2");
  await run.settle();
  run.tell("error");
  assert.equal(await run.ended, 0);
  assert.equal(run.out, "1\n");
  assert.deepEqual(run.link.closes, [[1000, ""]]);
  const early = await start([], { hangs: true });
  early.tell("error");
  assert.equal(await early.ended, 0);
});

test("SIGINT closes and gives 130, SIGTERM 143", async () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const run = await start();
    run.signal(signal);
    assert.equal(await run.ended, code);
    assert.deepEqual(run.link.closes, [[1000, ""]]);
  }
});

test("the second SIGINT waits for no answer, and leaves nothing open", async () => {
  const run = await start();
  run.link.answers = false;
  run.signal("SIGINT");
  await run.settle();
  assert.equal(run.code, undefined);
  run.signal("SIGINT");
  assert.equal(await run.ended, 130);
  assert.equal(run.config?.signal?.aborted, true);
  assert.deepEqual([run.link.closes, run.link.closeTimeout], [[[1000, ""]], 5]);
});

test("SIGINT gives up an attempt to connect", async () => {
  const run = await start([], { hangs: true });
  run.signal("SIGINT");
  assert.equal(await run.ended, 130);
  assert.equal(run.config?.signal?.aborted, true);
});
