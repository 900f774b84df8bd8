import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, type Input, UsageError } from "../../cli/command.ts";
import { toCloseName } from "../../cli/console/close_names.ts";
import { ConsoleView } from "../../cli/console/console_view.ts";
import { fromBytes, toBytes } from "../../cli/console/encoding.ts";
import { toSafeJson, toSafeLine, toSafeText } from "../../cli/console/escape.ts";
import type { Happening } from "../../cli/console/happening.ts";
import { toHexdump, toSize } from "../../cli/console/hexdump.ts";
import { toLines } from "../../cli/console/lines.ts";
import { toPrettyJson } from "../../cli/console/pretty_json.ts";
import { toSettings, toShownUrl } from "../../cli/console/settings.ts";
import { toPaint } from "../../cli/console/style.ts";
import { toTyped } from "../../cli/console/typed.ts";

const URL_ = "ws://localhost:9090/chat";
const bytes = (...values: number[]) => new Uint8Array(values);

test("toSafeText() writes out whatever could steer a terminal, and leaves text alone", () => {
  assert.equal(toSafeText("\u001b[2J\u009b1m\u0007\r\b\u0000"), "\\x1b[2J\\x9b1m\\x07\\r\\b\\x00");
  assert.equal(toSafeText("\f"), "\\f");
  assert.equal(toSafeText("\u202eevil\u2066\u200f\u2028\ufeff"), "\\u202eevil\\u2066\\u200f\\u2028\\ufeff");
  assert.equal(toSafeText("\u{e0041}\ud800x"), "\\u{e0041}\\ud800x");
  const fine = "Grüße, שלום, 漢字, 👩‍👩‍👧 and a tab\tand\na line\\x1b";
  assert.equal(toSafeText(fine), fine);
  assert.equal(toSafeLine("a\nb\tc"), "a\\nb\\tc");
});

test("toSafeText() leaves no control character of any kind", () => {
  for (let code = 0; code < 0x300; code++) {
    const safe = toSafeLine(String.fromCharCode(code));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(safe, /[\u0000-\u001f\u007f-\u009f]/, `U+${code.toString(16)}`);
  }
});

test("toSafeJson() is harmless, and says the same", () => {
  const value = { a: "\u001b\u009b\u007f\u202e\u{e0041}\n", b: ["漢"] };
  const json = toSafeJson(value);
  assert.match(json, /^[\x20-\x7e漢]*$/);
  assert.deepEqual(JSON.parse(json), value);
});

test("toPrettyJson() lays out objects and lists, and changes no token", () => {
  const source = '{"a":12345678901234567890,"a":[1,{"b":"x{,\\"]"}],"c":[ ],"d":{},"e":null}';
  const laidOut = [
    "{",
    '  "a": 12345678901234567890,',
    '  "a": [',
    "    1,",
    "    {",
    '      "b": "x{,\\"]"',
    "    }",
    "  ],",
    '  "c": [],',
    '  "d": {},',
    '  "e": null',
    "}",
  ].join("\n");
  assert.equal(toPrettyJson(source), laidOut);
  assert.equal(toPrettyJson(' [ "a" , 1e3 ] '), '[\n  "a",\n  1e3\n]');
});

test("toPrettyJson() leaves every other text alone, and what would grow too much", () => {
  for (const text of ["", "1", '"a"', "null", "{a}", "[1", "hello", "[1] x"])
    assert.equal(toPrettyJson(text), undefined);
  assert.equal(toPrettyJson(`${"[".repeat(65)}${"]".repeat(65)}`), undefined);
  assert.notEqual(toPrettyJson(`${"[".repeat(64)}${"]".repeat(64)}`), undefined);
  assert.equal(toPrettyJson(`["${"x".repeat(100_000)}"]`), undefined);
});

test("toPrettyJson() says the same as what it was given", () => {
  const values = [[], [[]], [{}], { a: { b: [1, [2, "\\"], "\n\u2028"] } }, ["\ud800", -1.5e-7, true, false, null, ""]];
  for (const value of values) assert.deepEqual(JSON.parse(toPrettyJson(JSON.stringify(value)) ?? ""), value);
});

test("toHexdump() shows the first 256 bytes, and tells how many more there are", () => {
  assert.equal(toHexdump(bytes(0x48, 0x69, 0x1b)), `0000  48 69 1b${" ".repeat(39)}  Hi.`);
  const rows = toHexdump(new Uint8Array(300).fill(0x41)).split("\n");
  assert.equal(rows.length, 17);
  assert.equal(rows[15], `00f0  ${"41 ".repeat(16).trim()}  ${"A".repeat(16)}`);
  assert.equal(rows[16], "(44 bytes more)");
  assert.equal(toHexdump(new Uint8Array(256)).split("\n").length, 16);
  assert.equal(toHexdump(bytes(0x0a, 0x1f, 0x20, 0x7e, 0x7f)), `0000  0a 1f 20 7e 7f${" ".repeat(33)}  .. ~.`);
  assert.deepEqual([bytes(), bytes(1), bytes(1, 2)].map(toSize), ["0 bytes", "1 byte", "2 bytes"]);
});

test("toBytes() takes whole bytes only", () => {
  assert.deepEqual(toBytes("48 6a\tFF", "hex"), bytes(0x48, 0x6a, 0xff));
  for (const text of ["4", "4g", "0x48", "48 6"]) assert.equal(toBytes(text, "hex"), undefined, text);
  assert.deepEqual(toBytes("SGk=", "base64"), bytes(0x48, 0x69));
  assert.deepEqual(toBytes("SGk", "base64"), bytes(0x48, 0x69));
  assert.deepEqual(toBytes("__8", "base64"), bytes(0xff, 0xff));
  for (const text of ["S", "SG*k", "SGk==", "=SGk"]) assert.equal(toBytes(text, "base64"), undefined, text);
  assert.deepEqual([fromBytes(bytes(0, 255), "hex"), fromBytes(bytes(0, 255), "base64")], ["00ff", "AP8="]);
});

test("toCloseName() knows the codes of RFC 6455 and their ranges", () => {
  const names = Array.from({ length: 17 }, (_, index) => toCloseName(1000 + index));
  assert.deepEqual(names, [
    "normal closure",
    "going away",
    "protocol error",
    "unsupported data",
    "unknown",
    "no status received",
    "abnormal closure",
    "invalid frame payload data",
    "policy violation",
    "message too big",
    "mandatory extension",
    "internal error",
    "service restart",
    "try again later",
    "bad gateway",
    "TLS handshake",
    "unknown",
  ]);
  assert.deepEqual([2999, 3000, 3999, 4000, 4999, 5000].map(toCloseName), [
    "unknown",
    "registered by a library",
    "registered by a library",
    "private use",
    "private use",
    "unknown",
  ]);
});

const input = (...chunks: (string | Uint8Array)[]): Input => ({
  async *[Symbol.asyncIterator]() {
    yield* chunks;
  },
});

async function lines(limit: number, ...chunks: (string | Uint8Array)[]): Promise<string[]> {
  return await Array.fromAsync(toLines(input(...chunks), limit));
}

test("toLines() joins what comes in pieces, and takes either line end", async () => {
  const [first = 0, second = 0] = new TextEncoder().encode("ü");
  assert.deepEqual(await lines(100, "a", "b\nc\r\n\n", bytes(first), bytes(second), "\nlast"), [
    "ab",
    "c",
    "",
    "ü",
    "last",
  ]);
  assert.deepEqual(await lines(100, "a\n"), ["a"]);
  assert.deepEqual(await lines(100, "\ufeffa\nb"), ["\ufeffa", "b"]);
  assert.deepEqual(await lines(100), []);
});

test("toLines() refuses a line over the limit before it has all of it, and what is no UTF-8", async () => {
  assert.deepEqual(await lines(3, "abc\nabc"), ["abc", "abc"]);
  const message = "A line of the input has more than 3 bytes, which is --max-size";
  await assert.rejects(lines(3, "ab", "cd"), new CommandError(message));
  await assert.rejects(lines(3, "abcd\n"), new CommandError(message));
  await assert.rejects(lines(3, bytes(0xff, 0x0a)), new CommandError("A line of the input is not in UTF-8"));
});

test("toTyped() tells commands from text", () => {
  assert.deepEqual(toTyped("a /b"), { do: "text", text: "a /b" });
  assert.deepEqual(toTyped("//b"), { do: "text", text: "/b" });
  assert.deepEqual(toTyped("/ping"), { do: "ping", bytes: bytes() });
  assert.deepEqual(toTyped("/ping a b "), { do: "ping", bytes: new TextEncoder().encode("a b") });
  assert.equal(toTyped(`/ping ${"x".repeat(125)}`).do, "ping");
  assert.deepEqual(toTyped("/binary 00 ff"), { do: "binary", bytes: bytes(0, 255) });
  assert.deepEqual(toTyped("/close"), { do: "close", code: 1000, reason: "" });
  assert.deepEqual(toTyped("/close 4001 see you"), { do: "close", code: 4001, reason: "see you" });
  assert.deepEqual(toTyped("/quit"), { do: "close", code: 1000, reason: "" });
  assert.deepEqual(toTyped("/help"), { do: "help" });
});

for (const [line, complaint] of [
  ["/pong", /^Unknown command "\/pong": see \/help/],
  ["/", /^Unknown command "\/"/],
  ["/binary 4", /^Bytes are written as pairs/],
  ["/close 1006", /^Cannot close with code 1006/],
  ["/close bye", /^Cannot close with code NaN/],
  [`/close 1000 ${"x".repeat(124)}`, /^Cannot close with a reason of over 123 bytes/],
  [`/ping ${"x".repeat(126)}`, /^A ping carries at most 125 bytes, and this is 126$/],
] as const) {
  test(`toTyped() complains of ${line.slice(0, 14)}`, () => {
    const typed = toTyped(line);
    assert.equal(typed.do, "complain");
    assert.match("text" in typed ? typed.text : "", complaint);
  });
}

test("toSettings() reads all options", () => {
  const args = [
    "-H",
    "a: 1",
    "--header",
    "b:2",
    "-H",
    "A: 3",
    "-s",
    "x",
    "--subprotocol=y",
    "--cookie",
    "c=d=e",
    "-x",
    "1",
  ];
  const more = [
    "-x",
    "-2",
    "-w",
    "0.5",
    "-n",
    "3",
    "--binary",
    "hex",
    "--timeout",
    "0",
    "--max-size",
    "10",
    "-kv",
    "--retry",
  ];
  const settings = toSettings([...args, URL_, ...more, "--user", "ada", "--json", "--pretty", "--no-color"]);
  assert.deepEqual(settings, {
    url: URL_,
    headers: { A: "1, 3", b: "2" },
    cookies: { c: "d=e" },
    subprotocols: ["x", "y"],
    identity: { kind: "user", name: "ada" },
    ca: undefined,
    cert: undefined,
    key: undefined,
    insecure: true,
    retry: true,
    timeout: 0,
    maxSize: 10,
    json: true,
    pretty: true,
    colours: false,
    verbose: true,
    binary: "hex",
    wait: 0.5,
    count: 3,
    execute: ["1", "-2"],
  });
  assert.equal(toSettings([URL_, "--wait", "forever"]).wait, Number.POSITIVE_INFINITY);
});

test("toSettings() fills in the defaults, and knows the other ways to say it", () => {
  assert.deepEqual(toSettings([URL_]), {
    url: URL_,
    headers: {},
    cookies: {},
    subprotocols: [],
    identity: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
    insecure: false,
    retry: false,
    timeout: 30,
    maxSize: 16_777_216,
    json: false,
    pretty: false,
    colours: true,
    verbose: false,
    binary: undefined,
    wait: undefined,
    count: undefined,
    execute: [],
  });
  const { identity, ca, cert, key, binary } = toSettings([
    URL_,
    "-u",
    "ada",
    "--ca",
    "a",
    "--cert=b",
    "--key",
    "c",
    "--binary",
    "base64",
  ]);
  assert.deepEqual([identity, ca, cert, key, binary], [{ kind: "user", name: "ada" }, "a", "b", "c", "base64"]);
});

const mistakes: [args: string[], message: string][] = [
  [[], "Name one URL: switchboard connect ws://…"],
  [[URL_, "hunter2"], "Name one URL: switchboard connect ws://…"],
  [["localhost:9090/a?token=hunter2"], 'Malformed URL "localhost:9090/a": must begin with ws:// or wss:// and a host'],
  [["ftp://ada:hunter2@host/#x"], 'Malformed URL "ftp://host/": must begin with ws:// or wss:// and a host'],
  [["ws:9090"], 'Malformed URL "ws:9090": must begin with ws:// or wss:// and a host'],
  [["ws://a%zz@host/"], 'Malformed URL "ws://host/": its user has a "%" that must be written "%25"'],
  [["ws://a:hunter2%@host/"], 'Malformed URL "ws://host/": its user has a "%" that must be written "%25"'],
  [[URL_, "--header", "hunter2"], 'Option --header must be "Name: value"'],
  [[URL_, "-H", "a b: hunter2"], 'Option --header must be "Name: value"'],
  [[URL_, "-H", "a: hunter2\n"], 'Option --header names "a" a value that no header can have'],
  [[URL_, "-H", "Upgrade: x"], 'Option --header names "Upgrade", which the handshake sets itself'],
  [[URL_, "--cookie", "hunter2"], "Option --cookie must be NAME=VALUE, without spaces and semicolons"],
  [[URL_, "--cookie", "a=hunter2;b"], "Option --cookie must be NAME=VALUE, without spaces and semicolons"],
  [[URL_, "--token", "hunter2", "--user", "a"], "Name only one of --token, --token-file and --user"],
  [
    [URL_, "--user", "ada:hunter2"],
    "Option --user takes a name only: SWITCHBOARD_PASSWORD holds the password, or it is asked for",
  ],
  [[URL_, "--cert", "a"], "Options --cert and --key need each other"],
  [[URL_, "--wait", "soon"], 'Option --wait is "soon": must be a number of seconds, or "forever"'],
  [[URL_, "--timeout=-1"], 'Option --timeout is "-1": must be a number of seconds'],
  [[URL_, "--count", "0"], "Option --count is 0: must be a number of messages, 1 or more"],
  [[URL_, "--max-size", "1.5"], "Option --max-size is 1.5: must be a number of bytes, 1 or more"],
  [[URL_, "--binary", "utf8"], 'Option --binary is "utf8": must be hex or base64'],
  [[URL_, "--execute"], "Option --execute needs a value"],
  [[URL_, "--json=yes"], "Option --json takes no value"],
  [[URL_, "-y"], 'Unknown option "-y"'],
];

for (const [args, message] of mistakes) {
  test(`toSettings() refuses ${args.join(" ").replaceAll("\n", "\\n") || "nothing"}`, () => {
    assert.throws(() => toSettings(args), new UsageError(message));
  });
}

/** The lines that a view writes, each with its tone. */
async function shown(verbose: boolean, ...happenings: Happening[]): Promise<string[]> {
  const written: string[] = [];
  const sink = { write: async (text: string) => void written.push(text) };
  const paint = (tone: string, text: string) => (tone === "note" && text.startsWith("00:") ? "" : `${tone}${text}`);
  const style = { marks: true, pretty: false, verbose, binary: undefined, paint: { messages: paint, notes: paint } };
  const view = new ConsoleView(sink, sink, { ...style, now: () => new Date(2026, 0, 1) });
  for (const happening of happenings) await view.show(happening);
  return written.map((text) => text.slice(1, -1));
}

test("ConsoleView gives each line a tone", async () => {
  const close = (by: "us" | "server", code: number): Happening => ({ event: "close", code, reason: "", by });
  const ends = [
    close("us", 1006),
    close("us", 4000),
    ...[1000, 1001, 1005, 1006, 1008].map((code) => close("server", code)),
  ];
  assert.deepEqual(await shown(false, ...ends), [
    "note* Ended: 1006 (abnormal closure)",
    "note* Closed: 4000 (private use)",
    "note* Closed by the server: 1000 (normal closure)",
    "note* Closed by the server: 1001 (going away)",
    "note* Closed by the server: 1005 (no status received)",
    "error* Connection lost: 1006 (abnormal closure)",
    "error* Closed by the server: 1008 (policy violation)",
  ]);
  const others: Happening[] = [
    { event: "open", url: "ws://a/", subprotocol: "", again: false },
    { event: "text", data: "[1]" },
    { event: "binary", data: bytes() },
    { event: "error", message: "x" },
    { event: "refused", status: 599, phrase: "", body: "" },
  ];
  assert.deepEqual(await shown(false, ...others), [
    "note* Connected to ws://a/",
    "received< [1]",
    "received< binary, 0 bytes",
    "error* x",
    "error* Refused by the server with 599",
  ]);
});

test("ConsoleView shows pings, and pongs that nobody waits for, only if it is verbose", async () => {
  const pong: Happening = { event: "pong", data: bytes(0x61), wait: undefined };
  const happenings: Happening[] = [{ event: "ping", data: bytes() }, pong, { ...pong, wait: 2 }];
  assert.deepEqual(await shown(false, ...happenings), ['note< pong "a" after 2000.0 ms']);
  assert.deepEqual(await shown(true, ...happenings), [
    "note< ping",
    'note< pong "a"',
    'note< pong "a" after 2000.0 ms',
  ]);
});

test("toPaint() gives each tone a colour, or none", () => {
  const painted = (["received", "note", "error"] as const).map((tone) => toPaint(true)(tone, "x"));
  assert.deepEqual(painted, ["\u001b[36mx\u001b[0m", "\u001b[2mx\u001b[0m", "\u001b[31mx\u001b[0m"]);
  assert.equal(toPaint(false)("error", "x"), "x");
});

test("toShownUrl() leaves out what may be secret", () => {
  assert.equal(toShownUrl("wss://ada:a@b@host:1/p@th?token=x#y"), "wss://host:1/p@th");
  assert.equal(toShownUrl("wss://ada:pw/x@host:1/path?token=x#y"), "wss://host:1/path");
});
