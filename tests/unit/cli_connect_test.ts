import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../cli/command.ts";
import { TYPED_HELP } from "../../cli/console/typed.ts";
import {
  ConnectionClosureError,
  ConnectionError,
  InvalidHandshakeError,
  PayloadTooLargeError,
} from "../../src/errors.ts";
import { certificatePath } from "../kit/certificates.ts";
import { MOMENT, Run, type RunOptions } from "./cli_support.ts";

/** A run that has come as far as it can. */
async function start(args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const run = new Run(args, options);
  await run.settle();
  return run;
}

test("in a pipe, lines are messages, messages are lines, and the rest goes to standard error", async () => {
  const run = await start();
  run.link.subprotocol = "chat";
  run.input.push("one\ntw", "o\n\n");
  run.link.messages.push("eins", '{"a":1}', "\u001b[2J", new Uint8Array([0x48, 0x69]));
  await run.settle();
  assert.deepEqual(run.link.sent, ["one", "two", ""]);
  assert.equal(run.out, 'eins\n{"a":1}\n\u001b[2J\n');
  assert.equal(
    run.errors,
    `12:34:56 * Connected to ws://localhost:9090/chat\n12:34:56 < binary, 2 bytes\n  0000  48 69${" ".repeat(42)}  Hi\n`,
  );
  run.link.end(1001, "Bye\n\u001b");
  assert.equal(await run.ended, 0);
  assert.match(run.errors, /\n12:34:56 \* Closed by the server: 1001 \(going away\), "Bye\\n\\x1b"\n$/);
});

test("at the end of the input it closes when nothing has come for a second", async () => {
  const run = await start();
  run.input.push("x\n");
  run.input.end();
  await run.settle();
  await run.clock.advance(0.9);
  run.link.messages.push("late");
  await run.clock.advance(0.9);
  assert.equal(run.code, undefined);
  await run.clock.advance(0.2);
  assert.equal(await run.ended, 0);
  assert.deepEqual(run.link.closes, [[1000, ""]]);
  assert.match(run.errors, /\* Closed: 1000 \(normal closure\)\n$/);
  assert.equal(run.clock.pending, 0);
});

test("silence is waited for from the end of the input on, and no timer stays behind", async () => {
  const run = await start();
  await run.clock.advance(5);
  run.input.end();
  await run.settle();
  assert.equal(run.code, undefined);
  run.link.end(1000);
  assert.equal(await run.ended, 0);
  assert.equal(run.clock.pending, 0);
  const late = await start(["--wait", "3"]);
  late.link.end(1000);
  await late.ended;
  late.input.end();
  await late.settle();
  assert.equal(late.clock.pending, 0);
});

test("--wait stays so long after the end of the input, whatever comes", async () => {
  const run = await start(["--wait", "3"]);
  run.input.end();
  await run.settle();
  await run.clock.advance(2.9);
  assert.equal(run.code, undefined);
  run.link.messages.push("late");
  await run.clock.advance(0.2);
  assert.equal(await run.ended, 0);
});

test("--wait forever stays until the server closes", async () => {
  const run = await start(["--wait", "forever"]);
  run.input.end();
  await run.settle();
  await run.clock.advance(1_000_000);
  assert.deepEqual([run.code, run.clock.pending], [undefined, 0]);
  run.link.end(1000);
  assert.equal(await run.ended, 0);
});

test("--count leaves after as many messages, however many there are", async () => {
  const run = await start(["--count", "2"]);
  run.link.messages.push("1", "2", "3");
  assert.equal(await run.ended, 0);
  assert.equal(run.out, "1\n2\n");
});

test("--count stays until they have come, however quiet it is", async () => {
  const run = await start(["--count", "1"]);
  run.input.end();
  await run.clock.advance(10);
  assert.equal(run.code, undefined);
  run.link.messages.push("1");
  assert.equal(await run.ended, 0);
});

test("--count that is not reached gives 1", async () => {
  const run = await start(["--count", "2", "--execute", "x", "--wait", "1"]);
  run.link.messages.push("1");
  await run.clock.advance(1);
  assert.equal(await run.ended, 1);
  assert.match(run.errors, /\* Only 1 of 2 messages came\n$/);
});

test("--execute sends, and leaves standard input alone unless somebody types there", async () => {
  const run = await start(["--execute", "a", "-x", "b"]);
  run.input.push("c\n");
  await run.settle();
  assert.deepEqual([run.link.sent, run.input.taken], [["a", "b"], 0]);
  await run.clock.advance(1);
  assert.equal(await run.ended, 0);

  const typed = await start(["--execute", "a"], { terminal: "input" });
  typed.input.push("c\n");
  await typed.settle();
  assert.deepEqual(typed.link.sent, ["a", "c"]);
  typed.link.end(1000);
  await typed.ended;

  const waiting = await start(["--execute", "a", "--wait", "1"], { terminal: "all" });
  assert.equal(waiting.keys, undefined);
  await waiting.clock.advance(1);
  assert.equal(await waiting.ended, 0);

  const counted = await start(["--execute", "a", "--count", "1"], { terminal: "all" });
  assert.equal(counted.keys, undefined);
  counted.link.messages.push("A");
  assert.equal(await counted.ended, 0);
});

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

test("what the arguments say of the handshake is handed to the client", async () => {
  const run = await start(["-H", "A: 1", "-s", "x", "-s", "y", "--cookie", "c=d", "--timeout", "5", "-k"]);
  const { customHeaders, subProtocols, cookies, handShakeTimeout, maxFrameSize, transport, secureSocket } =
    run.config ?? {};
  assert.deepEqual([customHeaders, subProtocols, cookies], [{ A: "1" }, ["x", "y"], { c: "d" }]);
  assert.deepEqual([handShakeTimeout, maxFrameSize, transport], [5, 16_777_216, "ws"]);
  assert.deepEqual(secureSocket, { rejectUnauthorized: false });
  run.link.end(1000);
  await run.ended;
});

test("options that the client refuses are wrong arguments, and a fault of ours is none", async () => {
  const run = await start([], { refusal: new TypeError("Option customHeaders …") });
  await assert.rejects(run.ended, new UsageError("Option customHeaders …"));
  const range = await start([], { refusal: new RangeError("Option handShakeTimeout …") });
  await assert.rejects(range.ended, new UsageError("Option handShakeTimeout …"));
  const fault = new Error("fault");
  await assert.rejects((await start([], { refusal: fault })).ended, fault);
});

test("a message that is not sent gives 1", async () => {
  const run = await start();
  run.link.room = Promise.reject(new ConnectionError("Cannot write: there is no connection"));
  run.input.push("x\n");
  await run.settle();
  assert.match(run.errors, /\* Not sent: Cannot write: there is no connection\n$/);
  run.link.end(1000);
  assert.equal(await run.ended, 1);
});

test("of several --execute none is sent after one that is not, and the connection stays as it is", async () => {
  const run = new Run(["-x", "1", "-x", "2"]);
  run.link.room = Promise.reject(new ConnectionError("x"));
  await run.clock.advance(5);
  assert.equal(run.errors.match(/Not sent/g)?.length, 1);
  assert.deepEqual(run.link.closes, []);
  run.link.end(1006);
  assert.equal(await run.ended, 1);
});

test("an input that cannot be read ends it", async () => {
  const run = await start();
  run.input.fail(new Error("EISDIR: illegal operation on a directory"));
  assert.equal(await run.ended, 1);
  assert.match(run.errors, /\* EISDIR: illegal operation on a directory\n/);
  assert.deepEqual(run.link.closes, [[1000, ""]]);
});

test("what waits to be sent when it leaves is no failure", async () => {
  const run = await start(["--count", "1"]);
  const { promise, reject } = Promise.withResolvers<void>();
  run.link.room = promise;
  run.input.push("x\n");
  await run.settle();
  run.link.answers = false;
  run.link.messages.push("1");
  await run.settle();
  reject(new ConnectionError("Cannot write: the connection is closing"));
  await run.settle();
  run.link.end(1000);
  assert.equal(await run.ended, 0);
  assert.doesNotMatch(run.errors, /Not sent/);
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

test("a line over --max-size ends it", async () => {
  const run = await start(["--max-size", "3"]);
  assert.equal(run.config?.maxFrameSize, 3);
  run.input.push("abcd");
  assert.equal(await run.ended, 1);
  assert.match(run.errors, /\* A line of the input has more than 3 bytes, which is --max-size\n/);
});

test("a slow reader of standard output makes the connection wait", async () => {
  const run = await start();
  run.isFull = true;
  run.link.messages.push("1", "2");
  await run.settle();
  assert.deepEqual([run.out, run.link.messages.taken], ["1\n", 1]);
  run.tell("drain");
  await run.settle();
  assert.equal(run.out, "1\n2\n");
  run.link.end(1000);
  await run.ended;
});

test("a slow server makes standard input wait", async () => {
  const run = await start();
  const { promise, resolve } = Promise.withResolvers<void>();
  run.link.room = promise;
  run.input.push("1\n", "2\n");
  await run.settle();
  assert.deepEqual([run.link.sent, run.input.taken], [[], 1]);
  resolve();
  await run.settle();
  assert.deepEqual(run.link.sent, ["1", "2"]);
  run.link.end(1000);
  await run.ended;
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

test("--json writes every event as a line that a script can read", async () => {
  const run = await start(["--json", "--verbose"], { terminal: "output" });
  run.link.messages.push("\u001b\u009b", new Uint8Array([255]));
  await run.settle();
  run.watcher?.ping(new Uint8Array([1]));
  run.watcher?.reconnecting("The connection is lost", 1, 0.5);
  run.watcher?.reopened("chat");
  run.link.end(4000, "Bye");
  assert.equal(await run.ended, 4);
  assert.equal(run.errors, "");
  assert.match(run.out, /"\\u001b\\u009b"/);
  const time = MOMENT.toISOString();
  const url = "ws://localhost:9090/chat";
  assert.deepEqual(
    run.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    [
      { event: "open", time, url, subprotocol: "", again: false },
      { event: "text", time, data: "\u001b\u009b" },
      { event: "binary", time, data: "/w==", encoding: "base64", size: 1 },
      { event: "ping", time, data: "AQ==", encoding: "base64", size: 1 },
      { event: "reconnecting", time, attempt: 1, wait: 0.5, cause: "The connection is lost" },
      { event: "open", time, url, subprotocol: "chat", again: true },
      { event: "close", time, code: 4000, reason: "Bye", by: "server" },
    ],
  );
});

test("--binary makes lines of bytes, in both directions", async () => {
  const run = await start(["--binary", "hex", "--execute", "00"]);
  run.link.messages.push(new Uint8Array([1, 255]), "text");
  await run.clock.advance(1);
  assert.equal(await run.ended, 0);
  assert.deepEqual(run.link.sent, [new Uint8Array([0])]);
  assert.equal(run.out, "01ff\n");
  assert.match(run.errors, /\n12:34:56 < text\n/);
  const wrong = await start(["--binary", "hex"]);
  wrong.input.push("xy\n");
  assert.equal(await wrong.ended, 1);
  assert.match(wrong.errors, /\* Not sent, for it is not hex: what --binary says a line is\n/);
});

test("--binary and --execute go together at a terminal, too", async () => {
  const run = await start(["--binary", "hex", "--execute", "00", "-x", "01"], { terminal: "all" });
  await run.type("ff");
  await run.type("xy");
  assert.deepEqual(run.link.sent, [new Uint8Array([0]), new Uint8Array([1]), new Uint8Array([255])]);
  assert.equal(run.above, "12:34:56 * Not sent, for it is not hex: what --binary says a line is\n");
  run.keys?.end();
  assert.equal(await run.ended, 0);
  const wrong = await start(["--binary", "hex", "--execute", "xy"], { terminal: "all" });
  assert.equal(await wrong.ended, 1);
  assert.match(wrong.out + wrong.above, /\* Not sent, for it is not hex/);
});

test("at a terminal, what is typed is sent, and what comes appears above the prompt", async () => {
  const run = await start(["--verbose", "--no-color"], { terminal: "all" });
  await run.type("hello");
  await run.type("");
  await run.type("//slash");
  await run.type("/binary ff");
  await run.type("/nonsense");
  await run.type("/help");
  assert.deepEqual(run.link.sent, ["hello", "/slash", new Uint8Array([255])]);
  run.link.messages.push('{"a":1}', "two\nlines \u001b[2J\u202e");
  run.watcher?.ping(new TextEncoder().encode("p\u0007"));
  await run.settle();
  assert.equal(
    run.above,
    [
      '12:34:56 * Unknown command "/nonsense": see /help, and // sends a text that begins with a slash',
      `12:34:56 * ${TYPED_HELP.replaceAll("\n", "\n  ")}`,
      '12:34:56 < ping "p\\x07"',
      '12:34:56 < {\n    "a": 1\n  }',
      "12:34:56 < two\n  lines \\x1b[2J\\u202e",
      "",
    ].join("\n"),
  );
  assert.match(run.out + run.errors, /\* Type a line to send it, \/help for more, Ctrl\+D to close\n$/);
  run.keys?.end();
  assert.equal(await run.ended, 0);
  assert.deepEqual(run.link.closes, [[1000, ""]]);
});

test("--json opens no prompt, and leaves pings and pongs out unless --verbose is given", async () => {
  const run = await start(["--json", "--binary", "hex"], { terminal: "all" });
  assert.equal(run.keys, undefined);
  run.watcher?.ping(new Uint8Array([1]));
  run.watcher?.pong(new Uint8Array([1]));
  run.link.messages.push(new Uint8Array([255]));
  await run.settle();
  run.link.end(1000);
  await run.ended;
  const events: { event: string; data?: string; encoding?: string }[] = run.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ event }) => event),
    ["open", "binary", "close"],
  );
  assert.deepEqual([events[1]?.data, events[1]?.encoding], ["ff", "hex"]);
});

test("binary messages are messages at a terminal, written out whatever --binary says", async () => {
  const run = await start(["--binary", "hex", "--no-color"], { terminal: "output" });
  run.link.messages.push(new Uint8Array([255]));
  run.link.end(1000);
  await run.ended;
  assert.match(run.out, /^12:34:56 < binary, 1 byte\n {2}0000 {2}ff/);
});

test("/ping shows its answer with the time it took, and no other", async () => {
  const run = await start([], { terminal: "all" });
  await run.type("/ping a");
  assert.deepEqual(run.link.pings, ["a"]);
  await run.clock.advance(0.0125);
  run.watcher?.pong(new TextEncoder().encode("b"));
  run.watcher?.pong(new TextEncoder().encode("a"));
  run.watcher?.pong(new TextEncoder().encode("a"));
  assert.equal(run.above, '12:34:56 < pong "a" after 12.5 ms\n');
  run.link.end(1000);
  await run.ended;
});

test("/ping measures each ping, and gives up the older ones that its answer leaves behind", async () => {
  const run = await start([], { terminal: "all" });
  const pong = (text: string) => run.watcher?.pong(new TextEncoder().encode(text));
  await run.clock.advance(1);
  await run.type("/ping a");
  await run.clock.advance(2);
  await run.type("/ping b");
  await run.clock.advance(1);
  pong("a");
  pong("b");
  await run.type("/ping c");
  await run.clock.advance(1);
  await run.type("/ping d");
  pong("d");
  pong("c");
  const times = run.above.match(/pong.*/g);
  assert.deepEqual(times, ['pong "a" after 3000.0 ms', 'pong "b" after 1000.0 ms', 'pong "d" after 0.0 ms']);
  for (let count = 0; count <= 100; count++) run.keys?.line(`/ping ${count}`);
  pong("0");
  pong("1");
  assert.match(run.above, /pong "d" after 0\.0 ms\n.* < pong "1" after 0\.0 ms\n$/);
  run.link.ping = () => Promise.reject(new ConnectionError("Cannot ping: there is no connection"));
  await run.type("/ping");
  assert.match(run.above, /\* Cannot ping: there is no connection\n$/);
  run.link.end(1000);
  assert.equal(await run.ended, 1);
});

test("/close sends its code and reason, and gives 0", async () => {
  const run = await start([], { terminal: "all" });
  await run.type("/close 4001 see you");
  assert.equal(await run.ended, 0);
  assert.deepEqual(run.link.closes, [[4001, "see you"]]);
});

test("Ctrl+C closes and gives 130, and the second one waits for nothing", async () => {
  const run = await start([], { terminal: "all" });
  run.link.answers = false;
  run.keys?.interrupt();
  await run.settle();
  assert.deepEqual([run.code, run.link.closes], [undefined, [[1000, ""]]]);
  run.keys?.interrupt();
  assert.equal(await run.ended, 130);
  assert.equal(run.keys, undefined);
});

test("colours are there at a terminal only, and not against NO_COLOR or --no-color", async () => {
  for (const [args, environment, terminal, coloured] of [
    [[], {}, "output", true],
    [[], { NO_COLOR: "1" }, "output", false],
    [[], { TERM: "dumb" }, "output", false],
    [["--no-color"], {}, "output", false],
    [["--pretty"], {}, "input", false],
  ] as const) {
    const run = await start(args, { environment, terminal });
    run.link.messages.push("[1]");
    run.link.end(1000);
    await run.ended;
    assert.equal(run.out.includes("\u001b["), coloured);
    assert.match(run.out, terminal === "output" ? /< \[\n {4}1\n {2}\]/ : /^\[\n {2}1\n\]\n$/);
    assert.equal(run.errors.includes("\u001b["), false);
  }
});

test("standard error has colours of its own", async () => {
  for (const [args, environment, coloured] of [
    [[], {}, true],
    [[], { NO_COLOR: "1" }, false],
    [["--no-color"], {}, false],
  ] as const) {
    const run = await start(args, { environment, terminal: "errors" });
    run.link.messages.push("x");
    run.link.end(1000);
    await run.ended;
    assert.deepEqual([run.out, run.errors.includes("\u001b[2m")], ["x\n", coloured]);
  }
});

test("reconnections are told, with number, wait and cause where they are known", async () => {
  const run = await start(["--retry"]);
  assert.equal(run.config?.retryConfig?.backOffFactor, 2);
  run.watcher?.reconnecting("refused\u001b");
  run.watcher?.reconnecting("lost", 2, 1.25);
  run.watcher?.reopened("");
  assert.deepEqual(run.errors.split("\n").slice(1, 4), [
    "12:34:56 * Trying again: refused\\x1b",
    "12:34:56 * Trying again in 1.3 s (attempt 2): lost",
    "12:34:56 * Connected again to ws://localhost:9090/chat",
  ]);
  run.link.end(1000);
  await run.ended;
  assert.equal((await start()).config?.retryConfig, undefined);
});

test("the credential is that of the arguments, of the URL or of the environment, and is never shown", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "connect-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(`${folder}/token`, " hunter2\n");
  const environment = { SWITCHBOARD_TOKEN: "of-environment", SWITCHBOARD_PASSWORD: "hunter2" };
  const auth = async (args: string[], url?: string, own: Record<string, string> = environment) => {
    const run = await start(args, { environment: own, ...(url !== undefined && { url }), terminal: "output" });
    run.link.end(1000);
    await run.ended;
    assert.doesNotMatch(run.out + run.errors, /hunter2|of-environment/);
    return run.config?.auth;
  };
  assert.deepEqual(await auth(["--token", "hunter2"]), { token: "hunter2" });
  assert.deepEqual(await auth([]), { token: "of-environment" });
  assert.deepEqual(await auth(["--user", "ada"]), { username: "ada", password: "hunter2" });
  assert.deepEqual(await auth([], "ws://a%40b@host"), { username: "a@b", password: "hunter2" });
  // The client itself takes it out of the URL.
  assert.equal(await auth([], "ws://ada:hunter2@host/?token=hunter2"), undefined);
  assert.equal(await auth([], undefined, {}), undefined);
  const ofFile = await auth(["--token-file", `${folder}/token`]);
  assert.ok(typeof ofFile === "function");
  writeFileSync(`${folder}/token`, "renewed");
  assert.deepEqual(await ofFile({ renew: true, signal: AbortSignal.timeout(1000) }), { token: "renewed" });
});

test("files that cannot be read, and a password that nobody can type, are wrong arguments", async () => {
  await assert.rejects(
    new Run(["--token-file", "/nowhere"]).ended,
    new UsageError('Option --token-file names "/nowhere", which cannot be read (ENOENT)'),
  );
  await assert.rejects(
    new Run(["--token-file", "/dev/null"]).ended,
    new UsageError('Option --token-file names "/dev/null", which is empty'),
  );
  await assert.rejects(
    new Run(["--ca", "/nowhere"]).ended,
    new UsageError('Option --ca names "/nowhere", which cannot be read (ENOENT)'),
  );
  const file = fileURLToPath(import.meta.url);
  for (const [option, ...args] of [
    ["--ca"],
    ["--cert", "--key", file],
    ["--key", "--cert", certificatePath("client.pem")],
  ] as const) {
    await assert.rejects(
      new Run([option, file, ...args]).ended,
      new UsageError(`Option ${option} names ${JSON.stringify(file)}, which holds no PEM text`),
    );
  }
  await assert.rejects(
    new Run(["--user", "ada"]).ended,
    new UsageError("The password can be asked for at a terminal only: set SWITCHBOARD_PASSWORD"),
  );
});
