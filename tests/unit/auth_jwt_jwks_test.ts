import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { JwtAuthOptions } from "../../auth/jwt.ts";
import { gate, KeyServer, keyPair, NOW, sign, unavailable } from "./jwt_support.ts";

const one = await keyPair("ES256", "k1");
const two = await keyPair("ES256", "k2");
const header = { alg: "ES256" };
const claims = { sub: "ann" };
const ofOne = await sign(claims, { ...header, kid: "k1" }, one.privateKey);
const ofTwo = await sign(claims, { ...header, kid: "k2" }, two.privateKey);
const algorithms: JwtAuthOptions["algorithms"] = ["ES256"];

/** Another token of the first key each time, so that none is remembered. */
let count = 0;
function fresh(): Promise<string> {
  count += 1;
  return sign({ ...claims, jti: `${count}` }, { ...header, kid: "k1" }, one.privateKey);
}

function unknown(times: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: times }, (_, i) =>
      sign({ ...claims, jti: `${i}` }, { ...header, kid: `unknown ${i}` }, one.privateKey),
    ),
  );
}

test("jwtAuth() fetches the keys when the first token comes, once for many, and not for one that no key could verify", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk, two.jwk);
  const { ask } = gate({ algorithms, jwks: server.url });
  for (const token of ["", "a.b.c", await sign(claims, { alg: "HS256" }, "x".repeat(32))]) await ask(token);
  assert.equal(server.count, 0);
  const subjects = await Promise.all([ofOne, ofTwo, ofOne, ofTwo].map(async (token) => (await ask(token))?.subject));
  assert.deepEqual(subjects, ["ann", "ann", "ann", "ann"]);
  assert.equal(server.count, 1);
});

test("B7 1,000 tokens with an unknown kid cost one fetch in 30 s, at once and in a row, and good tokens pass", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  const tokens = await unknown(1000);
  for (const principal of await Promise.all(tokens.map(ask))) assert.equal(principal, undefined);
  assert.equal(server.count, 1);
  for (const token of tokens) assert.equal(await ask(token), undefined);
  assert.equal(server.count, 1);
  await clock.advance(29.999);
  assert.equal(await ask(tokens[0] ?? ""), undefined);
  assert.ok(await ask(await fresh()));
  assert.equal(server.count, 1);
  await clock.advance(0.001);
  const answers = await Promise.all([...tokens, await fresh(), ...tokens].map(ask));
  assert.equal(answers.filter((principal) => principal !== undefined).length, 1);
  assert.equal(server.count, 2);
});

test("B7 Good tokens pass at once while the keys are fetched for an unknown kid", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  await ask(ofOne);
  await clock.advance(31);
  const asked = Promise.withResolvers<() => void>();
  server.answer = (_, response) => asked.resolve(() => response.writeHead(500).end());
  const [bad = ""] = await unknown(1);
  const pending = ask(bad);
  const finish = await asked.promise;
  assert.ok(await ask(ofOne));
  assert.ok(await ask(await fresh()));
  finish();
  const error = await unavailable(pending, bad);
  assert.equal(error.retryAfter, 30);
});

test("B7 While the server is down, an unknown kid costs one fetch in 30 s and is 503, for it may be a new key", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  assert.ok(await ask(ofOne));
  server.answer = (_, response) => response.writeHead(503).end();
  await clock.advance(40);
  const tokens = await unknown(100);
  for (const token of tokens) await unavailable(ask(token), token);
  await Promise.all(tokens.map((token) => unavailable(ask(token), token)));
  assert.equal(server.count, 2);
  assert.ok(await ask(await fresh()));
  await clock.advance(10.5);
  assert.equal((await unavailable(ask(ofTwo), ofTwo)).retryAfter, 20);
  server.publish(one.jwk, two.jwk);
  await clock.advance(19.5);
  assert.ok(await ask(ofTwo));
  assert.equal(await ask(tokens[0] ?? ""), undefined, "the server says now that there is no such key");
  assert.equal(server.count, 3);
});

test("B8 Keys belong to their issuer, although another issuer's have the same kid (CVE-2026-49998)", async (t) => {
  const a = await KeyServer.start(t);
  const b = await KeyServer.start(t);
  const other = await keyPair("ES256", "k1");
  a.publish(one.jwk);
  b.publish(other.jwk);
  const gates = {
    a: gate({ algorithms, jwks: a.url, issuer: "https://a.example" }),
    b: gate({ algorithms, jwks: b.url, issuer: "https://b.example" }),
  };
  const verdicts = async (issuer: string, key: CryptoKey) => {
    const token = await sign({ iss: `https://${issuer}.example` }, { ...header, kid: "k1" }, key);
    // Twice, and both at once: nothing that one has fetched or remembered may serve the other.
    const ask = () => Promise.all([gates.a.ask(token), gates.b.ask(token)]);
    await ask();
    return (await ask()).map((principal) => principal !== undefined);
  };
  assert.deepEqual(await verdicts("a", one.privateKey), [true, false]);
  assert.deepEqual(await verdicts("b", other.privateKey), [false, true]);
  assert.deepEqual(await verdicts("a", other.privateKey), [false, false]);
  assert.deepEqual(await verdicts("b", one.privateKey), [false, false]);
  assert.deepEqual([a.count, b.count], [1, 1]);
});

test("B8 A token of another issuer, or one that has expired, does not make us ask for keys, nor fail without them", async (t) => {
  const server = await KeyServer.start(t, (_, response) => response.writeHead(500).end());
  const options = { algorithms, jwks: server.url, issuer: "https://a.example", audience: "chat" };
  const { ask, clock } = gate(options);
  const good = { iss: "https://a.example", aud: "chat" };
  for (const other of [
    { iss: "https://b.example" },
    { iss: undefined },
    { aud: "news" },
    { exp: NOW - 1 },
    { nbf: NOW + 999 },
  ]) {
    assert.equal(await ask(await sign({ ...good, ...other }, { ...header, kid: "k1" }, one.privateKey)), undefined);
    await clock.advance(31);
  }
  assert.equal(server.count, 0);
  const token = await sign(good, { ...header, kid: "k1" }, one.privateKey);
  await unavailable(ask(token), token);
  assert.equal(server.count, 1);
});

test("B9 No address in a token is called, before or after its signature is verified (CVE-2026-32301)", async (t) => {
  const canary = await KeyServer.start(t);
  const server = await KeyServer.start(t);
  const evil = await keyPair("ES256", "k9");
  canary.publish(evil.jwk);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  const { url } = canary;
  const payload = { iss: url, aud: url, jku: url, jwks_uri: url, sub: url, cnf: { jku: url } };
  for (const extra of [{ jku: url }, { x5u: url }, { jwk: evil.jwk }, { kid: url }, { kid: "../k1" }, { kid: "k9" }]) {
    assert.equal(await ask(await sign(payload, { ...header, ...extra }, evil.privateKey)), undefined);
    await clock.advance(31);
  }
  assert.ok(await ask(await sign(payload, { ...header, kid: "k1", jku: url }, one.privateKey)));
  assert.equal(canary.count, 0);
});

/** A gate with keys, asked for one more while the server answers as it does: the known keys go on. */
async function afterwards(t: TestContext, answer: RequestListener): Promise<void> {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  assert.ok(await ask(ofOne));
  server.answer = answer;
  await clock.advance(31);
  await unavailable(ask(ofTwo), ofTwo);
  assert.ok(await ask(await fresh()));
  await clock.advance(1000);
  assert.ok(await ask(await fresh()), "keys that are old and cannot be fetched go on");
  assert.equal(server.count, 3);
}

const large = JSON.stringify({ keys: [one.jwk, two.jwk], padding: "x".repeat(10 * 1024 * 1024) });
const bomb = gzipSync(large);
const failures: [what: string, answer: RequestListener, message: RegExp][] = [
  ["10 MiB", (_, response) => response.end(large), /larger than 262144 bytes/],
  [
    "a gzip bomb (CVE-2026-22036)",
    (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    /compressed|larger/,
  ],
  [
    "a chain of encodings (CVE-2026-22036)",
    (_, response) => response.writeHead(200, { "content-encoding": Array(100).fill("gzip").join(", ") }).end(bomb),
    /Cannot (?:ask|get)/,
  ],
  ["500", (_, response) => response.writeHead(500).end(JSON.stringify({ keys: [two.jwk] })), /answers with 500/],
  ["206", (_, response) => response.writeHead(206).end(JSON.stringify({ keys: [two.jwk] })), /answers with 206/],
  ["404", (_, response) => response.writeHead(404).end(), /answers with 404/],
  ["HTML", (_, response) => response.end("<!doctype html>"), /no JSON Web Key Set/],
  ["no set", (_, response) => response.end("{}"), /no JSON Web Key Set/],
  ["null", (_, response) => response.end("null"), /no JSON Web Key Set/],
  ["keys that are no list", (_, response) => response.end('{"keys":{"length":1}}'), /no JSON Web Key Set/],
  ["bytes that are no UTF-8", (_, response) => response.end(Buffer.from([0xff, 0xfe, 0x00])), /UTF-8/],
  ["nothing, and hangs up", (request) => request.socket.destroy(), /the request failed/],
];
for (const [what, answer, message] of failures) {
  test(`B10 A key server that answers with ${what} is 503, the host alone is named, and known keys go on`, async (t) => {
    const server = await KeyServer.start(t, answer);
    const { ask } = gate({ algorithms, jwks: server.url });
    const error = await unavailable(ask(ofOne), ofOne);
    assert.match(error.message, message);
    assert.ok(error.message.includes(`"${new URL(server.url).host}"`));
    assert.doesNotMatch(error.message, /keys"|\/keys/);
    assert.equal(error.retryAfter, 30);
    await afterwards(t, answer);
  });
}

test("B10 A redirect of the key server is not followed", async (t) => {
  const inside = await KeyServer.start(t);
  inside.publish(one.jwk);
  for (const status of [301, 302, 303, 307, 308]) {
    const server = await KeyServer.start(t, (_, response) =>
      response.writeHead(status, { location: inside.url }).end(),
    );
    await unavailable(gate({ algorithms, jwks: server.url }).ask(ofOne), ofOne);
  }
  assert.equal(inside.count, 0);
});

test("B10 A key server that drips is given up after 5 s", async (t) => {
  const dripped = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const drip: RequestListener = (_, response) => {
    let drops = 0;
    const timer = setInterval(() => {
      response.write(" ");
      drops += 1;
      if (drops === 3) dripped.resolve();
    }, 20);
    response.on("close", () => {
      clearInterval(timer);
      left.resolve();
    });
  };
  const server = await KeyServer.start(t, drip);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  let settled = false;
  const refusal = unavailable(ask(ofOne), ofOne).finally(() => {
    settled = true;
  });
  await dripped.promise;
  await clock.advance(4.999);
  assert.ok(!settled);
  await clock.advance(0.001);
  assert.match((await refusal).message, /no whole answer within 5 s/);
  await left.promise;
});

test("B10 A key server that cannot be reached is 503, and is asked again after 30 s", async (t) => {
  const server = await KeyServer.start(t);
  const gone = gate({ algorithms, jwks: server.url });
  await server.stop();
  await unavailable(gone.ask(ofOne), ofOne);
  await gone.clock.advance(12);
  assert.equal((await unavailable(gone.ask(ofOne), ofOne)).retryAfter, 18);
});

test("Rotation: a new key is found at the first token that names it, and a withdrawn one ends, remembered tokens too", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  assert.ok(await ask(ofOne));
  server.publish(one.jwk, two.jwk);
  await clock.advance(31);
  assert.ok(await ask(ofTwo));
  assert.ok(await ask(ofOne));
  assert.equal(server.count, 2);
  server.publish(two.jwk);
  await clock.advance(599);
  assert.ok(await ask(ofOne), "keys are believed for 10 minutes");
  await clock.advance(1);
  assert.equal(await ask(ofOne), undefined);
  assert.ok(await ask(ofTwo));
  assert.equal(server.count, 3);
});

test("Rotation: a key that is replaced under the same kid ends remembered tokens", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  assert.ok(await ask(ofOne));
  const next = await keyPair("ES256", "k1");
  server.publish(next.jwk);
  await clock.advance(600);
  assert.equal(await ask(ofOne), undefined);
  assert.ok(await ask(await sign(claims, { ...header, kid: "k1" }, next.privateKey)));
});

test("Keys that did not change leave remembered tokens alone when they are fetched again", async (t) => {
  const server = await KeyServer.start(t);
  server.publish(one.jwk);
  const { ask, clock } = gate({ algorithms, jwks: server.url });
  const principal = await ask(ofOne);
  await clock.advance(600);
  assert.equal(await ask(ofOne), principal);
  assert.equal(server.count, 2);
});

test("A token without kid is tried against the only key that fits, and refused when there are several", async (t) => {
  const server = await KeyServer.start(t);
  const rsa = await keyPair("RS256", "r1");
  server.publish(one.jwk, rsa.jwk);
  const nameless = await sign(claims, header, one.privateKey);
  const { ask, clock } = gate({ algorithms: ["ES256", "RS256"], jwks: server.url });
  assert.ok(await ask(nameless));
  assert.ok(await ask(await sign(claims, { alg: "RS256" }, rsa.privateKey)));
  server.publish(one.jwk, two.jwk, rsa.jwk);
  await clock.advance(600);
  assert.equal(await ask(nameless), undefined);
  assert.ok(await ask(ofOne));
  await clock.advance(31);
  assert.equal(await ask(nameless), undefined);
  assert.equal(server.count, 2, "nothing is fetched for it");
  assert.equal(await ask(await sign(claims, { ...header, kid: "" }, one.privateKey)), undefined);
});

test("B5 A key without alg serves only the algorithms of the list, and a key only its own (CVE-2026-22817)", async (t) => {
  const server = await KeyServer.start(t);
  const { alg: _, ...bare } = (await keyPair("RS256", "r1")).jwk;
  const rsa = await keyPair("RS256", "r1");
  const { alg: __, ...plain } = rsa.jwk;
  const pss = { name: "RSA-PSS", hash: "SHA-256" };
  const jwk = await crypto.subtle.exportKey("jwk", rsa.privateKey);
  const swapped = await crypto.subtle.importKey("jwk", { kty: "RSA", ...jwk, alg: "PS256" }, pss, false, ["sign"]);
  const tokens = {
    RS256: await sign(claims, { alg: "RS256", kid: "r1" }, rsa.privateKey),
    PS256: await sign(claims, { alg: "PS256", kid: "r1" }, swapped),
    HS256: await sign(claims, { alg: "HS256", kid: "r1" }, JSON.stringify(plain)),
  };
  const verdicts = async (list: JwtAuthOptions["algorithms"]) => {
    const { ask } = gate({ algorithms: list, jwks: server.url });
    return Promise.all(Object.values(tokens).map(async (token) => (await ask(token)) !== undefined));
  };
  server.publish(plain);
  assert.deepEqual(await verdicts(["RS256"]), [true, false, false]);
  assert.deepEqual(await verdicts(["PS256"]), [false, true, false]);
  assert.deepEqual(await verdicts(["RS256", "PS256", "ES256"]), [true, true, false]);
  server.publish(rsa.jwk);
  assert.deepEqual(await verdicts(["RS256", "PS256"]), [true, false, false]);
  server.publish(bare);
  assert.deepEqual(await verdicts(["RS256", "PS256"]), [false, false, false]);
});

test("A key of no use does not spoil the others, and never verifies anything", async (t) => {
  const server = await KeyServer.start(t);
  const secret = "0123456789abcdef0123456789abcdef";
  const oct = { kty: "oct", k: Buffer.from(secret).toString("base64url"), kid: "s1", alg: "HS256" };
  const hidden = { ...(await crypto.subtle.exportKey("jwk", two.privateKey)), kid: "k2", key_ops: ["verify"] };
  const broken = { kty: "EC", crv: "P-256", x: "AAAA", y: "AAAA", kid: "k3" };
  const enc = { ...two.jwk, kid: "k4", use: "enc" };
  server.publish(null, 5, "x", [], {}, { kty: 5 }, { kty: "new" }, oct, hidden, broken, enc, one.jwk);
  const { ask } = gate({ algorithms, jwks: server.url });
  assert.ok(await ask(ofOne));
  for (const kid of ["k2", "k3", "k4"]) {
    assert.equal(await ask(await sign(claims, { ...header, kid }, two.privateKey)), undefined, kid);
  }
  assert.equal(await ask(await sign(claims, { alg: "HS256", kid: "s1" }, secret)), undefined);
});

test("A set without keys refuses every token, and is no failure", async (t) => {
  const server = await KeyServer.start(t);
  server.publish();
  const { ask } = gate({ algorithms, jwks: server.url });
  assert.equal(await ask(ofOne), undefined);
  assert.equal(server.count, 1);
});
