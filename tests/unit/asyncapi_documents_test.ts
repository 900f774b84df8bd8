import assert from "node:assert/strict";
import { test } from "node:test";
import { toJsonSchema } from "@valibot/to-json-schema";
import { Hono } from "hono";
import * as v from "valibot";
import { z } from "zod";
import { contract } from "../../entries/contract.ts";
import { type Authenticator, type DocumentOptions, Listener, upgrade } from "../../mod.ts";
import { toAsyncAPI, withServers } from "../../src/asyncapi/async_api.ts";
import { DocsPage } from "../../src/documents/docs_page.ts";

const chat = contract({ dispatcherKey: "event", messages: { say: { message: z.object({ text: z.string() }) } } });
const service = () => upgrade(() => chat.service({ onSay() {} }));
const paths: DocumentOptions = { contract: chat, asyncapi: "/asyncapi.json", docs: "/docs" };

/** The document that an app serves. */
async function read(app: Hono, url = "/asyncapi.json") {
  const response = await app.request(url);
  assert.equal(response.status, 200);
  return await response.json();
}

test("attach() takes the options of documents beside those of the service", async () => {
  const app = new Hono();
  const listener = new Listener(app, { port: 0 });
  const door: Authenticator = { scheme: "Bearer", authenticate: async () => undefined };
  listener.attach("/chat/:room", () => chat.service({ onSay() {} }), {
    ...paths,
    title: "Chat",
    version: "2.0.0",
    description: "Talk",
    auth: [door],
    credentials: ["header", { query: "token" }],
    query: z.object({ since: z.string() }),
    maxFrameSize: 1024,
  });
  const document = await read(app, "http://example.com/asyncapi.json");
  assert.deepEqual(document.info, { title: "Chat", version: "2.0.0", description: "Talk" });
  assert.deepEqual(document.channels.chat_room.bindings.ws.query.required, ["since"]);
  assert.deepEqual(Object.keys(document.components.securitySchemes), ["bearer", "query.token"]);
  const security = ["bearer", "query.token"].map((name) => ({ $ref: `#/components/securitySchemes/${name}` }));
  assert.deepEqual(document.servers, { here: { security, host: "example.com", protocol: "ws" } });
});

test("a document says by default what the service is called, and where the request went", async () => {
  const app = new Hono().basePath("/api");
  new Listener(app, { port: 0 }).attach("/chat", service(), paths);
  const secure = await read(app, "https://example.com:8443/api/asyncapi.json?a=b");
  assert.deepEqual(secure.info, { title: "/chat", version: "0.0.0" });
  assert.deepEqual(secure.servers, { here: { host: "example.com:8443", protocol: "wss", pathname: "/api" } });
  const other = await app.request("http://a/api/asyncapi.json", { headers: { host: "<script>" } });
  assert.deepEqual((await other.json()).servers, { here: { host: "a", protocol: "ws", pathname: "/api" } });
});

test("a document believes no proxy that it is not told to", async () => {
  const app = new Hono();
  new Listener(app, { port: 0 }).attach("/chat", service(), paths);
  const headers = { host: "a", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
  const response = await app.request("/asyncapi.json", { headers });
  assert.deepEqual((await response.json()).servers, { here: { host: "a", protocol: "ws" } });
});

test("a document names the servers that it is given, whoever asks", async () => {
  const app = new Hono();
  const servers = { production: { host: "example.com", protocol: "wss" } };
  new Listener(app, { port: 0 }).attach("/chat", service(), { ...paths, servers });
  assert.deepEqual((await read(app, "http://a/asyncapi.json")).servers, servers);
});

test("the tag of a document is another when the document is", async () => {
  const tags = new Set<string | null>();
  for (const version of ["1", "2"]) {
    const app = new Hono();
    new Listener(app, { port: 0 }).attach("/chat", service(), { ...paths, version });
    for (const host of ["a", "b", "a"])
      tags.add((await app.request(`http://${host}/asyncapi.json`)).headers.get("etag"));
  }
  assert.equal(tags.size, 4);
});

test("attach() refuses paths that are taken, and keeps nothing of what it refused", () => {
  for (const make of [() => new Listener(0), () => new Listener(new Hono(), { port: 0 })]) {
    const listener = make();
    listener.attach("/chat", service(), paths);
    const taken: readonly (readonly [string, DocumentOptions])[] = [
      ["/other", { contract: chat, asyncapi: "/asyncapi.json" }],
      ["/other", { contract: chat, docs: "/asyncapi.json" }],
      ["/other", { contract: chat, docs: "/chat" }],
      ["/other", { contract: chat, asyncapi: "/other" }],
      ["/other", { contract: chat, asyncapi: "/a", docs: "/a" }],
    ];
    for (const [path, options] of taken) {
      assert.throws(
        () => listener.attach(path, service(), options),
        { name: "ListenerError" },
        JSON.stringify(options),
      );
    }
    assert.throws(() => listener.attach("/docs", service()), { name: "ListenerError" });
    listener.attach("/other", service(), { contract: chat, asyncapi: "/a", docs: "/b" });
    listener.detach("/chat");
    listener.attach("/docs", service(), { contract: chat, asyncapi: "/asyncapi.json" });
  }
});

test("attach() names the option that is missing or wrong", () => {
  const listener = new Listener(0);
  const wrong: readonly (readonly [RegExp, unknown])[] = [
    [/^Option asyncapi needs option contract: /, { asyncapi: "/a" }],
    [/^Option docs needs option contract: /, { docs: "/a" }],
    [/^Option contract must be a contract, as contract\(\) makes it$/, { asyncapi: "/a", contract: {} }],
    [/^Option contract needs option asyncapi or docs: /, { contract: chat }],
    [/^Option title needs option asyncapi or docs: /, { title: "Chat" }],
    [/^Option asyncapi is "a": must be a path/, { contract: chat, asyncapi: "a" }],
    [/^Option docs is "\/:a": must be a path/, { contract: chat, docs: "/:a" }],
    [/^Option docs is "\/\*": must be a path/, { contract: chat, docs: "/*" }],
    [/^Option docs is true: must be a path/, { contract: chat, docs: true }],
    [/^Option version is 1: must be a text/, { ...paths, version: 1 }],
    [/^Option servers\.own must be like/, { ...paths, servers: { own: "wss://example.com" } }],
    [/with options: give them to upgrade/, { ...paths, maxFrameSize: 1024 }],
  ];
  for (const [message, options] of wrong) {
    assert.throws(
      () => listener.attach("/chat", service(), options as never),
      { name: "TypeError", message },
      String(message),
    );
  }
  assert.throws(
    () => listener.attach("/chat", () => ({}), { ...paths, colour: "red" } as never),
    /^TypeError: Unknown option "colour"/,
  );
  const bare = contract({ dispatcherKey: "event", messages: { say: { message: v.object({}) } } });
  assert.throws(
    () => listener.attach("/chat", service(), { contract: bare, docs: "/docs" }),
    /option toJsonSchema is missing/,
  );
  listener.attach("/chat", service(), { contract: bare, docs: "/docs", toJsonSchema });
});

test("the page gets the path of its service, a new nonce each time, and the document of the host that asked", async () => {
  const given: unknown[] = [];
  const document = toAsyncAPI(chat, { title: "Market", version: "1", path: "/market/:board" });
  const page = new DocsPage("/docs", "/market/:board", document, 0, async () => ({
    toPage(...args) {
      given.push(args);
      return "page";
    },
  }));
  const app = new Hono().get("/api/docs", (context) => page.answer(context));
  const response = await app.request("http://example.com/api/docs");
  assert.equal(await response.text(), "page");
  const nonce = /'nonce-([^']+)'/.exec(response.headers.get("content-security-policy") ?? "")?.[1];
  const servers = { here: { host: "example.com", protocol: "ws", pathname: "/api" } };
  for (const host of ["[::1]:8080", "a_b"]) {
    const other = await app.request("/api/docs", { headers: { host } });
    assert.match(other.headers.get("content-security-policy") ?? "", /; connect-src 'self'; /, host);
    given.pop();
  }
  assert.deepEqual(given, [[withServers(document, servers), { socketPath: "/api/market/:board", nonce }]]);
});
