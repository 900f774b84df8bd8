import assert from "node:assert/strict";
import { createServer } from "node:http";
import process from "node:process";
import { test } from "node:test";
import { handlers } from "../../entries/bun.ts";
import { handler } from "../../entries/deno.ts";
import { attach } from "../../entries/node.ts";
import { type EngineName, Listener, type Logger } from "../../mod.ts";
import { OLDEST, toAgeWarning } from "../../src/runtime_age.ts";
import { silent } from "./support.ts";

const runtime: EngineName = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
const engines = new Set<EngineName>([runtime, "node"]);

test("toAgeWarning() names the version and the oldest, when the runtime is older", () => {
  assert.equal(
    toAgeWarning("bun", "1.3.14"),
    "Bun 1.3.14 is older than 1.4.4, the oldest that this module is made for: see Versions in its docs/engines.md",
  );
  assert.match(toAgeWarning("deno", "2.6.8") ?? "", /^Deno 2\.6\.8 is older than 2\.9\.3, /);
  assert.match(toAgeWarning("node", "20.20.2") ?? "", /^Node 20\.20\.2 is older than 22\.18\.0, /);
});

test("toAgeWarning() compares numbers, and part by part", () => {
  for (const old of ["0.9.9", "1.0.0", "1.3.99", "1.4.0", "1.4.3", "1.4.3-canary.20"]) {
    assert.notEqual(toAgeWarning("bun", old), undefined, old);
  }
  for (const young of ["1.4.4", "1.4.4-canary.1", "1.4.10", "1.10.0", "2.0.0", "10.0.0"]) {
    assert.equal(toAgeWarning("bun", young), undefined, young);
  }
});

test("toAgeWarning() says nothing of a version that it cannot read", () => {
  for (const version of [undefined, "", "canary", "1", "v0.1.0"])
    assert.equal(toAgeWarning("node", version), undefined);
});

test("a runtime that is new enough is not spoken of", async () => {
  assert.deepEqual(await told(), []);
});

for (const old of ["0.1.2", "1.4.3"]) {
  test(`a listener and a server of one's own say once that the runtime is ${old}`, async () => {
    const lines = await as(old, told);
    assert.equal(lines.length, engines.size * 2);
    for (const line of lines) assert.ok(line.includes(` ${old} is older than ${OLDEST[runtime]}, `), line);
  });
}

/** What a listener, which is started, and a server of one's own warn of, for each engine that runs here. */
async function told(): Promise<string[]> {
  const logger = silent();
  for (const engine of engines) {
    const listener = new Listener(0, { host: "127.0.0.1", engine, logger });
    await listener.start();
    await listener.gracefulStop();
    serve(engine, logger);
  }
  return logger.lines.filter(([level]) => level === "warn").map(([, message]) => message);
}

function serve(engine: EngineName, logger: Logger): void {
  const app = { fetch: () => new Response() };
  if (engine === "bun") handlers(app, { logger });
  else if (engine === "deno") handler(app, { logger });
  else attach(createServer(), app, { logger })();
}

/** Runs something on a runtime that says to have another version. */
async function as<Result>(version: string, body: () => Promise<Result>): Promise<Result> {
  const places: [place: object, name: string, value: unknown][] = [[process.versions, runtime, version]];
  // The engine `deno` asks Deno itself, for which `process` is slow.
  if (runtime === "deno") places.push([Reflect.get(globalThis, "Deno"), "version", { deno: version }]);
  const own = places.map(([place, name]) => Object.getOwnPropertyDescriptor(place, name) ?? {});
  for (const [index, [place, name, value]] of places.entries())
    Object.defineProperty(place, name, { ...own[index], value });
  try {
    return await body();
  } finally {
    for (const [index, [place, name]] of places.entries()) Object.defineProperty(place, name, own[index] ?? {});
  }
}
