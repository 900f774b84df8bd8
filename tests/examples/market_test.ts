import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

test("market/main.ts streams prices until it is told to stop, pushes alerts, and says no with a code", async (t) => {
  const example = await Example.start(t, "market/main");
  // Runs beside what follows.
  const script = Example.start(t, "market/client", {
    args: [`ws://localhost:${example.port}/market`],
    ready: /unknown_symbol/,
  });
  script.catch(() => {});
  const described = await request(example.port, "GET /asyncapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal(JSON.parse(described.body).info.title, "Market");
  const page = await request(example.port, "GET /docs HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(page.body, /^<!doctype html>/i);
  const client = await example.connect("/market");
  await client.send.text('{"event":"subscribe","id":"a","symbol":"ACME"}');
  for (let count = 1; count <= 2; count += 1) {
    const { price, ...rest } = Object(await json(client));
    assert.ok(price > 0);
    assert.deepEqual(rest, { event: "subscribe", id: "a", symbol: "ACME" });
  }
  await client.send.text('{"event":"subscribe","id":"b","symbol":"ACME"}');
  assert.deepEqual(await answer("b"), {
    event: "error",
    id: "b",
    code: "subscribed",
    message: "ACME is subscribed already",
  });
  // The stream ends with the frame that is its own, and the request has its reply; which is first is nobody's business.
  await client.send.text('{"event":"un_subscribe","id":1,"symbol":"ACME"}');
  const ends = [await answer("a", 1), await answer("a", 1)];
  assert.deepEqual(
    ends.find(({ id }) => id === 1),
    { event: "un_subscribe", id: 1, ok: true },
  );
  assert.deepEqual(
    ends.find(({ id }) => id === "a"),
    { event: "complete", id: "a" },
  );
  await client.send.text('{"event":"subscribe","id":"c","symbol":"acme"}');
  const { message, ...refusal } = await answer("c");
  assert.deepEqual(refusal, {
    event: "error",
    id: "c",
    code: "invalid_message",
    issues: [{ path: "symbol", message: "Must be 1 to 8 capital letters" }],
  });
  assert.equal(typeof message, "string");
  await client.send.text('{"event":"alert_above","id":2,"symbol":"GLOBEX","price":1}');
  const frames = [Object(await json(client)), Object(await json(client))];
  assert.deepEqual(
    frames.find(({ id }) => id === 2),
    { event: "complete", id: 2 },
  );
  assert.equal(frames.find(({ event }) => event === "alert").text, "GLOBEX is above 1");

  /** The next message that is no price. */
  async function answer(...ids: (string | number)[]): Promise<{ id: string | number; message?: string }> {
    for (let count = 0; count < 50; count += 1) {
      const frame = Object(await json(client));
      if (ids.includes(frame.id) && frame.price === undefined) return frame;
    }
    throw new Error(`No answer to ${ids.join()} among 50 messages`);
  }

  assert.equal(await (await script).exited(), 0);
  assert.match(
    (await script).output,
    /^(?:ACME costs [\d.]+\n){3}Alert: ACME is above [\d.]+\nThere was no subscription\nunknown_symbol: Nothing is traded as NOSUCH\n$/,
  );
});
