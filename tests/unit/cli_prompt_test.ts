import assert from "node:assert/strict";
import { test } from "node:test";
import { TYPED_HELP } from "../../cli/console/typed.ts";
import { ConnectionError } from "../../src/errors.ts";
import { start } from "./cli_support.ts";

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
