import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, type JWK, jwtVerify } from "jose";
import { type SelfSignedJwtOptions, selfSignedJwt } from "../../auth/client/mod.ts";
import { toSelfSignedJwt } from "../../auth/client/self_signed_jwt.ts";
import { jwtAuth } from "../../auth/mod.ts";
import { refused, request, shown, Watch } from "./client_auth_support.ts";
import { upgradeRequest } from "./auth_support.ts";

const SECRET = `s3cret${"x".repeat(58)}`;
const plain = { issuer: "worker", audience: "chat" } as const;
const hmac = { ...plain, algorithm: "HS256", key: SECRET } as const;
const rsa = await generateKeyPair("RS256", { extractable: true });
const ec = await generateKeyPair("ES256", { extractable: true });
const ecPem = await exportPKCS8(ec.privateKey);
const ecJwk = await exportJWK(ec.privateKey);

/** Makes a source whose time a test moves. */
function at(watch: Watch, options: SelfSignedJwtOptions): (renew?: boolean) => Promise<string> {
  const source = toSelfSignedJwt(options, watch.epoch);
  return async (renew) => (await source(request(renew))).token;
}

test("CAUTH-04 selfSignedJwt() sets iss, aud, sub, iat, nbf, exp, jti, kid and claims of one's own", async () => {
  const watch = new Watch();
  watch.now += 0.7;
  const iat = Math.floor(watch.now);
  const token = await at(watch, { ...hmac, subject: "zoë", claims: { room: { floor: 3 } }, keyId: "k1" })();
  const { jti, ...claims } = decodeJwt(token);
  assert.match(`${jti}`, /^[\da-f-]{36}$/);
  assert.deepEqual(claims, {
    iss: "worker",
    aud: "chat",
    sub: "zoë",
    iat,
    nbf: iat,
    exp: iat + 300,
    room: { floor: 3 },
  });
  assert.deepEqual(decodeProtectedHeader(token), { alg: "HS256", typ: "JWT", kid: "k1" });
  const bare = await at(watch, { ...hmac, audience: ["a"], expTime: 1.5 })();
  assert.deepEqual(decodeJwt(bare).aud, ["a"]);
  assert.equal(decodeJwt(bare).exp, iat + 1);
  assert.deepEqual(decodeProtectedHeader(bare), { alg: "HS256", typ: "JWT" });
});

for (const algorithm of ["HS256", "HS384", "HS512"] as const) {
  test(`CAUTH-04 selfSignedJwt() signs with ${algorithm}: a text, bytes, a JWK, a CryptoKey`, async () => {
    const bytes = new TextEncoder().encode(SECRET);
    const hash = `SHA-${algorithm.slice(2)}`;
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, true, ["sign", "verify"]);
    const jwk = (await crypto.subtle.exportKey("jwk", key)) as JWK;
    for (const signer of [SECRET, bytes, key, jwk]) {
      const { token } = await selfSignedJwt({ ...plain, algorithm, key: signer })(request());
      assert.equal((await jwtVerify(token, bytes, { algorithms: [algorithm], ...plain })).payload.iss, "worker");
    }
  });
}

for (const algorithm of ["RS256", "PS384", "ES256", "ES384", "EdDSA", "Ed25519"] as const) {
  test(`CAUTH-04 selfSignedJwt() signs with ${algorithm}: PEM text, a JWK, a CryptoKey`, async () => {
    const { privateKey, publicKey } =
      algorithm === "RS256"
        ? rsa
        : algorithm === "ES256"
          ? ec
          : await generateKeyPair(algorithm, { extractable: true });
    const pem = await exportPKCS8(privateKey);
    const jwk = { ...((await crypto.subtle.exportKey("jwk", privateKey)) as JWK), kid: "own" };
    for (const key of [pem, `\n${pem}`, jwk, privateKey]) {
      const { token } = await selfSignedJwt({ ...plain, algorithm, key })(request());
      const { protectedHeader } = await jwtVerify(token, publicKey, { algorithms: [algorithm], ...plain });
      assert.equal(protectedHeader.kid, key === jwk ? "own" : undefined);
    }
  });
}

test("CAUTH-04 jwtAuth() of the server takes what selfSignedJwt() signs", async () => {
  const publicKey = await exportJWK(ec.publicKey);
  const { authenticate } = jwtAuth({ algorithms: ["ES256"], publicKey, issuer: "worker", audience: "chat" });
  const source = selfSignedJwt({ ...plain, subject: "zoë", algorithm: "ES256", key: ecPem });
  const principal = await authenticate((await source(request())).token, upgradeRequest());
  assert.equal(principal?.subject, "zoë");
});

test("CAUTH-08 selfSignedJwt() gives one token until shortly before it expires, then another", async () => {
  const watch = new Watch();
  const token = at(watch, hmac);
  const first = await token();
  watch.now += 294.9;
  assert.equal(await token(), first);
  watch.now += 0.2;
  const second = await token();
  assert.notEqual(second, first);
  assert.equal(decodeJwt(second).iat, 1_800_000_295);
  const short = at(watch, { ...hmac, expTime: 10 });
  const third = await short();
  watch.now += 8.8;
  assert.equal(await short(), third);
  watch.now += 0.2;
  assert.notEqual(await short(), third);
});

test("CAUTH-08 selfSignedJwt() signs anew when the last one was refused, and once for those who come together", async () => {
  const watch = new Watch();
  const token = at(watch, hmac);
  const first = await token();
  const [second, ...others] = await Promise.all([token(true), token(true), token()]);
  assert.notEqual(second, first);
  assert.deepEqual(others, [second, second]);
  assert.equal(await token(), second);
  assert.notEqual(await token(true), second);
});

test("selfSignedJwt() gives nothing to an attempt that was given up", async () => {
  const source = selfSignedJwt(hmac);
  const signal = AbortSignal.abort(new Error("given up"));
  await assert.rejects(source(request(false, signal)), /^Error: given up$/);
  await source(request());
  await assert.rejects(source(request(false, signal)), /^Error: given up$/);
});

test("selfSignedJwt() copies claims and bytes, so that a change of them changes no token", async () => {
  const claims = { rooms: ["a"] };
  const bytes = new TextEncoder().encode(SECRET);
  const source = selfSignedJwt({ ...hmac, claims, key: bytes });
  claims.rooms.push("b");
  bytes.fill(0);
  const { payload } = await jwtVerify((await source(request())).token, new TextEncoder().encode(SECRET));
  assert.deepEqual(payload.rooms, ["a"]);
});

const hmacKey = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const weakKey = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: 128 }, false, ["sign"]);
const ecdh = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
const weakRsa = await crypto.subtle.generateKey(
  { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
  false,
  ["sign", "verify"],
);
const oct = { kty: "oct", k: "AAAA" };
const small = { kty: "RSA", n: "s3cret".repeat(20), e: "AQAB", d: "s3cret" };
for (const [config, error, message] of [
  [{}, TypeError, /issuer must be a text/],
  [{ ...hmac, issuer: "" }, TypeError, /issuer must be a text/],
  [{ ...hmac, audience: undefined }, TypeError, /audience must be a text or a list/],
  [{ ...hmac, audience: "" }, TypeError, /audience must be a text/],
  [{ ...hmac, audience: [] }, TypeError, /audience must be a text or a list/],
  [{ ...hmac, audience: ["a", ""] }, TypeError, /audience must be a text/],
  [{ ...hmac, subject: "" }, TypeError, /subject must be a text/],
  [{ ...hmac, keyId: "" }, TypeError, /keyId must be a text/],
  [{ ...hmac, claims: "a" }, TypeError, /claims must be an object of JSON/],
  [{ ...hmac, claims: { n: 1n } }, TypeError, /claims must be an object of JSON/],
  ...["iss", "aud", "sub", "iat", "nbf", "exp", "jti"].map(
    (name) => [{ ...hmac, claims: { [name]: 1 } }, TypeError, new RegExp(`claims must not hold "${name}"`)] as const,
  ),
  [{ ...hmac, expTime: 0.5 }, RangeError, /expTime must be a number of seconds from 1: "0.5"/],
  [{ ...hmac, expTime: Number.NaN }, RangeError, /expTime must be/],
  [{ ...hmac, expTime: Number.POSITIVE_INFINITY }, RangeError, /expTime must be/],
  [{ ...hmac, expTime: "300" }, RangeError, /expTime must be/],
  [{ ...hmac, secret: "s3cret" }, TypeError, /Unknown option "secret" of selfSignedJwt/],
  [{ ...plain, key: SECRET }, TypeError, /Option algorithm is undefined: must be one of HS256/],
  [{ ...hmac, algorithm: "none" }, TypeError, /Option algorithm is "none": must be one of/],
  [{ ...hmac, algorithm: "None" }, TypeError, /Option algorithm is "None"/],
  [{ ...hmac, key: undefined }, TypeError, /key must be PEM text, a JWK, a CryptoKey or/],
  [{ ...hmac, key: null }, TypeError, /key must be PEM text, a JWK, a CryptoKey or/],
  [{ ...hmac, key: {} }, TypeError, /key must be PEM text, a JWK, a CryptoKey or/],
  [{ ...hmac, key: { ...oct, k: "" } }, TypeError, /key is a public JWK/],
  [{ ...hmac, key: 7 }, TypeError, /key must be PEM text/],
  [{ ...hmac, key: "" }, RangeError, /key has 0 bytes: HS256 needs 32 or more/],
  [{ ...hmac, key: "s3cret" }, RangeError, /key has 6 bytes: HS256 needs 32 or more/],
  [{ ...hmac, algorithm: "HS512", key: SECRET.slice(1) }, RangeError, /key has 63 bytes: HS512 needs 64/],
  [{ ...hmac, key: oct }, RangeError, /key has 3 bytes/],
  [{ ...hmac, key: weakKey }, RangeError, /key has 16 bytes/],
  [{ ...hmac, algorithm: "HS384", key: hmacKey }, TypeError, /algorithm is "HS384".*HMAC: must be one of HS256$/],
  [{ ...hmac, key: ecPem }, TypeError, /key is PEM text, which does not fit "HS256"/],
  [{ ...hmac, algorithm: "RS256" }, TypeError, /algorithm is "RS256", which does not fit option key, a secret/],
  [{ ...hmac, key: ec.privateKey }, TypeError, /does not fit option key, a CryptoKey for ECDSA: must be one of ES256$/],
  [{ ...plain, algorithm: "ES384", key: ec.privateKey }, TypeError, /algorithm is "ES384", which does not fit/],
  [{ ...plain, algorithm: "ES256", key: ec.publicKey }, TypeError, /CryptoKey without the usage "sign"/],
  [{ ...plain, algorithm: "ES256", key: ecdh.privateKey }, TypeError, /CryptoKey without the usage "sign"/],
  [{ ...plain, algorithm: "ES256", key: { ...ecJwk, d: undefined } }, TypeError, /key is a public JWK/],
  [{ ...plain, algorithm: "ES384", key: ecJwk }, TypeError, /algorithm is "ES384", which does not fit/],
  [{ ...plain, algorithm: "ES256", key: { ...ecJwk, alg: "ES384" } }, TypeError, /key is for the alg "ES384"/],
  [{ ...plain, algorithm: "ES256", key: { ...ecJwk, alg: "EdDSA" } }, TypeError, /key is for the alg "EdDSA"/],
  [{ ...plain, algorithm: "EdDSA", key: { ...ecJwk, alg: "ES256" } }, TypeError, /key is for the alg "ES256"/],
  [{ ...plain, algorithm: "ES256", key: { ...ecJwk, key_ops: "sign" } }, TypeError, /key_ops without "sign"/],
  [{ ...plain, algorithm: "RS256", key: weakRsa.privateKey }, TypeError, /key is an RSA key of 1024 bits: must have/],
  [{ ...plain, algorithm: "ES256", key: { ...ecJwk, use: "enc" } }, TypeError, /key has the use "enc"/],
  [{ ...plain, algorithm: "ES256", key: { ...ecJwk, key_ops: ["verify"] } }, TypeError, /key_ops without "sign"/],
  [{ ...plain, algorithm: "RS256", key: small }, TypeError, /key is an RSA key of 720 bits: must have 2048 or more/],
  [{ ...plain, algorithm: "RS256", key: { ...small, n: "!" } }, TypeError, /JWK that is not in base64url/],
  [
    { ...plain, algorithm: "RS256", key: "-----BEGIN RSA PRIVATE KEY-----" },
    TypeError,
    /openssl pkcs8 -topk8 -nocrypt/,
  ],
] as const) {
  test(`CAUTH-04 selfSignedJwt() throws at once: ${message.source}`, () => {
    assert.throws(
      () => selfSignedJwt(config as unknown as SelfSignedJwtOptions),
      (thrown) => {
        assert.ok(thrown instanceof error, String(thrown));
        assert.match(thrown.message, message);
        shown(thrown);
        return true;
      },
    );
  });
}

test("CAUTH-07 selfSignedJwt() is 401 for a key that turns out to be of no use, which no attempt mends", async () => {
  const broken = "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----";
  for (const key of [broken, ecPem, { ...ecJwk, kty: "RSA", n: "w".repeat(400), e: "AQAB" }]) {
    const source = selfSignedJwt({ ...plain, algorithm: "RS256", key });
    await refused(source(request()), 401, /^Option key cannot sign with "RS256"/);
  }
});
