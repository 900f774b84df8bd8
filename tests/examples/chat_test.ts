import assert from "node:assert/strict";
import { test } from "node:test";
import { HandshakeRefused, request } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

test("chat/main.ts serves its page", async (t) => {
  const example = await Example.start(t, "chat/main");
  const page = await request(example.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal(page.status, 200);
  assert.match(page.header("content-type") ?? "", /^text\/html; charset=utf-8$/i);
  assert.match(page.body, /^<!doctype html>[\s\S]*<\/html>\s*$/);
});

test("chat/main.ts tells everybody who joins, what is said and who leaves", async (t) => {
  const example = await Example.start(t, "chat/main");
  const ann = await example.connect("/chat/Ann");
  assert.deepEqual(await json(ann), { type: "welcome", name: "Ann", people: ["Ann"] });
  const ben = await example.connect("/chat/Ben");
  assert.deepEqual(await json(ben), { type: "welcome", name: "Ben", people: ["Ann", "Ben"] });
  assert.deepEqual(await json(ann), { type: "joined", name: "Ben" });
  await ann.send.text("  \n ");
  await ann.send.text("Hello <b>Ben</b>");
  const said = { type: "message", name: "Ann", text: "Hello <b>Ben</b>" };
  assert.deepEqual([await json(ann), await json(ben)], [said, said]);
  await ben.send.close(1000);
  await ben.ended();
  assert.deepEqual(await json(ann), { type: "left", name: "Ben" });
});

test("chat/main.ts lets nobody take a name, nor lets a refused one say or end anything", async (t) => {
  const example = await Example.start(t, "chat/main");
  const ann = await example.connect("/chat/Ann");
  await json(ann);
  const other = await example.connect("/chat/Ann");
  const { code, reason } = await other.ended();
  assert.deepEqual({ code, reason }, { code: 4409, reason: "This name is taken" });
  await ann.send.text("Still here");
  assert.deepEqual(await json(ann), { type: "message", name: "Ann", text: "Still here" });
  // Another spelling of the same letters is the same name.
  const zoe = await example.connect(`/chat/${encodeURIComponent("Zoë".normalize("NFC"))}`);
  await json(zoe);
  const twin = await example.connect(`/chat/${encodeURIComponent("Zoë".normalize("NFD"))}`);
  assert.equal((await twin.ended()).code, 4409);
});

test("chat/main.ts takes names with any characters", async (t) => {
  const example = await Example.start(t, "chat/main");
  for (const name of ["a/b", "100%", "?x=1#y", "李 雷", "<b>x</b>", "Ann+Ben", "%41", "x".repeat(24)]) {
    const client = await example.connect(`/chat/${encodeURIComponent(name)}`);
    assert.equal(Object(await json(client)).name, name);
  }
});

test("chat/main.ts refuses a name that cannot be seen or is too long", async (t) => {
  const example = await Example.start(t, "chat/main");
  for (const name of ["%20", "...", "%00a", "a%0Ab", "x".repeat(25)]) {
    await assert.rejects(example.connect(`/chat/${name}`), (error) => {
      assert.ok(error instanceof HandshakeRefused, `${name}: ${error}`);
      assert.equal(error.response.status, 400, name);
      assert.match(error.response.body, /^Choose a name/);
      return true;
    });
  }
});

test("chat/main.ts closes with 1009 who sends too much, and the others go on", async (t) => {
  const example = await Example.start(t, "chat/main");
  const ann = await example.connect("/chat/Ann");
  await json(ann);
  const ben = await example.connect("/chat/Ben");
  await json(ben);
  await json(ann);
  await ben.send.text("x".repeat(8193));
  assert.equal((await ben.ended()).code, 1009);
  assert.deepEqual(await json(ann), { type: "left", name: "Ben" });
  await ann.send.text("x".repeat(8192));
  assert.equal(Object(await json(ann)).text.length, 8192);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`chat/main.ts tells everybody 1001 and ends, when it gets ${signal}`, async (t) => {
    const example = await Example.start(t, "chat/main");
    const ann = await example.connect("/chat/Ann");
    await json(ann);
    const exited = example.stop(signal);
    assert.equal((await ann.ended()).code, 1001);
    assert.equal(await exited, 0);
  });
}
