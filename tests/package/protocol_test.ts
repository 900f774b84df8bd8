import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import * as v from "valibot";
import { contract, RequestError } from "../../entries/contract.ts";
import { root } from "../../scripts/root.ts";
import { run } from "../../scripts/spawn.ts";
import { pair } from "../../src/testing/mod.ts";
import { Example } from "../examples/example.ts";
import { text } from "./source.ts";

const page = "docs/protocol.md";
const symbol = v.string();

// As the page has it.
const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    subscribe: { message: v.object({ symbol }), reply: v.object({ price: v.number() }), stream: true },
    un_subscribe: { message: v.object({ symbol }), reply: v.object({ ok: v.boolean() }) },
    symbols: { message: v.object({}), reply: v.array(symbol) },
    heartbeat: { message: v.object({}) },
  },
  pushes: { alert: v.object({ text: v.string() }) },
});

const service = market.service({
  async *onSubscribe(_caller, { symbol }, { signal }) {
    if (symbol === "NOSUCH") throw new RequestError("Nothing is traded as NOSUCH", { code: "unknown_symbol" });
    yield { price: symbol === "SLOW" ? 1 : 12.5 };
    if (symbol === "SLOW") await new Promise((resolve) => signal.addEventListener("abort", resolve));
    yield { price: 12.75 };
  },
  onUnSubscribe(caller, { symbol }) {
    if (symbol === "LAST") void caller.send("alert", { text: "Nobody listens to LAST any more" });
    return { ok: true };
  },
  onSymbols: () => ["ACME", "GLOBEX"],
  onHeartbeat() {},
});

/** The lines of each transcript, with the line of the page that it begins at. */
function toTranscripts(source: string): { place: string; lines: string[] }[] {
  return [...source.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(({ 1: body = "", index }) => ({
    place: `${page}:${source.slice(0, index).split("\n").length + 1}`,
    lines: body.trimEnd().split("\n"),
  }));
}

/** Plays a transcript, and gives it as it went. */
async function play(lines: readonly string[]): Promise<string[]> {
  const { client } = pair(service);
  const went: string[] = [];
  for (const line of lines) {
    if (line.startsWith("> ")) client.send(line.slice(2));
    went.push(line.startsWith("> ") ? line : `< ${await client.receive()}`);
  }
  // Nothing may follow; a message that is always answered shows that.
  client.send('{"event":"heartbeat","id":"end"}');
  const last = String(await client.receive());
  if (last !== '{"event":"complete","id":"end"}') went.push(`< ${last}`);
  await client.close();
  return went;
}

const transcripts = toTranscripts(text(page));

test(`${page} has transcripts`, () => assert.ok(transcripts.length > 8, `${transcripts.length}`));

for (const { place, lines } of transcripts) {
  test(`the transcript at ${place} goes as it says`, async () => assert.deepEqual(await play(lines), lines));
}

test("a transcript that goes another way is found", async () => {
  const lines = ['> {"event":"heartbeat","id":1}', '< {"event":"complete","id":2}'];
  assert.notDeepEqual(await play(lines), lines);
  assert.equal((await play(['> {"event":"heartbeat","id":1}'])).length, 2);
});

test(`the contract of ${page} is the one that its transcripts are played with`, () => {
  const code = (source: string): string =>
    /^(?:export )?const market = (contract\([\s\S]*?^\}\);)/m.exec(source)?.[1] ?? source;
  assert.equal(code(text(page)), code(text("tests/package/protocol_test.ts")));
});

test(`${page} holds examples/market/client.py`, () => {
  assert.equal(/^```python\n([\s\S]*?)^```$/m.exec(text(page))?.[1], text("examples/market/client.py"));
});

/** A Python that has websockets, or undefined. */
const python = [process.env.PYTHON, "/usr/bin/python3", "python3"].find((path) => {
  if (path === undefined || (path.startsWith("/") && !existsSync(path))) return false;
  try {
    execFileSync(path, ["-c", "import websockets"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

test("a client in Python, written from the page, talks to the market", {
  skip: python === undefined && "no Python with websockets: install python3-websockets",
}, async (t) => {
  const example = await Example.start(t, "market/main");
  const url = `ws://localhost:${example.port}/market`;
  const { code, output } = await run(python ?? "", ["examples/market/client.py", url], { cwd: root, timeout: 20 });
  assert.equal(code, 0, output);
  const answers = output
    .trim()
    .split("\n")
    .filter((line) => !line.includes("'price'"));
  assert.equal(answers.length, 4, output);
  assert.match(answers[0] ?? "", /'event': 'complete', 'id': 's1'/);
});
