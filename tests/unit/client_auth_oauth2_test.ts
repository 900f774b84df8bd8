import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { decodeJwt, generateKeyPair, type JWTPayload, jwtVerify } from "jose";
import { type OAuth2Options, oauth2, selfSignedJwt, type TokenSource } from "../../auth/client/mod.ts";
import { toOAuth2 } from "../../auth/client/oauth2.ts";
import { httpsFetch } from "../../auth/https_fetch.ts";
import { AuthorizationServer, type ServerOptions } from "../kit/authorization_server.ts";
import { pem } from "../kit/certificates.ts";
import { refused, request, Watch } from "./client_auth_support.ts";

const id = { clientId: "chat", clientSecret: "s3cret" };
const user = { username: "zoë", password: "hunter2 &=é" };

/** A server, where its tokens are, and a time that stands still. */
async function start(t: TestContext, options: ServerOptions = {}) {
  const server = await AuthorizationServer.start(t, options);
  const fetch = options.tls === undefined ? {} : { fetch: httpsFetch({ ca: pem("ca.pem") }) };
  const watch = new Watch();
  return {
    server,
    watch,
    endpoint: { tokenUrl: `${server.url}/token`, ...fetch },
    make: (config: OAuth2Options) => toOAuth2(config, { epoch: watch.epoch }),
  };
}

async function claims(source: TokenSource, renew = false): Promise<JWTPayload> {
  return decodeJwt((await source(request(renew))).token);
}

async function token(source: TokenSource, renew = false): Promise<string> {
  return (await source(request(renew))).token;
}

for (const tls of [undefined, true] as const) {
  const over = tls ? ", over TLS" : "";

  test(`CAUTH-05 oauth2() gets a token for the client itself (RFC 6749, section 4.4)${over}`, async (t) => {
    const { server, endpoint, make } = await start(t, tls && { tls });
    const params = { audience: "a&b =c" };
    const source = make({ clientCredentials: { ...endpoint, ...id, scopes: ["chat:read", "chat:write"], params } });
    const { sub, scope } = await claims(source);
    assert.deepEqual([sub, scope], ["chat", "chat:read chat:write"]);
    const [seen] = server.seen;
    assert.equal(seen?.method, "POST");
    assert.equal(seen?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(seen?.headers.accept, "application/json");
    assert.equal(seen?.headers.authorization, `Basic ${btoa("chat:s3cret")}`);
    assert.deepEqual(Object.fromEntries(seen?.form ?? []), {
      grant_type: "client_credentials",
      scope: "chat:read chat:write",
      audience: "a&b =c",
    });
  });

  test(`CAUTH-05 oauth2() gets a token for a user and a password (RFC 6749, section 4.3)${over}`, async (t) => {
    const { server, endpoint, make } = await start(t, tls && { tls });
    const source = make({ password: { ...endpoint, ...id, ...user, scopes: ["a"] } });
    assert.equal((await claims(source)).sub, "zoë");
    assert.deepEqual(Object.fromEntries(server.seen[0]?.form ?? []), { grant_type: "password", ...user, scope: "a" });
  });

  test(`CAUTH-05 oauth2() gets a token for a refresh token (RFC 6749, section 6)${over}`, async (t) => {
    const { server, endpoint, make } = await start(t, tls && { tls });
    server.grants.refreshTokens.set("s3cret-first", "zoë");
    const source = make({ refreshToken: { ...endpoint, ...id, refreshToken: "s3cret-first", scopes: ["a"] } });
    assert.equal((await claims(source)).sub, "zoë");
    const form = { grant_type: "refresh_token", refresh_token: "s3cret-first", scope: "a" };
    assert.deepEqual(Object.fromEntries(server.seen[0]?.form ?? []), form);
  });

  test(`CAUTH-05 oauth2() gets a token for an assertion, a new one each time (RFC 7523, section 2.1)${over}`, async (t) => {
    const { server, endpoint, make } = await start(t, tls && { tls });
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const seen = new Set<unknown>();
    server.grants.assertion = async (jwt) => {
      const { payload } = await jwtVerify(jwt, publicKey, { issuer: "worker", audience: server.url });
      if (seen.has(payload.jti)) return undefined;
      seen.add(payload.jti);
      return payload.sub;
    };
    const assertion = selfSignedJwt({
      issuer: "worker",
      audience: server.url,
      subject: "zoë",
      algorithm: "ES256",
      key: privateKey,
    });
    const source = make({ jwtBearer: { ...endpoint, ...id, assertion } });
    for (const renew of [false, true, true]) assert.equal((await claims(source, renew)).sub, "zoë");
    assert.equal(seen.size, 3);
    const written = make({ jwtBearer: { ...endpoint, ...id, assertion: await token(assertion, true) } });
    assert.equal((await claims(written)).sub, "zoë");
    await refused(written(request(true)), 401, /answered with 400 and "invalid_grant"$/);
  });
}

test("CAUTH-05 oauth2() encodes id and secret as a form does, inside of Basic (RFC 6749, section 2.3.1)", async (t) => {
  const secret = { clientId: "chat:1 ü", clientSecret: "p%w +é:~!" };
  const { server, endpoint, make } = await start(t, secret);
  await token(make({ clientCredentials: { ...endpoint, ...secret } }));
  const [, encoded = ""] = server.seen[0]?.headers.authorization?.split(" ") ?? [];
  assert.equal(atob(encoded), "chat%3A1+%C3%BC:p%25w+%2B%C3%A9%3A%7E%21");
});

test("CAUTH-05 oauth2() sends id and secret in the body if told, and the id of a client without a secret", async (t) => {
  const { server, endpoint, make } = await start(t);
  await token(make({ clientCredentials: { ...endpoint, ...id, credentialBearer: "POST_BODY" } }));
  assert.equal(server.seen[0]?.headers.authorization, undefined);
  const form = { grant_type: "client_credentials", client_id: "chat", client_secret: "s3cret" };
  assert.deepEqual(Object.fromEntries(server.seen[0]?.form ?? []), form);
  const open = make({ refreshToken: { ...endpoint, clientId: "app", refreshToken: "r" } });
  await refused(open(request()), 401, /answered with 401 and "invalid_client"$/);
  assert.equal(server.seen[1]?.headers.authorization, undefined);
  const other = { grant_type: "refresh_token", refresh_token: "r", client_id: "app" };
  assert.deepEqual(Object.fromEntries(server.seen[1]?.form ?? []), other);
});

for (const [what, extra, options, lifetime] of [
  ["expires_in", { expires_in: 100 }, {}, 95],
  ["expires_in, of a short life", { expires_in: 10 }, {}, 9],
  ["expires_in less clockSkew", { expires_in: 100 }, { clockSkew: 30 }, 65],
  ["defaultTokenExpTime, where the server says nothing", { expires_in: undefined }, { defaultTokenExpTime: 50 }, 45],
  ["3600 s, where nobody says anything", { expires_in: undefined }, {}, 3595],
] as const) {
  test(`CAUTH-08 oauth2() keeps a token for ${what}`, async (t) => {
    const { server, watch, endpoint, make } = await start(t);
    server.grants.extra = extra;
    const source = make({ clientCredentials: { ...endpoint, ...id, ...options } });
    const first = await token(source);
    watch.now += lifetime - 0.01;
    assert.equal(await token(source), first);
    assert.equal(server.seen.length, 1);
    watch.now += 0.02;
    assert.notEqual(await token(source), first);
    assert.equal(server.seen.length, 2);
  });
}

test("CAUTH-08 oauth2() does not keep a token that lasts no longer than the skew", async (t) => {
  const { server, endpoint, make } = await start(t);
  server.grants.extra = { expires_in: 0 };
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  assert.notEqual(await token(source), await token(source));
  server.grants.extra = { expires_in: 30 };
  const skewed = make({ clientCredentials: { ...endpoint, ...id, clockSkew: 30 } });
  assert.notEqual(await token(skewed), await token(skewed));
});

test("CAUTH-08 oauth2() counts the life of a token from before the call", async (t) => {
  const { server, watch, endpoint, make } = await start(t);
  server.grants.extra = { expires_in: 100 };
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  const release = server.hold();
  const first = token(source);
  await server.arrived(1);
  watch.now += 90;
  release();
  await first;
  watch.now += 5.01;
  assert.notEqual(await token(source), await first);
});

test("G5 oauth2() drops the token that was refused, and asks once for those who come together", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  const first = await token(source);
  const [second, ...others] = await Promise.all([true, true, false, true].map((renew) => token(source, renew)));
  assert.notEqual(second, first);
  assert.deepEqual(others, [second, second, second]);
  assert.equal(server.seen.length, 2);
  assert.equal(await token(source), second);
  assert.notEqual(await token(source, true), second);
});

test("100 attempts at once make one call, and share its token", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  const tokens = await Promise.all(Array.from({ length: 100 }, () => token(source)));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(server.seen.length, 1);
});

test("A call that fails fails for all who waited, and for nobody after", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  server.misbehaviour = "error";
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => token(source)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set(["rejected"]));
  assert.equal(server.seen.length, 1);
  server.misbehaviour = undefined;
  assert.ok(await token(source));
});

test("An attempt that is given up does not end the call of the others", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  const release = server.hold();
  const leaver = new AbortController();
  const first = source(request(false, leaver.signal));
  const second = token(source);
  await server.arrived(1);
  leaver.abort(new Error("given up"));
  await assert.rejects(first, /^Error: given up$/);
  release();
  assert.ok(await second);
  assert.equal(server.seen.length, 1);
});

test("L11 When the last attempt is given up the call is hung up, and the next one makes another", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  server.misbehaviour = "slow";
  const leavers = Array.from({ length: 3 }, () => new AbortController());
  const attempts = leavers.map(({ signal }) => source(request(false, signal)));
  await server.arrived(1);
  for (const leaver of leavers) leaver.abort(new Error("given up"));
  for (const attempt of attempts) await assert.rejects(attempt, /^Error: given up$/);
  await server.left();
  server.misbehaviour = undefined;
  assert.ok(await token(source));
  assert.equal(server.seen.length, 2);
});

/** The grant types that a server was asked for, in short. */
function asked(server: AuthorizationServer): string[] {
  return server.seen.map(({ form }) => form.get("refresh_token") ?? form.get("grant_type") ?? "");
}

test("A refresh token of an answer renews the token, and each answer gives the next", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ password: { ...endpoint, ...id, ...user, scopes: ["a"] } });
  const used: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    assert.equal((await claims(source, true)).sub, "zoë");
    used.push(...server.grants.refreshTokens.keys());
  }
  assert.deepEqual(asked(server), ["password", used[0], used[1]]);
  assert.deepEqual(Object.fromEntries(server.seen[1]?.form ?? []), {
    grant_type: "refresh_token",
    refresh_token: used[0],
  });
});

test("A refresh token stays when an answer gives no other (RFC 6749, section 6)", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ password: { ...endpoint, ...id, ...user } });
  await token(source);
  const [kept = ""] = server.grants.refreshTokens.keys();
  server.grants.extra = { refresh_token: undefined };
  for (let index = 0; index < 2; index += 1) {
    server.grants.refreshTokens.set(kept, "zoë");
    await token(source, true);
  }
  assert.deepEqual(asked(server), ["password", kept, kept]);
});

test("A refresh token that is refused gives way to the grant at once", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ password: { ...endpoint, ...id, ...user } });
  await token(source);
  const [revoked = ""] = server.grants.refreshTokens.keys();
  server.grants.refreshTokens.clear();
  assert.equal((await claims(source, true)).sub, "zoë");
  assert.deepEqual(asked(server), ["password", revoked, "password"]);
  const [next = ""] = server.grants.refreshTokens.keys();
  server.grants.refreshTokens.clear();
  server.grants.extra = { refresh_token: undefined };
  await token(source, true);
  await token(source, true);
  assert.deepEqual(asked(server).slice(3), [next, "password", "password"]);
});

test("A refresh token is not sent twice, for that may end all that stem from it (RFC 9700)", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ password: { ...endpoint, ...id, ...user } });
  await token(source);
  server.misbehaviour = "hang up";
  await refused(source(request(true)), 503, /the request failed/);
  assert.equal(server.seen.length, 2);
});

test("A refresh token is kept while the server is out of order", async (t) => {
  const { server, endpoint, make } = await start(t);
  const source = make({ password: { ...endpoint, ...id, ...user } });
  await token(source);
  const [kept = ""] = server.grants.refreshTokens.keys();
  server.grants.refusal = { status: 503, retryAfter: "7" };
  assert.equal((await refused(source(request(true)), 503, /answered with 503$/)).retryAfter, 7);
  server.grants.refusal = undefined;
  await token(source);
  assert.deepEqual(asked(server), ["password", kept, kept]);
});

test("The grant refreshToken follows the rotation, and falls back on the token that it was given", async (t) => {
  const { server, endpoint, make } = await start(t);
  const { refreshTokens } = server.grants;
  refreshTokens.set("s3cret-first", "zoë");
  const source = make({ refreshToken: { ...endpoint, ...id, refreshToken: "s3cret-first" } });
  await token(source);
  const [second = ""] = refreshTokens.keys();
  await token(source, true);
  const [third = ""] = refreshTokens.keys();
  refreshTokens.clear();
  refreshTokens.set("s3cret-first", "zoë");
  await token(source, true);
  assert.deepEqual(asked(server), ["s3cret-first", second, third, "s3cret-first"]);
  refreshTokens.clear();
  await refused(source(request(true)), 401, /answered with 400 and "invalid_grant"$/);
});

test("A refresh token that comes with the client credentials grant is not used (RFC 6749, section 4.4.3)", async (t) => {
  const { server, endpoint, make } = await start(t);
  server.grants.extra = { refresh_token: "s3cret-r" };
  const source = make({ clientCredentials: { ...endpoint, ...id } });
  await token(source);
  await token(source, true);
  assert.deepEqual(asked(server), ["client_credentials", "client_credentials"]);
});

test("A refresh token that comes with the JWT bearer grant is not used: the next token takes a new assertion", async () => {
  const asked: (string | null)[] = [];
  const fetch = (_: URL, { body }: RequestInit) => {
    asked.push(new URLSearchParams(String(body)).get("assertion"));
    return Promise.resolve(Response.json({ access_token: "a", token_type: "bearer", refresh_token: "s3cret-r" }));
  };
  const source = oauth2({ jwtBearer: { tokenUrl: "https://id.example/token", assertion: "b", fetch } });
  await token(source);
  await token(source, true);
  assert.deepEqual(asked, ["b", "b"]);
});

test("oauth2() tells the time by itself", async (t) => {
  const { server, endpoint } = await start(t);
  const source = oauth2({ clientCredentials: { ...endpoint, ...id } });
  assert.equal(await token(source), await token(source));
  assert.equal(server.seen.length, 1);
});
