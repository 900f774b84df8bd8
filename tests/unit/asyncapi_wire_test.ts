import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { type AsyncApiMessage, toAsyncAPI } from "../../entries/asyncapi.ts";
import { contract } from "../../entries/contract.ts";
import { RequestError } from "../../src/errors.ts";
import { pair } from "../../src/testing/mod.ts";
import { fits } from "./json_schema_support.ts";

interface Frame {
  readonly event: string;
  readonly id?: unknown;
  readonly [name: string]: unknown;
}

const shop = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  reserved: { complete: "done" },
  messages: {
    object: { message: z.strictObject({ symbol: z.string() }), reply: z.strictObject({ price: z.number() }) },
    number: { message: z.object({}), reply: z.number() },
    list: { message: z.object({}), reply: z.array(z.string()) },
    null: { message: z.object({}), reply: z.null() },
    anything: {
      message: z.record(z.string(), z.string()),
      reply: z.union([z.strictObject({ a: z.string() }), z.string()]),
    },
    own: { message: z.object({}), reply: z.object({ event: z.literal("other") }) },
    stream: { message: z.object({}), reply: z.strictObject({ item: z.number() }), stream: true },
    nothing: { message: z.object({}) },
    fails: { message: z.object({}) },
  },
  pushes: { alert: z.strictObject({ text: z.string() }), note: z.string() },
});
const document = toAsyncAPI(shop, { title: "Shop", version: "1", path: "/" });
const service = shop.service({
  onOpen: async (caller) => {
    await caller.send("alert", { text: "hello" });
    await caller.send("note", "hello");
  },
  onObject: () => ({ price: 1.5 }),
  onNumber: () => 7,
  onList: () => ["a"],
  onNull: () => null,
  onAnything: (_caller, { as = "" }) => (as === "text" ? "text" : { a: as }),
  onOwn: () => ({ event: "other" as const }),
  async *onStream() {
    yield { item: 1 };
  },
  onNothing() {},
  onFails: () => new RequestError("Not today", { code: "closed" }),
});

/** The messages of the channel that have this key or type. */
function described(type: string): AsyncApiMessage[] {
  const [channel] = Object.values(document.channels);
  return Object.values(channel?.messages ?? {}).filter(({ name }) => name === type);
}

function isDescribed(frame: Frame, type = frame.event): boolean {
  return described(type).some(({ payload }) => fits(payload, frame, document));
}

test("what toAsyncAPI() says of messages is what goes over the wire", async () => {
  const { client } = pair(service);
  const receive = async () => JSON.parse(String(await client.receive()));
  for (const type of ["alert", "note"]) {
    const push = await receive();
    assert.equal(push.event, type);
    assert.ok(isDescribed(push), JSON.stringify(push));
  }
  const sent: readonly (readonly [request: Frame, ...answers: string[]])[] = [
    [{ event: "object", id: "1", symbol: "ACME" }, "object"],
    [{ event: "object", symbol: "ACME" }, "object"],
    [{ event: "number", id: 2 }, "number"],
    [{ event: "list", id: "3" }, "list"],
    [{ event: "null", id: "4" }, "null"],
    [{ event: "anything", id: "5", as: "text" }, "anything"],
    [{ event: "anything", id: "6", as: "object" }, "anything"],
    [{ event: "own", id: "7" }, "own"],
    [{ event: "stream", id: "8" }, "stream", "done"],
    [{ event: "nothing", id: "9" }, "done"],
    [{ event: "fails", id: "10" }, "error"],
  ];
  for (const [request, ...answers] of sent) {
    assert.ok(isDescribed(request), JSON.stringify(request));
    client.send(JSON.stringify(request));
    for (const type of answers) {
      const answer = await receive();
      assert.equal(answer.id, request.id);
      assert.ok(isDescribed(answer, type), JSON.stringify(answer));
    }
  }
  const wrong: readonly (readonly [request: Frame, code: string])[] = [
    [{ event: "object", id: "11" }, "invalid_message"],
    [{ event: "object", id: true }, "invalid_id"],
    [{ event: "unknown", id: "12" }, "unknown_type"],
  ];
  for (const [request, code] of wrong) {
    assert.equal(isDescribed(request), false, JSON.stringify(request));
    client.send(JSON.stringify(request));
    const answer = await receive();
    assert.equal(answer.code, code);
    assert.ok(isDescribed(answer, "error"), JSON.stringify(answer));
  }
  await client.close();
});
