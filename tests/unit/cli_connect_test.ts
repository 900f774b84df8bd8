import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../cli/command.ts";
import { ConnectionError } from "../../src/errors.ts";
import { certificatePath } from "../kit/certificates.ts";
import { MOMENT, Run, start } from "./cli_support.ts";

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
