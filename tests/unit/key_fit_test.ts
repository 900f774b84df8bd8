import assert from "node:assert/strict";
import { test } from "node:test";
import { algorithmsOfKey, bitsOf, checkRsa, checkRsaKey, hashOf, toCurve } from "../../auth/key_fit.ts";

const sha256 = { name: "SHA-256" };

const keys: readonly [algorithm: KeyAlgorithm & Record<string, unknown>, fits: readonly string[]][] = [
  [{ name: "Ed25519" }, ["Ed25519", "EdDSA"]],
  [{ name: "ECDSA", namedCurve: "P-256" }, ["ES256"]],
  [{ name: "ECDSA", namedCurve: "P-384" }, ["ES384"]],
  [{ name: "ECDSA", namedCurve: "P-521" }, ["ES512"]],
  [{ name: "ECDSA", namedCurve: "secp256k1" }, []],
  [{ name: "ECDSA" }, []],
  [{ name: "RSASSA-PKCS1-v1_5", hash: sha256 }, ["RS256"]],
  [{ name: "RSA-PSS", hash: { name: "SHA-512" } }, ["PS512"]],
  [{ name: "RSA-PSS", hash: { name: "SHA-1" } }, []],
  [{ name: "RSA-PSS" }, []],
  // These encrypt, agree or are secret.
  [{ name: "RSA-OAEP", hash: sha256 }, []],
  [{ name: "ECDH", namedCurve: "P-256" }, []],
  [{ name: "X25519" }, []],
  [{ name: "HMAC", hash: sha256 }, []],
];
for (const [algorithm, fits] of keys) {
  test(`algorithmsOfKey() of ${JSON.stringify(algorithm)} is ${fits.join(", ") || "none"}`, () => {
    assert.deepEqual([...algorithmsOfKey(algorithm)].sort(), [...fits].sort());
  });
}

test("toCurve() takes the curves that sign tokens, and no other", () => {
  for (const name of ["P-256", "P-384", "P-521", "Ed25519"]) assert.equal(toCurve(name), name);
  for (const name of ["secp256k1", "X25519", "Ed448", "p-256", "", undefined, 5])
    assert.equal(toCurve(name), undefined);
});

test("hashOf() is the bits of the hash, and empty for what has none", () => {
  assert.equal(hashOf(Object.assign({ name: "HMAC" }, { hash: sha256 })), "256");
  for (const hash of [undefined, null, "SHA-256", {}])
    assert.equal(hashOf(Object.assign({ name: "HMAC" }, { hash })), "");
});

test("checkRsa() and checkRsaKey() throw for fewer than 2048 bits, and never for a key of another kind", () => {
  checkRsa("key", 2048);
  assert.throws(() => checkRsa("key", 2047), TypeError);
  checkRsaKey("key", { name: "ECDSA" });
  checkRsaKey("key", Object.assign({ name: "RSA-PSS" }, { modulusLength: 2048 }));
  assert.throws(() => checkRsaKey("key", Object.assign({ name: "RSA-PSS" }, { modulusLength: 2047 })), TypeError);
});

test("bitsOf() counts from the first bit that is set", () => {
  for (const [modulus, bits] of [
    ["", 0],
    ["AA", 0],
    ["AQ", 1],
    ["_w", 8],
    ["AP8", 8],
    ["AAD_", 8],
    ["AQA", 9],
  ] as const) {
    assert.equal(bitsOf(modulus), bits, modulus);
  }
});
