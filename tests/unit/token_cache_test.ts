import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenCache } from "../../auth/token_cache.ts";

test("TokenCache gives up what was used the longest ago, when it is full", () => {
  const cache = new TokenCache<number>(3);
  for (const [index, token] of ["a", "b", "c"].entries()) cache.set(token, 1, index);
  assert.equal(cache.get("a", 1), 0);
  cache.set("d", 1, 3);
  assert.equal(cache.size, 3);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((token) => cache.get(token, 1)),
    [0, undefined, 2, 3],
  );
  for (let i = 0; i < 10_000; i++) cache.set(`token ${i}`, 1, i);
  assert.equal(cache.size, 3);
});

test("TokenCache forgets everything when the keys change, and takes nothing of older keys", () => {
  const cache = new TokenCache<number>(3);
  cache.set("a", 1, 0);
  assert.equal(cache.get("a", 2), undefined);
  assert.equal(cache.size, 0);
  cache.set("c", 2, 2);
  cache.set("b", 1, 1);
  assert.equal(cache.get("b", 2), undefined);
  assert.equal(cache.get("c", 2), 2);
  cache.delete("c");
  assert.equal(cache.get("c", 2), undefined);
});

test("TokenCache keeps no token, only its hash", () => {
  const cache = new TokenCache<number>(3);
  const seen: unknown[] = [];
  const { set } = Map.prototype;
  Map.prototype.set = function (key, value) {
    seen.push(key);
    return set.call(this, key, value);
  };
  try {
    cache.set("s3cret", 1, 0);
  } finally {
    Map.prototype.set = set;
  }
  // printf s3cret | openssl dgst -sha256 -binary | base64
  assert.deepEqual(seen, ["HsHCa1DV08WNlYMYGvgHZlX+AHVr9yhZQLo2cPmfy6A="]);
});
