import assert from "node:assert/strict";
import { test } from "node:test";
import type { JwtAuthOptions } from "../../auth/jwt.ts";
import { gate, NOW, SECRET, sign } from "./jwt_support.ts";

const base: JwtAuthOptions = { algorithms: ["HS256"], secret: SECRET };
const strict: JwtAuthOptions = { ...base, issuer: "https://a.example", audience: ["chat", "news"] };
const good = { iss: "https://a.example", aud: "chat", sub: "ann", exp: NOW + 60, nbf: NOW, iat: NOW };
const { exp: _, ...endless } = good;
const { iss: __, ...issuerless } = good;
const { aud: ___, ...aimless } = good;

/** Asks a gate of its own at the time `NOW`. */
async function ask(options: JwtAuthOptions, claims: object | string): Promise<boolean> {
  const principal = await gate(options).ask(await sign(claims, { alg: "HS256" }, SECRET));
  return principal !== undefined;
}

const vectors: [claims: object | string, accepted: boolean, options?: Partial<JwtAuthOptions>][] = [
  [good, true],
  [endless, true],
  [{ ...good, exp: NOW }, false],
  [{ ...good, exp: NOW - 1 }, false],
  [{ ...good, exp: NOW + 0.5 }, true],
  [{ ...good, exp: NOW - 59 }, true, { clockSkew: 60 }],
  [{ ...good, exp: NOW - 60 }, false, { clockSkew: 60 }],
  [{ ...good, exp: `${NOW + 60}` }, false],
  [{ ...good, exp: "1" }, false],
  [{ ...good, exp: null }, false],
  [{ ...good, exp: true }, false],
  [{ ...good, exp: [NOW + 60] }, false],
  [{ ...good, exp: 0 }, false],
  [{ ...good, exp: -1 }, false],
  [JSON.stringify(good).replace(`${NOW + 60}`, "1e999"), false],
  [JSON.stringify(good).replace(`"exp":`, `"exp":${NOW - 9},"exp":`), true],
  [JSON.stringify(good).replace(`"nbf"`, `"exp":${NOW - 9},"nbf"`), false],
  [{ ...good, nbf: NOW + 1 }, false],
  [{ ...good, nbf: NOW + 60 }, true, { clockSkew: 60 }],
  [{ ...good, nbf: NOW + 61 }, false, { clockSkew: 60 }],
  [{ ...good, nbf: `${NOW}` }, false],
  [{ ...good, nbf: null }, false],
  [{ ...good, iat: `${NOW}` }, false],
  [{ ...good, iat: NOW + 1000 }, true],
  [issuerless, false],
  [{ ...good, iss: "https://b.example" }, false],
  [{ ...good, iss: "https://a.example/" }, false],
  [{ ...good, iss: "HTTPS://A.EXAMPLE" }, false],
  [{ ...good, iss: ["https://a.example"] }, false],
  [{ ...good, iss: "https://b.example" }, true, { issuer: ["https://a.example", "https://b.example"] }],
  [{ ...good, iss: { a: 1 } }, false],
  [aimless, false],
  [{ ...good, aud: ["other", "news"] }, true],
  [{ ...good, aud: ["other"] }, false],
  [{ ...good, aud: [] }, false],
  [good, true, { audience: "chat" }],
  [{ ...good, aud: "news" }, false, { audience: "chat" }],
  [{ ...good, aud: "chatroom" }, false],
  [{ ...good, aud: "cha" }, false],
  [{ ...good, aud: 5 }, false],
  [{ ...good, aud: ["chat", 5] }, false],
  [{ ...good, aud: { chat: true } }, false],
  [{ ...good, aud: null }, false],
  [{ ...good, sub: 5 }, false],
  [{ ...good, sub: null }, false],
  [{ ...good, jti: 5 }, false],
  [{ ...good, scope: 5 }, false],
  [{ ...good, scope: null }, false],
  [{ ...good, scope: { read: true } }, false],
  [{ ...good, scope: ["read", 5] }, false],
  [{ ...good, scope: [["read"]] }, false],
  [endless, false, { requiredClaims: ["exp"] }],
  [good, true, { requiredClaims: ["exp", "sub"] }],
  [good, false, { requiredClaims: ["toString"] }],
  [good, false, { requiredClaims: ["__proto__"] }],
];
for (const [index, [claims, accepted, options = {}]] of vectors.entries()) {
  const text = typeof claims === "string" ? claims : JSON.stringify(claims);
  test(`B6 ${index + 1}: ${accepted ? "accepted" : "refused"} ${text} ${JSON.stringify(options)}`, async () => {
    assert.equal(await ask({ ...strict, ...options }, claims), accepted);
  });
}

test("B6 What has the wrong type is refused although nobody asks for it", async () => {
  assert.ok(await ask(base, { aud: "anything", iss: "anyone" }));
  for (const claims of [{ aud: 5 }, { iss: 5 }, { exp: "1" }, { nbf: "1" }, { scope: 5 }, { sub: {} }]) {
    assert.equal(await ask(base, claims), false, JSON.stringify(claims));
  }
});

const scopes: [value: unknown, scopes: string[]][] = [
  [undefined, []],
  ["", []],
  ["read", ["read"]],
  ["read write", ["read", "write"]],
  ["  read   write ", ["read", "write"]],
  [[], []],
  [
    ["read", "write"],
    ["read", "write"],
  ],
  [["read write"], ["read write"]],
];
for (const [value, expected] of scopes) {
  test(`jwtAuth() reads the scopes ${JSON.stringify(expected)} out of ${JSON.stringify(value)}`, async () => {
    for (const scopeKey of ["scope", "scp", "https://a.example/scopes"]) {
      const token = await sign({ [scopeKey]: value }, { alg: "HS256" }, SECRET);
      assert.deepEqual((await gate({ ...base, scopeKey }).ask(token))?.scopes, expected);
    }
  });
}

test("jwtAuth() finds no scopes in what objects inherit", async () => {
  for (const scopeKey of ["constructor", "toString", "__proto__"]) {
    const token = await sign({ sub: "ann" }, { alg: "HS256" }, SECRET);
    assert.deepEqual((await gate({ ...base, scopeKey }).ask(token))?.scopes, []);
  }
  const proto = '{"__proto__": {"sub": "eve", "scope": "all"}}';
  const principal = await gate(base).ask(await sign(proto, { alg: "HS256" }, SECRET));
  assert.deepEqual([principal?.subject, principal?.scopes], [undefined, []]);
});

test("jwtAuth() compares customClaims exactly or asks their function, and refuses a token without the claim", async () => {
  const options = {
    ...base,
    customClaims: { tenant: "acme", level: (level: unknown) => Number(level) > 2, beta: true },
  };
  const claims = { tenant: "acme", level: 3, beta: true };
  assert.ok(await ask(options, claims));
  for (const wrong of [
    { tenant: "Acme" },
    { tenant: ["acme"] },
    { tenant: undefined },
    { level: 2 },
    { level: undefined },
    { beta: "true" },
    { beta: 1 },
  ]) {
    assert.equal(await ask(options, { ...claims, ...wrong }), false, JSON.stringify(wrong));
  }
  assert.equal(await ask({ ...base, customClaims: { banned: () => true } }, claims), false);
  assert.equal(await ask({ ...base, customClaims: { toString: () => true } }, claims), false);
  assert.ok(await ask({ ...base, customClaims: { gone: null } }, { gone: null }));
  assert.ok(await ask({ ...base, customClaims: { level: 3 } }, claims));
  assert.equal(await ask({ ...base, customClaims: { level: 4 } }, claims), false);
});

test("jwtAuth() keeps lists as they were given", async () => {
  const audience = ["chat"];
  const { ask } = gate({ ...base, audience });
  audience.push("news");
  assert.equal(await ask(await sign({ aud: "news" }, { alg: "HS256" }, SECRET)), undefined);
});

test("jwtAuth() rejects with what a function of customClaims throws, and when it returns no boolean", async () => {
  const failing = () => {
    throw new Error("The list of tenants is not loaded");
  };
  await assert.rejects(ask({ ...base, customClaims: { sub: failing } }, good), /The list of tenants is not loaded/);
  for (const sub of [() => Promise.resolve(false), () => Promise.reject(new Error("Nobody hears of it"))]) {
    const options = { ...base, customClaims: { sub } } as unknown as JwtAuthOptions;
    await assert.rejects(ask(options, good), /Option customClaims: the function "sub" must return a boolean/);
  }
});

test("jwtAuth() shows no claim to customClaims whose signature is not verified", async () => {
  const seen: unknown[] = [];
  const { ask } = gate({ ...base, customClaims: { sub: (sub) => seen.push(sub) > 0 } });
  assert.equal(await ask(await sign({ sub: "eve" }, { alg: "HS256" }, `${SECRET}!`)), undefined);
  assert.ok(await ask(await sign({ sub: "ann" }, { alg: "HS256" }, SECRET)));
  assert.deepEqual(seen, ["ann"]);
});

test("jwtAuth() verifies the signature of a token once", async () => {
  const { ask } = gate(base);
  const token = await sign(good, { alg: "HS256" }, SECRET);
  const { verify } = SubtleCrypto.prototype;
  let verified = 0;
  SubtleCrypto.prototype.verify = function (...parameters) {
    verified += 1;
    return verify.apply(this, parameters);
  };
  try {
    for (let i = 0; i < 3; i++) assert.ok(await ask(token));
  } finally {
    SubtleCrypto.prototype.verify = verify;
  }
  assert.equal(verified, 1);
});

test("jwtAuth() asks customClaims of a remembered token too", async () => {
  const banned = new Set<unknown>();
  const { ask } = gate({ ...base, customClaims: { sub: (sub) => !banned.has(sub) } });
  const token = await sign(good, { alg: "HS256" }, SECRET);
  assert.ok(await ask(token));
  banned.add("ann");
  assert.equal(await ask(token), undefined);
  banned.clear();
  assert.ok(await ask(token));
});

test("jwtAuth() remembers a token until it expires, clockSkew included, and not a moment longer", async () => {
  const { ask, clock } = gate({ ...base, clockSkew: 5 });
  const token = await sign(good, { alg: "HS256" }, SECRET);
  const principal = await ask(token);
  assert.equal(principal?.expiresAt, NOW + 60);
  await clock.advance(64.999);
  assert.equal(await ask(token), principal, "the same object, for it was remembered");
  await clock.advance(0.001);
  assert.equal(await ask(token), undefined);
  assert.equal(await ask(token), undefined);
});

test("jwtAuth() remembers each token by itself", async () => {
  const { ask } = gate(base);
  const tokens = await Promise.all(["ann", "ben"].map((sub) => sign({ sub }, { alg: "HS256" }, SECRET)));
  for (let i = 0; i < 3; i++) {
    const subjects = await Promise.all(tokens.map(async (token) => (await ask(token))?.subject));
    assert.deepEqual(subjects, ["ann", "ben"]);
  }
  // The claims of one and the signature of the other are no token.
  const [ann = "", ben = ""] = tokens;
  assert.equal(await ask(`${ann.slice(0, ann.lastIndexOf("."))}${ben.slice(ben.lastIndexOf("."))}`), undefined);
});

test("jwtAuth() gives a principal that nobody can change, for others get the same", async () => {
  const claims = { sub: "ann", scope: ["read"], roles: { chat: ["user"] } };
  const principal = await gate(base).ask(await sign(claims, { alg: "HS256" }, SECRET));
  assert.ok(principal);
  const roles = Object(principal.claims.roles);
  for (const value of [principal, principal.scopes, principal.claims, roles, roles.chat]) {
    assert.ok(Object.isFrozen(value));
  }
  const deep = `{"sub":"ann","deep":${"[".repeat(5000)}${"]".repeat(5000)}}`;
  assert.ok(await gate(base).ask(await sign(deep, { alg: "HS256" }, SECRET)));
});
