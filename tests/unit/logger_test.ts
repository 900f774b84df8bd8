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

/** What `consoleLogger` gives to the console for a detail, as text. */
function printed(detail: unknown): unknown[] {
  const original = console.error;
  const seen: unknown[] = [];
  console.error = (...what: unknown[]) => void seen.push(...what.slice(1));
  try {
    consoleLogger.error("It failed", detail);
  } finally {
    console.error = original;
  }
  return seen;
}

test("A8 what a peer sent forges no line and no escape sequence of the console in an error", () => {
  const error = toThrown(() => JSON.parse("\u001b[2J\u009b\r\nAll is well \u2028")) ?? assert.fail();
  error.message += "\u001b[2J\u009b\r\nAll is well\n\tindented \u2028";
  for (const detail of [
    error,
    new Error("outer", { cause: error }),
    new TypeError("\u0007", { cause: "\u001b is quoted by a console" }),
  ]) {
    const text = printed(detail).slice(0, 3).join("").replace("\u001b is quoted", "");
    assert.doesNotMatch(text, /(?![\t\n])[\p{Cc}\u2028\u2029]/u);
    assert.doesNotMatch(text, /\n\S/);
  }
  assert.match(printed(error).join(""), /\\u001b\[2J\\u009b\\u000d\n {4}All is well\n\tindented \\u2028/);
});

test("an error with a plain message is given to the console as it is, with its causes", () => {
  const nested = new Error("outer\n  with more", { cause: new Error("inner", { cause: { code: 7 } }) });
  const circular = new Error("round");
  circular.cause = circular;
  const bare = new Error("bare");
  delete bare.stack;
  for (const detail of [new Error("plain"), nested, circular, "text\u001b", undefined, { code: 1 }]) {
    const [given] = printed(detail);
    assert.ok(given === detail);
  }
  assert.deepEqual(printed(bare), [bare]);
  circular.message = "\u0007";
  assert.match(printed(circular).join(" "), /Error: \\u0007/);
});

function toThrown(run: () => unknown): Error | undefined {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}
