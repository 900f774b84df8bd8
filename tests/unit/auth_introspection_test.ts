import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { toIntrospectionAuthenticator } from "../../auth/introspection.ts";
import { ResponseError, readIntrospection } from "../../auth/introspection_response.ts";
import { type IntrospectionOptions, oauth2Introspection, type Principal } from "../../auth/mod.ts";
import { AuthError } from "../../src/errors.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import type { UpgradeRequest } from "../../src/upgrade_request.ts";
import { AuthorizationServer, type Misbehaviour } from "../kit/authorization_server.ts";
import { certificatePath, password, pem } from "../kit/certificates.ts";

const client = { clientId: "chat", clientSecret: "s3cret" };

/** Asks about tokens of one server. */
function toAsk(
  server: AuthorizationServer,
  config: Partial<IntrospectionOptions> = {},
): (token: string) => Promise<Principal | undefined> {
  const authenticator = oauth2Introspection({ url: `${server.url}/introspect`, ...client, ...config });
  return (token) => authenticator.authenticate(token, toRequest());
}

/** All that an authenticator could read of a request here. */
function toRequest(signal: AbortSignal = new AbortController().signal): UpgradeRequest {
  return { signal } as UpgradeRequest;
}

/** Expects 503 and a message that names the host, why, and nothing else. */
async function refused(answer: Promise<unknown>, server: AuthorizationServer, why: RegExp): Promise<void> {
  const error = await answer.then(
    (value) => assert.fail(`Accepted: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof AuthError, String(error));
  assert.equal(error.status, 503);
  assert.equal(error.retryAfter, 1);
  assert.match(error.message, why);
  const rest = error.message.replace(`Cannot ask "${server.host}": `, "");
  assert.match(rest, /^[\w\s,."-]+$/);
  assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /introspect\b.*token=|s3cret|eyJ/);
}

const now = (): number => Math.floor(Date.now() / 1000);

test("oauth2Introspection() finds the principal of a token that the server knows", async (t) => {
  const server = await AuthorizationServer.start(t);
  const exp = now() + 60;
  const token = await server.issue({ sub: "zoë", scope: "chat:read  chat:write", exp, room: { floor: 3 } });
  const principal = await toAsk(server)(token);
  assert.equal(principal?.subject, "zoë");
  assert.deepEqual(principal?.scopes, ["chat:read", "chat:write"]);
  assert.equal(principal?.expiresAt, exp);
  assert.deepEqual(principal?.claims.room, { floor: 3 });
  assert.equal(principal?.claims.active, true);
});

test("oauth2Introspection() sends the token and its options as RFC 7662 says", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue();
  const principal = await toAsk(server, { tokenTypeHint: "access_token", params: { tenant: "a&b =c" } })(token);
  assert.equal(principal?.subject, "zoe");
  const [seen] = server.seen;
  assert.equal(seen?.method, "POST");
  assert.equal(seen?.headers["content-type"], "application/x-www-form-urlencoded");
  assert.equal(seen?.headers.accept, "application/json");
  assert.equal(seen?.headers.authorization, `Basic ${btoa("chat:s3cret")}`);
  assert.deepEqual(Object.fromEntries(seen?.form ?? []), {
    token,
    tenant: "a&b =c",
    token_type_hint: "access_token",
  });
});

test("oauth2Introspection() encodes client credentials as RFC 6749, section 2.3.1, says", async (t) => {
  const secret = { clientId: "chat:1 ü", clientSecret: "p%w +é:~!" };
  const server = await AuthorizationServer.start(t, secret);
  assert.ok(await toAsk(server, secret)(await server.issue()));
  const [, encoded = ""] = server.seen[0]?.headers.authorization?.split(" ") ?? [];
  assert.equal(atob(encoded), "chat%3A1+%C3%BC:p%25w+%2B%C3%A9%3A%7E%21");
});

test("oauth2Introspection() has scheme, scopes and challenge for the refusal", () => {
  const url = "https://id.example/introspect";
  const plain = oauth2Introspection({ url });
  assert.deepEqual([plain.scheme, plain.challenge, "scopes" in plain], ["Bearer", 'realm="websocket"', false]);
  const full = oauth2Introspection({ url, realm: 'a "b" \\', scopes: ["x", "y:z"] });
  assert.deepEqual([full.challenge, full.scopes], ['realm="a \\"b\\" \\\\"', ["x", "y:z"]]);
});

test("oauth2Introspection() finds nobody for a token that is not active, whatever else the server says", async (t) => {
  const server = await AuthorizationServer.start(t);
  const ask = toAsk(server);
  const revoked = await server.issue();
  server.revoke(revoked);
  assert.equal(await ask(revoked), undefined);
  assert.equal(await ask("made-up"), undefined);
  assert.equal(server.count("/introspect"), 2);
});

test("oauth2Introspection() asks nobody about what is no token", async (t) => {
  const server = await AuthorizationServer.start(t);
  for (const bad of ["", "tök€n", "a\nb", "a\0"]) assert.equal(await toAsk(server)(bad), undefined);
  assert.equal(server.seen.length, 0);
});

test("B6: oauth2Introspection() honours exp and nbf, whatever active says", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue();
  for (const [extra, good] of [
    [{ exp: now() - 1 }, false],
    [{ exp: 0 }, false],
    [{ exp: now() + 60 }, true],
    [{ exp: now() + 60.5 }, true],
    [{ nbf: now() + 60 }, false],
    [{ nbf: now() - 60 }, true],
  ] as const) {
    server.extra = extra;
    assert.equal((await toAsk(server)(token)) !== undefined, good, JSON.stringify(extra));
  }
});

test("B11: oauth2Introspection() is 503 when a claim has the wrong type", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue();
  for (const [extra, why] of [
    [{ active: "true" }, /without a boolean "active"/],
    [{ active: 1 }, /without a boolean "active"/],
    [{ active: null }, /without a boolean "active"/],
    [{ exp: String(now() + 60) }, /"exp" is not a number/],
    [{ exp: null }, /"exp" is not a number/],
    [{ nbf: "0" }, /"nbf" is not a number/],
    [{ sub: 7 }, /"sub" is not a text/],
    [{ scope: 7 }, /scopes are neither a text nor a list/],
    [{ scope: ["a", 7] }, /one of its scopes is not a text/],
  ] as const) {
    server.extra = extra;
    await refused(toAsk(server)(token), server, why);
  }
});

test("B11: readIntrospection() takes a JSON object with a boolean active, and nothing else", () => {
  for (const [body, why] of [
    ["", /not JSON/],
    ['{"active":true', /not JSON/],
    ["[".repeat(200_000), /not JSON/],
    [`[${"{},".repeat(80_000)}1]`, /not a JSON object/],
    [`${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`, /not JSON|without a boolean/],
    ["null", /not a JSON object/],
    ["true", /not a JSON object/],
    ['[{"active":true}]', /not a JSON object/],
    ['{"__proto__":{"active":true}}', /without a boolean/],
    ['{"active":true,"exp":1e999}', /"exp" is not a number/],
  ] as const) {
    assert.throws(
      () => readIntrospection(body, "scope"),
      (error) => error instanceof ResponseError && why.test(error.message),
      body.slice(0, 40),
    );
  }
  assert.equal(readIntrospection('{"active":false,"exp":"x","sub":7}', "scope"), undefined);
  assert.ok(readIntrospection(`{"active":true,"roles":[${"{},".repeat(80_000)}1]}`, "scope"));
  assert.deepEqual(readIntrospection(' {"active":true}\n', "scope")?.principal, {
    scopes: [],
    claims: { active: true },
  });
});

test("oauth2Introspection() reads scopes from scopeKey, as a text or as a list", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue({ scp: ["a", "b"], scope: "c" });
  assert.deepEqual((await toAsk(server, { scopeKey: "scp" })(token))?.scopes, ["a", "b"]);
  assert.deepEqual((await toAsk(server)(token))?.scopes, ["c"]);
  // No name that every object has.
  assert.deepEqual((await toAsk(server, { scopeKey: "constructor" })(token))?.scopes, []);
});

test("B11: oauth2Introspection() takes no status but 200, asks again when a connection ends, and takes a token until its exp", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_900_000_000_000 });
  // Deno's mocks outlive their test.
  t.after(() => t.mock.timers.reset());
  const active = (status: number, exp: number) => () =>
    Promise.resolve(new Response(JSON.stringify({ active: true, exp }), { status }));
  const ended = () =>
    Promise.reject(Object.assign(new TypeError("x"), { cause: Object.assign(new Error("x"), { code: "ECONNRESET" }) }));
  const answers = [active(206, 1_900_000_001), ended, active(200, 1_900_000_001), active(200, 1_900_000_000)];
  const { fetch } = globalThis;
  globalThis.fetch = () => answers.shift()?.() ?? Promise.reject(new Error("One request too many"));
  try {
    const { authenticate } = oauth2Introspection({ url: "https://id.example/" });
    const ask = async () => authenticate("token", {} as UpgradeRequest);
    await assert.rejects(ask(), /answered with status 206/);
    assert.equal((await ask())?.expiresAt, 1_900_000_001);
    assert.equal(await ask(), undefined);
  } finally {
    globalThis.fetch = fetch;
  }
});

for (const [misbehaviour, why] of [
  ["error", /answered with status 500$/],
  ["hang up", /the request failed/],
  ["html", /answer is not JSON$/],
  ["empty", /without a boolean "active"$/],
  ["redirect", /redirects, which is not followed$/],
  ["huge", /larger than 262144 bytes$/],
  ["bomb", /compressed, which was not asked for$/],
] satisfies [Misbehaviour, RegExp][]) {
  for (const tls of [false, true]) {
    test(`B10 B11: oauth2Introspection() fails closed on a server that does "${misbehaviour}"${tls ? ", with secureSocket" : ""}`, async (t) => {
      const server = await AuthorizationServer.start(t, { tls });
      const token = await server.issue();
      const ask = toAsk(server, { cache: {}, ...(tls && { secureSocket: { ca: pem("ca.pem") } }) });
      server.misbehaviour = misbehaviour;
      await refused(ask(token), server, misbehaviour === "bomb" && tls ? /compressed|not UTF-8/ : why);
      // A connection that ends is tried twice.
      assert.ok(server.seen.length === 1 || (misbehaviour === "hang up" && server.seen.length === 2));
      // No failure is kept.
      server.misbehaviour = undefined;
      assert.equal((await ask(token))?.subject, "zoe");
    });
  }
}

test("B10 B11: oauth2Introspection() gives up after 5 s on a server that is slow or drips", async (t) => {
  const answers = (["slow", "drip"] as const).flatMap((misbehaviour) =>
    [false, true].map(async (tls) => {
      const server = await AuthorizationServer.start(t, { tls });
      server.misbehaviour = misbehaviour;
      const clock = new FakeClock();
      const config = {
        url: `${server.url}/introspect`,
        ...client,
        ...(tls && { secureSocket: { ca: pem("ca.pem") } }),
      };
      const answer = toIntrospectionAuthenticator(config, clock).authenticate(await server.issue(), toRequest());
      let settled = false;
      const refusal = refused(answer, server, /no whole answer within 5 s$/).finally(() => {
        settled = true;
      });
      await (misbehaviour === "drip" ? server.dripped() : server.arrived(1));
      await clock.advance(4.999);
      assert.ok(!settled);
      await clock.advance(0.001);
      await refusal;
      await server.left();
    }),
  );
  await Promise.all(answers);
});

test("B11: oauth2Introspection() is 503 when its own credentials are wrong", async (t) => {
  const server = await AuthorizationServer.start(t);
  const ask = toAsk(server, { clientSecret: "wrong" });
  await refused(ask(await server.issue()), server, /answered with status 401$/);
});

test("oauth2Introspection() reaches a server whose CA secureSocket names, as text or as a file", async (t) => {
  const server = await AuthorizationServer.start(t, { tls: true });
  const token = await server.issue();
  for (const ca of [pem("ca.pem"), certificatePath("ca.pem")]) {
    assert.equal((await toAsk(server, { secureSocket: { ca } })(token))?.subject, "zoe");
  }
  const before = server.seen.length;
  await refused(toAsk(server)(token), server, /the request failed/);
  await refused(toAsk(server, { secureSocket: { ca: pem("other-ca.pem") } })(token), server, /the request failed/);
  const named = { ca: pem("ca.pem"), serverName: "id.example" };
  await refused(toAsk(server, { secureSocket: named })(token), server, /the request failed/);
  assert.equal(server.seen.length, before);
});

test("oauth2Introspection() shows its own certificate (RFC 8705), and is refused with another", async (t) => {
  const server = await AuthorizationServer.start(t, { tls: "mutual" });
  const token = await server.issue();
  const ca = pem("ca.pem");
  const own = { ca, cert: certificatePath("client.pem"), key: pem("client-key.pem") };
  assert.equal((await toAsk(server, { secureSocket: own })(token))?.subject, "zoe");
  assert.equal(server.seen[0]?.certified, true);
  const other = { ca, cert: pem("other-client.pem"), key: pem("other-client-key.pem") };
  await refused(toAsk(server, { secureSocket: other })(token), server, /the request failed/);
  await refused(toAsk(server, { secureSocket: { ca } })(token), server, /the request failed/);
});

/** Resolves when all that ask have joined the call under way: to hash a token takes each a moment. */
const joined = () => new Promise((resolve) => setTimeout(resolve, 50));

test("B12: 100 connections with one token make one call, without a cache too", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue();
  const ask = toAsk(server);
  const release = server.hold();
  const answers = Array.from({ length: 100 }, () => ask(token));
  const other = ask(await server.issue({ sub: "ann" }));
  await joined();
  release();
  const found = await Promise.all(answers);
  assert.deepEqual(new Set(found.map((principal) => principal?.subject)), new Set(["zoe"]));
  assert.equal((await other)?.subject, "ann");
  assert.equal(server.count("/introspect"), 2);
  assert.equal((await ask(token))?.subject, "zoe");
  assert.equal(server.count("/introspect"), 3);
});

test("B12: a call that fails fails for all who waited, and for nobody after", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue();
  const ask = toAsk(server);
  server.misbehaviour = "error";
  const release = server.hold();
  const settled = Promise.allSettled(Array.from({ length: 10 }, () => ask(token)));
  await joined();
  release();
  const answers = await settled;
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set(["rejected"]));
  assert.equal(server.seen.length, 1);
  server.misbehaviour = undefined;
  assert.equal((await ask(token))?.subject, "zoe");
});

test("oauth2Introspection() goes on for the others when the peer that came first leaves", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue();
  const authenticator = oauth2Introspection({ url: `${server.url}/introspect`, ...client });
  const release = server.hold();
  const leaver = new AbortController();
  const first = authenticator.authenticate(token, toRequest(leaver.signal));
  const second = authenticator.authenticate(token, toRequest());
  leaver.abort();
  release();
  assert.equal((await second)?.subject, "zoe");
  assert.equal((await first)?.subject, "zoe");
  assert.equal(server.seen.length, 1);
});

test("oauth2Introspection() gives claims that nobody can change for another connection", async (t) => {
  const server = await AuthorizationServer.start(t);
  const token = await server.issue({ room: { tags: ["a"] }, scope: "x" });
  const principal = await toAsk(server, { cache: {} })(token);
  assert.ok(Object.isFrozen(principal));
  assert.ok(Object.isFrozen(principal?.scopes));
  assert.ok(Object.isFrozen(principal?.claims));
  assert.ok(Object.isFrozen(Object(principal?.claims.room).tags));
});

const url = "https://id.example/introspect?key=s3cret";
for (const [config, error, message] of [
  [{}, TypeError, /url must be the URL/],
  [{ url: "introspect" }, TypeError, /url must be the URL/],
  [{ url: "http://id.example/?key=s3cret" }, TypeError, /url must be https.*"http:\/\/id\.example"$/],
  [{ url: "http://127.0.0.1.example/" }, TypeError, /url must be https/],
  [{ url: "ftp://localhost/" }, TypeError, /url must be https/],
  [{ url: "https://s3cret@id.example/" }, TypeError, /url must hold no credentials.*"https:\/\/id\.example"$/],
  [{ url: "https://chat:s3cret@id.example/" }, TypeError, /url must hold no credentials.*"https:\/\/id\.example"$/],
  [{ url, clientId: "chat" }, TypeError, /clientId and clientSecret go together/],
  [{ url, clientSecret: "s3cret" }, TypeError, /clientId and clientSecret go together/],
  [{ url, clientId: 7, clientSecret: "s3cret" }, TypeError, /clientId must be a text/],
  [{ url, clientId: "chat", clientSecret: "" }, TypeError, /clientSecret must be a text/],
  [{ url, params: { a: 1 } }, TypeError, /params must hold texts, but "a" is none/],
  [{ url, params: { token: "x" } }, TypeError, /params must not hold "token"/],
  [{ url, params: { token_type_hint: "x" } }, TypeError, /params must not hold "token_type_hint"/],
  [{ url, tokenTypeHint: "" }, TypeError, /tokenTypeHint must be a text/],
  [{ url, scopeKey: "" }, TypeError, /scopeKey must be a text/],
  [{ url, scopes: "a" }, TypeError, /scopes must be a list/],
  [{ url, scopes: [] }, TypeError, /scopes must be a list/],
  [{ url, scopes: ['a"'] }, TypeError, /scopes must be a list/],
  [{ url, realm: "a\r\nb" }, TypeError, /Option realm is .*: must be printable ASCII/],
  [{ url, cache: { size: 1 } }, TypeError, /Unknown option "size" of cache/],
  [{ url, cache: { maxSize: 0 } }, RangeError, /cache\.maxSize must be an integer from 1 to 100000: "0"/],
  [{ url, cache: { maxSize: 100_001 } }, RangeError, /cache\.maxSize/],
  [{ url, cache: { ttl: 0 } }, RangeError, /cache\.ttl must be more than 0/],
  [{ url, cache: { ttl: 61 } }, RangeError, /cache\.ttl must be more than 0 and at most 60 seconds: "61"/],
  [{ url, cache: { ttl: Number.NaN } }, RangeError, /cache\.ttl/],
  [{ url, secureSocket: { pfx: "x" } }, TypeError, /Unknown option "pfx" of secureSocket/],
  [{ url, secureSocket: { ca: "/nowhere/ca.pem" } }, TypeError, /secureSocket\.ca is neither PEM text nor a file/],
  [{ url, secureSocket: { ca: "-----BEGIN nonsense" } }, TypeError, /secureSocket\.ca is not a certificate/],
  [{ url, secureSocket: { cert: pem("client.pem") } }, TypeError, /secureSocket\.cert and \.key go together/],
  [
    { url, secureSocket: { cert: pem("client.pem"), key: pem("server-key.pem") } },
    TypeError,
    /secureSocket\.key does not fit its cert/,
  ],
  [
    { url, secureSocket: { cert: pem("server.pem"), key: pem("server-key-encrypted.pem"), keyPassword: "wrong" } },
    TypeError,
    /secureSocket\.key cannot be read: is keyPassword right\?/,
  ],
  [
    { url: "http://localhost/", secureSocket: { ca: pem("ca.pem") } },
    TypeError,
    /secureSocket needs a url that is https/,
  ],
  [{ url, insecure: true }, TypeError, /Unknown option "insecure" of oauth2Introspection/],
] as const) {
  test(`oauth2Introspection() throws at once: ${message.source}`, () => {
    assert.throws(
      () => oauth2Introspection(config as unknown as IntrospectionOptions),
      (thrown) => {
        assert.ok(thrown instanceof error, String(thrown));
        assert.match(thrown.message, message);
        assert.doesNotMatch(thrown.message, /s3cret|wrong"/);
        return true;
      },
    );
  });
}

test("oauth2Introspection() shows no key that has lost its first line", () => {
  const bare = pem("client-key.pem").replace(/-----BEGIN.*\n/, "");
  for (const key of [bare, bare.replace(/-----END.*/, "").replaceAll("\n", "")]) {
    assert.throws(() => oauth2Introspection({ url, secureSocket: { cert: pem("client.pem"), key } }), {
      name: "TypeError",
      message: "Option secureSocket.key is neither PEM text nor a path",
    });
  }
});

test("oauth2Introspection() takes http on a loopback host, and an encrypted key", () => {
  for (const host of ["localhost", "127.0.0.1:8080", "127.1", "[::1]"]) {
    oauth2Introspection({ url: new URL(`http://${host}/introspect`) });
  }
  const cert = pem("server.pem");
  oauth2Introspection({ url, secureSocket: { cert, key: pem("server-key-encrypted.pem"), keyPassword: password } });
});

test("B12 no more than 256 tokens are asked about at once, and there is room again afterwards", async (t) => {
  const held = Promise.withResolvers<void>();
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    request.resume();
    void held.promise.then(() => response.setHeader("content-type", "application/json").end('{"active":false}'));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { authenticate } = oauth2Introspection({ url: `http://127.0.0.1:${port}/` });
  const ask = (name: string) => authenticate(name, {} as UpgradeRequest);
  const all = Array.from({ length: 257 }, (_, i) => ask(`made-up-${i}`).catch((error: unknown) => error));
  const refused = await Promise.race(all);
  assert.ok(refused instanceof AuthError && refused.status === 503 && refused.retryAfter === 5);
  held.resolve();
  const answers = await Promise.all(all);
  assert.equal(answers.filter((answer) => answer === undefined).length, 256);
  assert.equal(calls, 256);
  assert.equal(await ask("one-more"), undefined);
});
