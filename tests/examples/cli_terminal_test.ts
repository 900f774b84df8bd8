/** `switchboard connect` as somebody at a terminal sees it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Listener, type Service, upgrade, UpgradeError } from "../../mod.ts";
import { KEYS, noTerminal, Terminal } from "../kit/terminal.ts";

const service: Service = {
  onOpen: () => "Welcome",
  onTextMessage: (caller, text) =>
    answers.get(text)?.() ?? (text === "bye" ? caller.close(4001, "so \u001b[31m") : text),
  onBinaryMessage: (_, data) => data,
};

const answers = new Map<string, () => string | Uint8Array | object>([
  ["json", () => '{"id":12345678901234567890,"list":[1,{}]}'],
  ["hostile", () => "\u001b[2J\u001b]0;title\u0007\u009b31m\u202eabc\r\n12:00:00 < fake"],
]);

async function serve(port = 0): Promise<Listener> {
  // The engine that is the same on every runtime: what is tested is not the server.
  const listener = new Listener(port, { host: "127.0.0.1", engine: "node" });
  listener.attach(
    "/echo",
    upgrade({ subProtocols: ["chat"] }, () => service),
  );
  listener.attach(
    "/room",
    upgrade(() => new UpgradeError("Name a room\nand more", { status: 422 })),
  );
  await listener.start();
  return listener;
}

/** A port at which nobody listens. */
async function free(): Promise<number> {
  await using listener = await serve();
  return listener.port;
}

/** A terminal that shows a connection and its prompt. */
async function open(listener: Listener, args: readonly string[] = [], columns = 80): Promise<Terminal> {
  const url = `ws://127.0.0.1:${listener.port}/echo?token=hunter2`;
  const terminal = await Terminal.start(["connect", url, ...args], { columns });
  await terminal.shows(/< Welcome\n>$/);
  return terminal;
}

/** Writes messages to all who are connected. */
async function tell(listener: Listener, ...texts: string[]): Promise<void> {
  for (const caller of listener.connections) for (const text of texts) await caller.writeTextMessage(text);
}

/** What is shown after the greeting, the time of day replaced. */
function shown({ screen }: Terminal): string[] {
  const rows = screen.rows.map((row) => row.replace(/^\d\d:\d\d:\d\d /, "TIME "));
  return rows.slice(rows.indexOf("TIME < Welcome") + 1);
}

const options = { skip: noTerminal };

test("a terminal shows what is typed and what comes, and brings back what was typed", options, async () => {
  await using listener = await serve();
  await using terminal = await open(listener, ["--subprotocol", "chat"]);
  assert.match(terminal.screen.text, /\* Connected to ws:\/\/127\.0\.0\.1:\d+\/echo, subprotocol "chat"\n/);
  terminal.type("hello", KEYS.enter);
  await terminal.shows(/< hello\n>$/);
  // Keys come one by one, as somebody presses them.
  terminal.type(KEYS.up);
  await terminal.shows(/\n> hello$/);
  terminal.type(KEYS.left);
  await terminal.cursorIn(6);
  terminal.type("!");
  await terminal.shows(/\n> hell!o$/);
  terminal.type(KEYS.enter);
  await terminal.shows(/< hell!o\n>$/);
  terminal.type("/ping x", KEYS.enter);
  await terminal.shows(/< pong "x" after [\d.]+ ms\n>$/);
  terminal.type("json", KEYS.enter);
  await terminal.shows(/ {2}\}\n>$/);
  terminal.type("hostile", KEYS.enter);
  await terminal.shows(/fake\n>$/);
  terminal.type("/binary 48 69", KEYS.enter);
  await terminal.shows(/Hi\n>$/);
  terminal.type("//x", KEYS.enter);
  await terminal.shows(/< \/x\n>$/);
  terminal.type(KEYS.ctrlD);
  assert.equal(await terminal.exit(), 0);
  assert.deepEqual(
    shown(terminal).map((row) => row.replace(/[\d.]+ ms/, "N ms")),
    [
      "> hello",
      "TIME < hello",
      "> hell!o",
      "TIME < hell!o",
      "> /ping x",
      'TIME < pong "x" after N ms',
      "> json",
      "TIME < {",
      '    "id": 12345678901234567890,',
      '    "list": [',
      "      1,",
      "      {}",
      "    ]",
      "  }",
      "> hostile",
      "TIME < \\x1b[2J\\x1b]0;title\\x07\\x9b31m\\u202eabc\\r",
      "  12:00:00 < fake",
      "> /binary 48 69",
      "TIME < binary, 2 bytes",
      `  0000  48 69${" ".repeat(42)}  Hi`,
      "> //x",
      "TIME < /x",
      "TIME * Closed: 1000 (normal closure)",
      "",
    ],
  );
  assert.doesNotMatch(terminal.screen.text, /hunter2/);
});

test("the prompt stays whole while messages come, on several rows and in another width", options, async () => {
  await using listener = await serve();
  await using terminal = await open(listener, [], 40);
  const long = `${"0123456789".repeat(5)}?`;
  terminal.type(long);
  await terminal.shows(/> 0123456789.{28}\n\d{12}\?$/);
  // To the first row and back, which must not move the prompt.
  terminal.type(KEYS.home);
  await terminal.cursorIn(2);
  terminal.type(KEYS.end);
  await terminal.cursorIn(13);
  assert.deepEqual(shown(terminal), [`> ${long.slice(0, 38)}`, long.slice(38)]);
  await tell(listener, "one", "two");
  await terminal.shows(/< two\n> .*\n.*$/);
  assert.deepEqual(shown(terminal), ["TIME < one", "TIME < two", `> ${long.slice(0, 38)}`, long.slice(38)]);
  // Back to the first row, and a message meanwhile.
  terminal.type(KEYS.home, "x");
  await terminal.shows(/> x0123/);
  await tell(listener, "three");
  await terminal.shows(/< three\n> x/);
  terminal.type(KEYS.enter);
  await terminal.shows(/< x.*\n.*\?\n>$/);
  assert.deepEqual(
    shown(terminal).slice(2),
    [
      "TIME < three",
      `> x${long.slice(0, 37)}`,
      long.slice(37),
      `TIME < x${long.slice(0, 28)}`,
      long.slice(28),
      "> ",
    ].map((row) => row.trimEnd()),
  );
  await terminal.resize(20);
  terminal.type("a".repeat(19));
  await terminal.shows(/> a{18}\na$/);
  await tell(listener, "4");
  await terminal.shows(/< 4\n> a{18}\na$/);
  terminal.type(KEYS.ctrlC);
  assert.equal(await terminal.exit(), 130);
  assert.match(terminal.screen.text, /< 4\n\d\d:\d\d:\d\d \* Closed: 1\n000 /);
});

test("a server that is not there yet, or goes and comes back, is found by --retry", options, async () => {
  const port = await free();
  await using terminal = await Terminal.start(["connect", `ws://127.0.0.1:${port}/echo`, "--retry"]);
  await terminal.shows(/\* Trying again: Cannot connect to .*\n/);
  await using first = await serve(port);
  await terminal.shows(/< Welcome\n>$/);
  await first.immediateStop();
  await terminal.shows(/\* Trying again in \d+\.\d s \(attempt \d+\): .*\n>$/);
  await using _second = await serve(port);
  terminal.type("again", KEYS.enter);
  await terminal.shows(/\* Connected again to ws:\S+\n(?:.*\n)*.* < again\n>$/);
  terminal.type("/close 4000", KEYS.enter);
  assert.equal(await terminal.exit(), 0);
});

test(
  "a server that closes is told by code and reason, and one that refuses by status and answer",
  options,
  async () => {
    await using listener = await serve();
    await using terminal = await open(listener);
    terminal.type("bye", KEYS.enter);
    assert.equal(await terminal.exit(), 4);
    assert.match(terminal.screen.text, /> bye\n\S+ \* Closed by the server: 4001 \(private use\), "so \\x1b\[31m"\n$/);
    await using refused = await Terminal.start(["connect", `ws://127.0.0.1:${listener.port}/room`]);
    assert.equal(await refused.exit(), 3);
    assert.match(refused.screen.text, /\* Refused by the server with 422 Unprocessable Entity: Name a room\n$/);
  },
);

test("a password is asked for, unseen", options, async () => {
  await using listener = await serve();
  const url = `ws://127.0.0.1:${listener.port}/echo`;
  await using terminal = await Terminal.start(["connect", url, "--user", "ada"]);
  await terminal.shows(/Password:$/);
  terminal.type("hunter2", KEYS.enter);
  await terminal.shows(/< Welcome\n>$/);
  terminal.type("x", KEYS.enter);
  await terminal.shows(/< x\n>$/);
  terminal.type("/quit", KEYS.enter);
  assert.equal(await terminal.exit(), 0);
  assert.doesNotMatch(terminal.screen.text, /hunter2/);
});
