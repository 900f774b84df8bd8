import assert from "node:assert/strict";
import { test } from "node:test";
import { HTML, SCRIPT, STYLE } from "../../page/assets.ts";
import { toPage } from "../../page/mod.ts";
import { toAssets, update } from "../../scripts/page.ts";
import type { AsyncApiDocument } from "../../src/asyncapi/document.ts";

const hostile = '</script><img src=x onerror="x"><!--<script>{{nonce}}$&';

const document: AsyncApiDocument = {
  asyncapi: "3.0.0",
  info: { title: hostile, version: hostile, description: hostile },
  defaultContentType: "application/json",
  channels: {},
  operations: {},
  components: {},
  "x-dispatcherKey": hostile,
  "x-reserved": { complete: "complete", error: "error", cancel: "cancel" },
};

test("page/assets.ts is what scripts/page.ts makes of the files beside it", async () => {
  assert.equal(await update(false), false);
  assert.ok((await toAssets()).includes(JSON.stringify("<!doctype html>")));
});

test("toPage() makes a page of less than 60 kB, which names no other host and ends its own elements only", () => {
  const page = toPage({ ...document, info: { title: "Market", version: "1" } }, { socketPath: "/", nonce: "abc" });
  const size = new TextEncoder().encode(page).length;
  assert.ok(size < 60_000, `${size} bytes`);
  assert.deepEqual(
    [...page.matchAll(/https?:\/\/[^\s"'`]+/g)].map(([url]) => url),
    ["http://www.w3.org/2000/svg"],
  );
  assert.equal(page.match(/ nonce="abc"/g)?.length, 2);
  assert.doesNotMatch(SCRIPT, /<\/script|<!--|innerHTML|insertAdjacentHTML|document\.write/i);
  assert.doesNotMatch(STYLE, /<\//);
  assert.doesNotMatch(HTML, / style=| on\w+=/);
});

test("toPage() puts whatever a document says into the page as text", () => {
  const page = toPage(document, { socketPath: hostile, nonce: "abc" });
  assert.equal(page.includes("<img"), false);
  assert.equal(page.match(/<\/script>/g)?.length, 2);
  assert.ok(page.includes("<title>&lt;/script&gt;&lt;img src=x onerror=&quot;x&quot;&gt;"));
  const [, data = ""] = /<script id="document" type="application\/json">(.*)<\/script>/.exec(page) ?? [];
  assert.deepEqual(JSON.parse(data), { document, socketPath: hostile });
});

test("toPage() takes no nonce that is more than a nonce", () => {
  assert.throws(() => toPage(document, { socketPath: "/", nonce: '"><script>' }), {
    name: "TypeError",
    message: 'Option nonce is "\\"><script>": must be base64',
  });
  assert.throws(() => toPage(document, { socketPath: "/", nonce: "" }), TypeError);
});
