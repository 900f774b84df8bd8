import assert from "node:assert/strict";
import { test } from "node:test";
import { Parser } from "@asyncapi/parser";
import type { AsyncApiDocument } from "../../entries/asyncapi.ts";
import { documents, pushesOnly, unusual, withoutIds } from "../unit/asyncapi_support.ts";

const parser = new Parser();

/** What the parser says of a document, but for the advice to take a newer version of AsyncAPI. */
async function judge(document: AsyncApiDocument): Promise<string[]> {
  const { diagnostics } = await parser.parse(JSON.stringify(document));
  return diagnostics
    .filter(({ code }) => code !== "asyncapi-latest-version")
    .map(({ code, message, path }) => `${code} ${message} ${path.join("/")}`);
}

for (const [name, document] of documents) {
  test(`the parser of AsyncAPI takes a contract of ${name}`, async () => {
    assert.deepEqual(await judge(document), []);
  });
}

test("the parser of AsyncAPI takes a contract without ids, one without messages, and what is unusual", async () => {
  assert.deepEqual(await judge(withoutIds), []);
  assert.deepEqual(await judge(pushesOnly), []);
  assert.deepEqual(await judge(unusual), []);
});
