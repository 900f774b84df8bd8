/** What the compiler tells of mistakes that are easily made, where its own choice of words would mislead. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, write } from "./markdown.ts";

const CONTRACT = `
import { contract } from "@switchboard/websocket/contract";
import * as v from "valibot";

const market = contract({
  dispatcherKey: "type",
  messages: { buy: { message: v.object({ symbol: v.string() }) }, sell: { message: v.object({ symbol: v.string() }) } },
});
`;

async function said(code: string): Promise<string> {
  using files = write([{ place: "diagnostics:1", runs: false, code: `${CONTRACT}${code}` }]);
  return await check(files);
}

test("a handler that is missing is named, of an object and of a class", async () => {
  for (const handlers of [
    "{ onBuy: (_caller, { symbol }) => console.log(symbol) }",
    "new (class { onBuy(): void {} })()",
  ]) {
    assert.match(await said(`export const service = market.service(${handlers});`), /Property 'onSell' is missing/);
  }
});

test("a handler that does not fit is told by what does not fit", async () => {
  const handlers = "{ onBuy: (_caller, { symbol }) => symbol.length, onSell() {} }";
  assert.match(await said(`export const service = market.service(${handlers});`), /Type 'number' is not assignable/);
});

test("nothing is missing where onMessage takes the rest", async () => {
  assert.equal(await said("export const service = market.service({ onBuy() {}, onMessage() {} });"), "");
});
