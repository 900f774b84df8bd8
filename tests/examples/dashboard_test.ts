import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

const get = (example: Example, path: string) => request(example.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);

test("dashboard/main.ts serves its page, and every module that the client consists of, without types", async (t) => {
  const example = await Example.start(t, "dashboard/main");
  const page = await get(example, "/");
  assert.match(page.body, /^<!doctype html>[\s\S]*<\/html>\s*$/);
  assert.equal((await get(example, "/page.js")).status, 200);
  const found = new Set(["/client/entries/client.ts"]);
  // A set that grows while it is walked is walked to its end.
  for (const path of found) {
    const response = await get(example, path);
    const { status, body } = response;
    assert.deepEqual([path, status, response.header("content-type")?.split(";")[0]], [path, 200, "text/javascript"]);
    assert.doesNotMatch(body, /^(?:import|export) (?:type|interface) |^\s+readonly #?\w+[:;]/m, path);
    for (const [, target = ""] of body.matchAll(/(?:from ?|^import ?)"(\..+?)"/gm)) {
      found.add(new URL(target, `http://x${path}`).pathname);
    }
  }
  assert.ok(found.size > 15, [...found].join());
});

test("dashboard/main.ts serves no other file", async (t) => {
  const example = await Example.start(t, "dashboard/main");
  for (const path of [
    "/client/package.json",
    "/client/mod.ts",
    "/client/../package.json",
    "/client/src/../package.json",
    "/client/src/%2e%2e/mod.ts",
    "/client/src/..%2fmod.ts",
    "/client/src/nosuch.ts",
    "/main.ts",
  ]) {
    assert.equal((await get(example, path)).status, 404, path);
  }
});

test("dashboard/main.ts pushes the last minute and then what is new, as often as it is asked to", async (t) => {
  const example = await Example.start(t, "dashboard/main");
  const client = await example.connect("/metrics");
  const first = Object(await json(client)).samples;
  assert.ok(first.length > 0);
  for (const name of ["at", "cpu", "memory", "delay", "pages"]) assert.equal(typeof first[0][name], "number", name);
  await client.send.text('{"interval":1}');
  assert.match(Object(await json(client)).error, /^The interval is 250 to 10000 ms/);
  await client.send.text('{"interval":250}');
  const next = [...Object(await json(client)).samples, ...Object(await json(client)).samples];
  const times = [...first, ...next].map(({ at }) => at);
  assert.deepEqual(times, [...new Set(times)].sort());
  assert.equal(next.at(-1).pages, 1);
  await client.send.text("{");
  assert.equal((await client.ended()).code, 1011);
});
