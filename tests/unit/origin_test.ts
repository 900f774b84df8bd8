import assert from "node:assert/strict";
import { test } from "node:test";
import { toOrigin } from "../../src/origin.ts";

test("toOrigin() makes equal origins equal strings", () => {
  assert.equal(toOrigin("HTTPS://Example.COM:443"), "https://example.com");
  assert.equal(toOrigin("http://example.com:8080"), "http://example.com:8080");
  assert.equal(toOrigin("https://bücher.example"), "https://xn--bcher-kva.example");
  assert.equal(toOrigin("http://[::1]:80"), "http://[::1]");
  assert.equal(toOrigin("null"), "null");
  assert.equal(toOrigin("chrome-extension://abcdef"), "chrome-extension://abcdef");
  for (const none of [
    "",
    "example.com",
    "file:///x",
    "file:",
    "data:",
    "data:,x",
    "https://a/",
    "https://a/b",
    "https://a?b",
    "https://a?",
    "https://a#",
    "https://a\\b",
    "https://a b",
    "https://u@a",
    "https://@a",
    "//a",
  ]) {
    assert.equal(toOrigin(none), undefined, none);
  }
});

test("toOrigin() takes nothing that is longer than any origin", () => {
  const host = `${"a".repeat(63)}.`.repeat(7);
  assert.equal(toOrigin(`x://${host}${"b".repeat(60)}`)?.length, 512);
  assert.equal(toOrigin(`x://${host}${"b".repeat(61)}`), undefined);
});
