import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleLogger, quote } from "../../src/logger.ts";

test("quote() leaves no control character or line break of Unicode", () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const quoted = quote(`a${String.fromCharCode(unit)}b`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(quoted, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, unit.toString(16));
    assert.equal(JSON.parse(quoted), `a${String.fromCharCode(unit)}b`);
  }
});

test("quote() cuts at 256 characters, and never leaves half a character", () => {
  assert.equal(quote("x".repeat(256)), `"${"x".repeat(256)}"`);
  assert.equal(quote("x".repeat(257)), `"${"x".repeat(256)}…"`);
  assert.ok(quote("\n".repeat(100_000)).length < 600);
  assert.doesNotMatch(quote(`${"x".repeat(255)}😀`), /[\ud800-\udfff]/);
});

test("consoleLogger writes to the console, without debug", () => {
  const original = { ...console };
  const seen: unknown[][] = [];
  for (const level of ["debug", "info", "warn", "error"] as const) {
    console[level] = (...what: unknown[]) => void seen.push([level, ...what]);
  }
  try {
    consoleLogger.debug("a");
    consoleLogger.info("b", 1);
    consoleLogger.warn("c", 2);
    consoleLogger.error("d", 3);
  } finally {
    Object.assign(console, original);
  }
  assert.deepEqual(seen, [
    ["info", "b", 1],
    ["warn", "c", 2],
    ["error", "d", 3],
  ]);
});
