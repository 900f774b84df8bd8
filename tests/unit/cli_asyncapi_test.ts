import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { toLine } from "../../cli/asyncapi/line.ts";
import { switchboard } from "../../cli/switchboard.ts";
import type { AsyncApiDocument } from "../../entries/asyncapi.ts";
import { root } from "../../scripts/root.ts";

const programs = `${root}/tests/unit/programs`;
const one = `${programs}/one_contract.ts`;
const two = `${programs}/two_contracts.ts`;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** Runs `switchboard asyncapi` in this process. */
async function run(...args: string[]): Promise<Outcome> {
  let out = "";
  let errors = "";
  const code = await switchboard(["asyncapi", ...args], {
    input: { async *[Symbol.asyncIterator]() {} },
    output: { write: (text) => (out += text) },
    errors: { write: (text) => (errors += text) },
  });
  return { code, out, errors };
}

async function write(...args: string[]): Promise<AsyncApiDocument> {
  const { code, out, errors } = await run(...args);
  assert.deepEqual([code, errors], [0, ""]);
  return JSON.parse(out);
}

test("switchboard asyncapi writes the document of the only contract, with the converter of valibot that its module would find", async () => {
  const document = await write(one);
  assert.deepEqual([document.asyncapi, document.info], ["3.0.0", { title: "market", version: "0.0.0" }]);
  assert.equal(document.channels.root?.address, "/");
  assert.equal("servers" in document, false);
  assert.deepEqual(document.operations.subscribe?.["x-payload"]?.properties, { symbol: { type: "string" } });
});

test("switchboard asyncapi takes what is said of the service, and writes a file", async () => {
  const folder = await mkdtemp(`${tmpdir()}/asyncapi-`);
  try {
    const options = ["--path", "/market/:board", "--title", "Market", "--version", "1.2.0", "--description", "Prices"];
    const servers = ["--server", "production=wss://example.com:8443/api/", "--server", "ws://localhost:9090"];
    const out = `${folder}/asyncapi.json`;
    assert.deepEqual(await run(one, ...options, ...servers, "-o", out), { code: 0, out: "", errors: "" });
    const document: AsyncApiDocument = JSON.parse(await readFile(out, "utf8"));
    assert.deepEqual(document.info, { title: "Market", version: "1.2.0", description: "Prices" });
    assert.equal(document.channels.market_board?.address, "/market/{board}");
    assert.deepEqual(document.servers, {
      production: { host: "example.com:8443", protocol: "wss", pathname: "/api" },
      server2: { host: "localhost:9090", protocol: "ws" },
    });
    await writeFile(
      `${folder}/own.mjs`,
      `export { drivers as default, toJsonSchema } from ${JSON.stringify(pathToFileURL(two))};\n`,
    );
    const own = await write(`${folder}/own.mjs`, "--server", "ws://a");
    assert.deepEqual([own.info.title, own.servers], ["own.mjs", { server: { host: "a", protocol: "ws" } }]);
    await writeFile(`${folder}/bare.mjs`, `export { market } from ${JSON.stringify(pathToFileURL(one))};\n`);
    assert.match(
      (await run(`${folder}/bare.mjs`)).errors,
      /^Cannot describe messages\.subscribe\.message: .+ option toJsonSchema is missing/,
    );
    const { code, errors } = await run(one, "--out", `${folder}/none/asyncapi.json`);
    assert.equal(code, 1);
    assert.match(errors, /^Cannot write ".+": .+\n$/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("switchboard asyncapi takes the export that is named, and the toJsonSchema of its module", async () => {
  const document = await write(two, "--export", "drivers");
  assert.equal(document.info.title, "drivers");
  assert.deepEqual(document.operations.accept?.["x-payload"], { type: "object", title: "its own" });
});

test("switchboard asyncapi tells in one line what is wrong, with an exit code", async () => {
  const wrong: readonly (readonly [code: number, line: RegExp, ...args: string[]])[] = [
    [2, /^Name one file: /],
    [2, /^Name one file: /, one, two],
    [2, /exports several contracts: name one with --export: drivers, riders$/, two],
    [2, /exports no contract "toJsonSchema": it has drivers, riders$/, two, "--export", "toJsonSchema"],
    [2, /^Unknown option "--colour"$/, one, "--colour"],
    [2, /^Option --path needs a value$/, one, "--path"],
    [2, /^Option --path is "market": must begin with a slash$/, one, "--path", "market"],
    [2, /^Option --server is "https:\/\/a": must be like wss:\/\/example\.com$/, one, "--server", "https://a"],
    [2, /^Option --server is "wss:\/\/a:b@c": /, one, "--server", "wss://a:b@c"],
    [2, /^Option --server is "": /, one, "--server", "a="],
    [2, /^Option --server names two servers "a"$/, one, "--server", "a=ws://a", "--server", "a=ws://b"],
    [1, /^Cannot read ".+": there is no such file$/, `${programs}/missing.ts`],
    [1, /^Cannot read ".+": there is no such file$/, programs],
    [1, /^Cannot load ".+": The program failed$/, `${programs}/no_contract.ts`],
    [1, /exports no contract$/, `${root}/tests/unit/json_schema_support.ts`],
  ];
  for (const [code, line, ...args] of wrong) {
    const outcome = await run(...args);
    assert.deepEqual([outcome.code, outcome.out], [code, ""], args.join(" "));
    assert.match(outcome.errors.replace(/\n$/, ""), new RegExp(line.source), args.join(" "));
    assert.equal(outcome.errors.split("\n").length, 2, "one line");
  }
});

test("toLine() gives the first line that says something, of whatever was thrown", () => {
  assert.deepEqual([new Error("\n a \nb"), "x", undefined].map(toLine), ["a ", "x", "undefined"]);
});

test("switchboard asyncapi --help tells how it is used", async () => {
  const { code, out } = await run("--help");
  assert.equal(code, 0);
  assert.match(out, /^Usage: switchboard asyncapi FILE \[OPTIONS\]\n/);
});
