import assert from "node:assert/strict";
import { test } from "node:test";
import { isLongerThan, truncateUtf8, utf8Length } from "../../src/utf8.ts";

const encoder = new TextEncoder();

/** Texts of every kind of character, lone surrogates too, the same ones in each run. */
function* texts(count: number): Generator<string> {
  let seed = 20261121;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const kinds = [
    () => next(0x80),
    () => 0x80 + next(0x780),
    () => 0x800 + next(0xd000),
    () => 0xd800 + next(0x400),
    () => 0xdc00 + next(0x400),
    () => 0x10000 + next(0x100000),
  ];
  for (let i = 0; i < count; i++) {
    let text = "";
    const length = next(40);
    for (let j = 0; j < length; j++) text += String.fromCodePoint(kinds[next(kinds.length)]?.() ?? 0);
    yield text;
  }
}

test("utf8Length() counts what TextEncoder encodes, lone surrogates too", () => {
  for (const text of texts(20_000))
    assert.equal(utf8Length(text), encoder.encode(text).byteLength, JSON.stringify(text));
  for (const edge of [
    "",
    "\u007f",
    "\u0080",
    "\u07ff",
    "\u0800",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
    "\ud800",
    "\udfff\ud800",
  ]) {
    assert.equal(utf8Length(edge), encoder.encode(edge).byteLength, JSON.stringify(edge));
  }
});

test("isLongerThan() says so, exactly when the bytes are more than the limit", () => {
  for (const text of texts(5000)) {
    const bytes = encoder.encode(text).byteLength;
    for (const limit of [0, bytes - 1, bytes, bytes + 1, Math.ceil(bytes / 2), text.length, text.length * 3]) {
      if (limit < 0) continue;
      assert.equal(isLongerThan(text, limit), bytes > limit, `${JSON.stringify(text)} over ${limit}`);
    }
  }
});

test("truncateUtf8() gives the longest beginning of whole characters that fits", () => {
  for (const text of texts(5000)) {
    for (const limit of [0, 1, 2, 3, 7, 20, 123]) {
      const cut = truncateUtf8(text, limit);
      assert.ok(text.startsWith(cut));
      assert.ok(utf8Length(cut) <= limit);
      const [next] = text.slice(cut.length);
      if (next !== undefined) assert.ok(utf8Length(cut) + utf8Length(next) > limit, JSON.stringify([text, cut, limit]));
    }
  }
});
