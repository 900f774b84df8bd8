import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { type AsyncApiDocument, type JsonSchema, toAsyncAPI } from "../../entries/asyncapi.ts";
import { contract } from "../../entries/contract.ts";
import type { StandardSchema } from "../../src/standard_schema.ts";
import { documents, pushesOnly, unusual, withoutIds } from "./asyncapi_support.ts";
import { fits } from "./json_schema_support.ts";

const ids = { type: ["string", "integer"], description: "Correlates what comes back with the request" };
const named = (type: string): JsonSchema => ({ type: "string", const: type });

/** The one channel. */
function channelOf(document: AsyncApiDocument) {
  const [[key, channel] = assert.fail("no channel"), ...others] = Object.entries(document.channels);
  assert.deepEqual(others, []);
  return { key, ...channel };
}

/** The payload of a message, by its key. */
function payloadOf(document: AsyncApiDocument, key: string): JsonSchema {
  return channelOf(document).messages[key]?.payload ?? assert.fail(`no message ${key}`);
}

/** Every string that is a pointer. */
function* refsOf(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === "$ref" && typeof inner === "string") yield inner;
    else yield* refsOf(inner);
  }
}

function resolve(document: AsyncApiDocument, ref: string): unknown {
  assert.match(ref, /^#\/[\w.\-/]+$/, "a pointer that needs no escaping");
  let found: unknown = document;
  for (const step of ref.slice(2).split("/")) found = (found as Record<string, unknown> | undefined)?.[step];
  return found;
}

for (const [vendor, document] of documents) {
  test(`toAsyncAPI() describes a contract of ${vendor}`, () => {
    const { key, address, parameters, messages } = channelOf(document);
    assert.deepEqual([document.asyncapi, document.info], ["3.0.0", { title: "Market", version: "1.2.0" }]);
    assert.deepEqual([key, address, parameters], ["market_board", "/market/{board}", { board: {} }]);
    assert.deepEqual(Object.keys(messages), [
      "subscribe",
      "subscribe.reply",
      "un_subscribe",
      "un_subscribe.reply",
      "heartbeat",
      "alert",
      "complete",
      "error",
      "cancel",
    ]);
    assert.deepEqual(payloadOf(document, "subscribe"), {
      type: "object",
      properties: {
        event: named("subscribe"),
        id: ids,
        symbol: { type: "string", minLength: 1 },
        depth: { type: "number" },
      },
      required: ["event", "symbol"],
    });
    assert.deepEqual(payloadOf(document, "subscribe.reply"), {
      type: "object",
      properties: { event: named("subscribe"), id: ids, price: { type: "number" } },
      required: ["event", "price"],
    });
    assert.deepEqual(payloadOf(document, "alert"), {
      type: "object",
      properties: { event: named("alert"), text: { type: "string" } },
      required: ["event", "text"],
    });
    assert.deepEqual(payloadOf(document, "cancel"), {
      type: "object",
      properties: { event: named("cancel"), id: ids },
      required: ["event", "id"],
    });
    assert.deepEqual(payloadOf(document, "error").required, ["event", "code", "message"]);
    assert.deepEqual(
      [document["x-dispatcherKey"], document["x-dispatcherStreamId"], document["x-reserved"]],
      ["event", "id", { complete: "complete", error: "error", cancel: "cancel" }],
    );
  });

  test(`toAsyncAPI() says what is done by a contract of ${vendor}`, () => {
    const channel = "#/channels/market_board";
    const seen = Object.entries(document.operations).map(([key, operation]) => [
      key,
      operation.action,
      operation.messages.map(({ $ref }) => $ref.replace(`${channel}/messages/`, "")),
      operation.reply?.messages.map(({ $ref }) => $ref.replace(`${channel}/messages/`, "")),
      operation["x-response-type"],
    ]);
    assert.deepEqual(seen, [
      ["subscribe", "receive", ["subscribe"], ["subscribe.reply", "complete", "error"], "server-streaming"],
      ["un_subscribe", "receive", ["un_subscribe"], ["un_subscribe.reply", "error"], "simple-rpc"],
      ["heartbeat", "receive", ["heartbeat"], ["complete", "error"], undefined],
      ["alert", "send", ["alert"], undefined, undefined],
      ["cancel", "receive", ["cancel"], ["complete"], undefined],
    ]);
    const { subscribe, cancel } = document.operations;
    assert.deepEqual(subscribe?.["x-payload"], {
      type: "object",
      properties: { symbol: { type: "string", minLength: 1 }, depth: { type: "number" } },
      required: ["symbol"],
    });
    assert.deepEqual(subscribe?.["x-reply"]?.properties, { price: { type: "number" } });
    assert.equal(cancel?.["x-payload"], undefined);
    assert.equal(JSON.stringify(document).includes("onLeave"), false, "the name of a handler");
  });
}

for (const [name, document] of [
  ...documents,
  ["unusual schemas", unusual],
  ["no ids", withoutIds],
  ["pushes only", pushesOnly],
] as const) {
  test(`toAsyncAPI() gives plain data in which every pointer leads somewhere: ${name}`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
    const refs = [...refsOf(document)];
    assert.ok(refs.length > 0);
    assert.deepEqual(
      refs.filter((ref) => resolve(document, ref) === undefined),
      [],
    );
    const { messages } = channelOf(document);
    for (const key of [...Object.keys(messages), ...Object.keys(document.operations)]) assert.match(key, /^[\w.-]+$/);
  });
}

test("toAsyncAPI() keeps types apart whose keys would be one", () => {
  const { messages } = channelOf(unusual);
  const types = Object.entries(messages).map(([key, { name }]) => [key, name]);
  assert.deepEqual(types, [
    ["a_b", "a/b"],
    ["a_b.reply", "a/b"],
    ["a_b_2", "a_b"],
    ["a_b.reply_2", "a_b"],
    ["gr_e_1", "größe~1"],
    ["gr_e_1.reply", "größe~1"],
    ["_script_", "</script>"],
    ["_script_.reply", "</script>"],
    ["record", "record"],
    ["record.reply", "record"],
    ["free", "free"],
    ["free.reply", "free"],
    ["own", "own"],
    ["own.reply", "own"],
    ["a_b_3", "a/b"],
    ["_", ""],
    ["done_", "done~"],
    ["e_20", "e%20"],
    ["_stop", "#/stop"],
  ]);
  assert.deepEqual(unusual["x-reserved"], { complete: "done~", error: "e%20", cancel: "#/stop" });
  assert.deepEqual(payloadOf(unusual, "_stop").required, ["$type", "a/b~c"]);
});

test("toAsyncAPI() names what schemas refer to", () => {
  assert.deepEqual(Object.keys(unusual.components.schemas ?? {}), [
    "a_b",
    "a_b.reply.part",
    "a_b.part",
    "gr_e_1.part",
    "User",
  ]);
  assert.deepEqual(unusual.components.schemas?.a_b, {
    type: "object",
    properties: {
      value: { type: "string" },
      children: { type: "array", items: { $ref: "#/components/schemas/a_b" } },
    },
    required: ["value", "children"],
  });
});

test("toAsyncAPI() lets a schema that allows no other fields have those of type and id", () => {
  const admitted = { $type: true, "a/b~c": true };
  const [first, second] = payloadOf(unusual, "_script_").anyOf ?? [];
  assert.deepEqual(first, {
    type: "object",
    properties: { a: { $ref: "#/components/schemas/User" }, ...admitted },
    required: ["a"],
    additionalProperties: false,
  });
  assert.ok(typeof second === "object");
  assert.deepEqual(second.properties, { b: { type: "string" }, ...admitted });
  const { additionalProperties, properties } = payloadOf(unusual, "free");
  assert.deepEqual([additionalProperties, Object.keys(properties ?? {})], [false, ["$type", "a/b~c"]]);
  assert.deepEqual(payloadOf(unusual, "record").propertyNames, {
    anyOf: [{ enum: ["$type", "a/b~c"] }, { type: "string" }],
  });
});

test("toAsyncAPI() puts a reply that is no object into the field data", () => {
  const wrapped = payloadOf(unusual, "a_b.reply");
  assert.deepEqual(wrapped.required, ["$type", "data"]);
  assert.deepEqual(wrapped.properties?.data, { type: "array", items: { $ref: "#/components/schemas/a_b.reply.part" } });
  const [object, data] = payloadOf(unusual, "_script_.reply").anyOf ?? [];
  assert.ok(typeof object === "object" && typeof data === "object");
  assert.deepEqual([object.type, object.required], ["object", ["$type"]]);
  assert.deepEqual(data.required, ["$type", "data"]);
  assert.equal(payloadOf(unusual, "free.reply").anyOf?.length, 2);
  assert.deepEqual(payloadOf(withoutIds, "say.reply").properties, { type: named("say"), data: { type: "null" } });
});

test("toAsyncAPI() gives schemas that messages fit as they travel, and no others", () => {
  const id = "a/b~c";
  const tree = { value: "x", children: [{ value: "y", children: [] }] };
  const cases: Readonly<Record<string, readonly [right: readonly object[], wrong: readonly object[]]>> = {
    a_b: [
      [
        { $type: "a/b", [id]: "1", ...tree },
        { $type: "a/b", [id]: 1, ...tree },
        { $type: "a/b", ...tree },
      ],
      [
        tree,
        { $type: "a_b", ...tree },
        { $type: "a/b", [id]: 1.5, ...tree },
        { $type: "a/b", value: "x", children: [1] },
      ],
    ],
    "a_b.reply": [
      [{ $type: "a/b", [id]: 7, data: [tree] }],
      [
        { $type: "a/b", data: [1] },
        { $type: "a/b", ...tree },
      ],
    ],
    gr_e_1: [[{ $type: "größe~1", next: { next: null } }], [{ $type: "größe~1", next: { next: 1 } }]],
    _script_: [
      [
        { $type: "</script>", [id]: "1", b: "x" },
        { $type: "</script>", a: { name: "Ada" } },
      ],
      [
        { $type: "</script>", c: 1 },
        { $type: "</script>", b: "x", c: 1 },
        { $type: "x", b: "x" },
      ],
    ],
    "_script_.reply": [
      [
        { $type: "</script>", data: 1 },
        { $type: "</script>", [id]: 1, user: { name: "Ada" } },
      ],
      [
        { $type: "</script>", data: { user: { name: "Ada" } } },
        { $type: "</script>", data: "x" },
      ],
    ],
    record: [[{ $type: "record", [id]: "1", a: 1 }], [{ $type: "record", a: "1" }]],
    "record.reply": [
      [
        { $type: "record", data: null },
        { $type: "record", anything: 1 },
      ],
      [{ data: null }],
    ],
    free: [[{ $type: "free", [id]: "1" }], [{ $type: "free", a: 1 }]],
    "own.reply": [
      [{ $type: "no", [id]: "1", why: "x" }, { $type: "yes" }],
      [{ $type: "no" }, { $type: "own" }],
    ],
    a_b_3: [[{ $type: "a/b", data: "x" }], [{ $type: "a/b", data: 1 }]],
    done_: [[{ $type: "done~", [id]: 1 }], [{ $type: "done~" }]],
    e_20: [[{ $type: "e%20", code: "invalid_id", message: "x" }], [{ $type: "e%20", [id]: "1", code: "internal" }]],
  };
  for (const [key, [right, wrong]] of Object.entries(cases)) {
    const payload = payloadOf(unusual, key);
    for (const message of right)
      assert.equal(fits(payload, message, unusual), true, `${key}: ${JSON.stringify(message)}`);
    for (const message of wrong)
      assert.equal(fits(payload, message, unusual), false, `${key}: ${JSON.stringify(message)}`);
  }
});

test("toAsyncAPI() leaves its own type to a reply or push that has one", () => {
  assert.deepEqual(payloadOf(unusual, "own.reply").properties?.$type, { type: "string" });
  assert.deepEqual(payloadOf(unusual, "_").properties?.$type, { anyOf: [{ type: "string" }, named("")] });
});

test("toAsyncAPI() describes no ids, and nothing that needs them, where messages have none", () => {
  assert.equal("x-dispatcherStreamId" in withoutIds, false);
  assert.deepEqual(Object.keys(channelOf(withoutIds).messages), ["say", "say.reply", "count", "count.reply"]);
  assert.deepEqual(
    withoutIds.operations.say?.reply?.messages.map(({ $ref }) => $ref),
    ["#/channels/root/messages/say.reply"],
  );
});

test("toAsyncAPI() describes the path, the query, the headers and who may connect", () => {
  const { address, parameters, bindings, description } = channelOf(unusual);
  assert.deepEqual([address, description], ["/a/{room}/{n}/{rest}", "What may go wrong"]);
  assert.deepEqual(parameters, {
    room: { description: "Which", enum: ["a", "b"] },
    n: { description: "May be left out" },
    rest: { description: "Anything, slashes too" },
  });
  assert.deepEqual(bindings.ws.query, { type: "object", properties: { since: { type: "string" } } });
  assert.deepEqual(bindings.ws.headers?.required, ["x-user"]);
  const schemes = unusual.components.securitySchemes ?? {};
  assert.deepEqual(Object.keys(schemes), ["basic", "bearer", "query.token", "cookie.session", "subprotocol.bearer"]);
  assert.deepEqual(schemes.bearer, { type: "http", scheme: "bearer" });
  assert.deepEqual(unusual.servers?.own, {
    host: "example.com:8080",
    protocol: "wss",
    pathname: "/api",
    security: Object.keys(schemes).map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
  });
});

test("toAsyncAPI() takes the side of a schema that goes over the wire", () => {
  const document = toAsyncAPI(
    contract({
      dispatcherKey: "event",
      messages: {
        parse: {
          message: z.object({ at: z.string().transform(Number), n: z.number().default(1) }),
          reply: z.object({ at: z.string().transform(Number) }),
        },
      },
    }),
    { title: "Sides", version: "1", path: "/" },
  );
  assert.deepEqual(document.operations.parse?.["x-payload"]?.required, ["at"]);
  assert.deepEqual(document.operations.parse?.["x-reply"]?.properties, { at: { type: "string" } });
});

const bare = contract({ dispatcherKey: "event", messages: { "a.b": { message: v.object({}) } } });
const options = { title: "T", version: "1", path: "/" } as const;

test("toAsyncAPI() names the message and the option that a schema lacks", () => {
  assert.throws(() => toAsyncAPI(bare, options), {
    name: "TypeError",
    message:
      "Cannot describe messages.a.b.message: a schema of valibot has no JSON Schema of its own, and option toJsonSchema is missing: give it toJsonSchema of @valibot/to-json-schema",
  });
});

test("toAsyncAPI() names the message whose schema has no JSON form, and keeps the cause", () => {
  const dated = contract({ dispatcherKey: "event", messages: { a: { message: z.object({}), reply: z.date() } } });
  assert.throws(
    () => toAsyncAPI(dated, options),
    (error) =>
      error instanceof TypeError &&
      /^Cannot describe messages\.a\.reply as JSON Schema: .*[Dd]ate/.test(error.message) &&
      error.cause !== undefined,
  );
  const text = contract({ dispatcherKey: "event", messages: { a: { message: z.string() } } });
  assert.throws(
    () => toAsyncAPI(text, options),
    /^TypeError: Cannot describe messages\.a\.message: its schema takes no object/,
  );
});

test("toAsyncAPI() refuses options that are wrong, by their names", () => {
  const wrong: readonly [RegExp, unknown][] = [
    [/^Unknown option "colour"/, { ...options, colour: "red" }],
    [/^Option title is ""/, { ...options, title: "" }],
    [/^Option version is 1:/, { ...options, version: 1 }],
    [/^Option path is "chat"/, { ...options, path: "chat" }],
    [/^Option path is undefined/, { title: "T", version: "1" }],
    [/^Option params has "room"/, { ...options, params: { room: {} } }],
    [/^Option query must be a Standard Schema/, { ...options, query: {} }],
    [/^Option toJsonSchema must be a function/, { ...options, toJsonSchema: {} }],
    [/^Option servers must be a record of servers/, { ...options, servers: [] }],
    [/^Option servers must be a record of servers/, { ...options, servers: "wss://example.com" }],
    [
      /^Option servers has "a b": a name consists of/,
      { ...options, servers: { "a b": { host: "a", protocol: "ws" } } },
    ],
    [/^Option servers\.own must be like \{ host: "example/, { ...options, servers: { own: "wss://example.com" } }],
    [/^Option servers\.own must be like \{ host: "example/, { ...options, servers: { own: null } }],
    [/^Option servers\.own must be like \{ host: "example/, { ...options, servers: { own: { host: "example.com" } } }],
    [
      /^Option servers\.own must be like/,
      { ...options, servers: { own: { host: "wss://example.com", protocol: "wss" } } },
    ],
    [/^Option servers\.own must be like/, { ...options, servers: { own: new URL("wss://example.com") } }],
    [/^Option servers\.own must be like/, { ...options, servers: { own: { host: " ", protocol: "wss" } } }],
    [/^Option servers must be a record of servers/, { ...options, servers: new Map() }],
    [/^Option auth must be a list of authenticators/, { ...options, auth: "Bearer" }],
    [/^Option auth must be a list of authenticators/, { ...options, auth: [{}] }],
    [/^Option auth must be a list of authenticators/, { ...options, auth: ["header"] }],
    [/^Option credentials must be a list of at least one source$/, { ...options, credentials: "header" }],
    [/^Option credentials must be a list of at least one source$/, { ...options, credentials: [] }],
    [/^Option credentials has 5: must be "header", /, { ...options, credentials: [5] }],
    [/^Option credentials has {"query":""}: must be "header", /, { ...options, credentials: [{ query: "" }] }],
    [/^Cannot describe messages\.a\.b\.message: its JSON Schema is no object/, { ...options, toJsonSchema: () => 1 }],
  ];
  for (const [message, given] of wrong) {
    assert.throws(() => toAsyncAPI(bare, given as never), { name: "TypeError", message }, String(message));
  }
  for (const none of [undefined, null, {}, { rules: {} }, { rules: { messages: {} } }]) {
    assert.throws(() => toAsyncAPI(none as never, options), /^TypeError: Option contract must be a contract/);
  }
});

/** A schema whose JSON Schema is given. */
function fake(json: unknown): StandardSchema {
  const jsonSchema = { input: () => json, output: () => assert.fail("the wrong side") };
  const standard = { version: 1, vendor: "fake", validate: (value: unknown) => ({ value }), jsonSchema } as const;
  return { "~standard": standard };
}

function describe(json: unknown): AsyncApiDocument {
  return toAsyncAPI(contract({ dispatcherKey: "event", messages: { a: { message: fake(json) } } }), options);
}

test("toAsyncAPI() refuses a pointer that leads out of its schema, or nowhere", () => {
  for (const $ref of [
    "#/definitions/b",
    "other.json",
    "https://example.com/a",
    "#b",
    "#/definitions/toString",
    "#/__proto__",
    "#/%",
  ]) {
    assert.throws(
      () => describe({ type: "object", properties: { b: { $ref } }, definitions: { c: {} } }),
      (error) => error instanceof TypeError && error.message.includes(`refers to ${JSON.stringify($ref)}`),
      $ref,
    );
  }
});

test("toAsyncAPI() follows any pointer into the schema itself", () => {
  const document = describe({
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: "https://example.com/schema",
    type: "object",
    properties: {
      "a/b~c d": { type: "string" },
      $ref: { type: "number" },
      again: { $ref: "#/properties/a~1b~0c%20d" },
      item: { $ref: "#/$defs/Pair/items/1" },
      value: { const: { $ref: "#/nowhere" } },
    },
    $defs: { Pair: { items: [{ type: "null" }, { type: "boolean" }] } },
  });
  assert.deepEqual(document.operations.a?.["x-payload"], {
    type: "object",
    properties: {
      "a/b~c d": { type: "string" },
      $ref: { type: "number" },
      again: { $ref: "#/components/schemas/a.part" },
      item: { $ref: "#/components/schemas/a.part_2" },
      value: { const: { $ref: "#/nowhere" } },
    },
  });
  assert.deepEqual(document.components.schemas, { "a.part": { type: "string" }, "a.part_2": { type: "boolean" } });
});

test("toAsyncAPI() ends on schemas that are nothing but circles", () => {
  for (const json of [
    { $ref: "#" },
    { anyOf: [{ $ref: "#" }] },
    {
      allOf: [{ $ref: "#" }, { $ref: "#/definitions/a" }],
      definitions: { a: { $ref: "#/definitions/b" }, b: { $ref: "#/definitions/a" } },
    },
    { type: "object", additionalProperties: { $ref: "#" }, oneOf: [{ $ref: "#" }], if: { $ref: "#" } },
  ]) {
    assert.equal(describe(json).operations.a?.["x-type"], "a");
  }
});

test("toAsyncAPI() bears types that are names of Object.prototype", () => {
  const messages = JSON.parse('{"__proto__":0,"constructor":0,"toString":0}', (_, value) =>
    value === 0 ? { message: fake({ type: "object" }) } : value,
  );
  const document = toAsyncAPI(contract({ dispatcherKey: "constructor", messages }), options);
  const seen = Object.entries(document.operations).map(([key, operation]) => [key, operation["x-type"]]);
  assert.deepEqual(seen, [
    ["_", "__proto__"],
    ["constructor", "constructor"],
    ["toString", "toString"],
  ]);
  assert.deepEqual(payloadOf(document, "toString").properties, { constructor: named("toString") });
});

test("toAsyncAPI() bears schemas in which names of Object.prototype are fields", () => {
  const json = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"number"}},"required":["__proto__"]}',
  );
  const { properties = {}, required } = describe(json).operations.a?.["x-payload"] ?? {};
  assert.deepEqual([Object.keys(properties), required], [["__proto__", "constructor"], ["__proto__"]]);
  assert.deepEqual(Object.keys(payloadOf(describe(json), "a").properties ?? {}), ["event", "__proto__", "constructor"]);
});
