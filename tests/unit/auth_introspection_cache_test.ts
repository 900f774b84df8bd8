import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AnswerCache } from "../../auth/answer_cache.ts";
import { type IntrospectionCache, oauth2Introspection } from "../../auth/mod.ts";
import type { Principal } from "../../src/authenticator.ts";
import type { UpgradeRequest } from "../../src/upgrade_request.ts";
import { AuthorizationServer } from "../kit/authorization_server.ts";

/** When all these tests begin, in milliseconds. */
const BEGIN = 1_900_000_000_000;

/** A server, somebody who asks it, and a clock at `BEGIN`. */
async function start(
  t: TestContext,
  cache: IntrospectionCache,
): Promise<{ server: AuthorizationServer; ask: (token: string) => Promise<Principal | undefined> }> {
  t.mock.timers.enable({ apis: ["Date"], now: BEGIN });
  // Deno's mocks outlive their test.
  t.after(() => t.mock.timers.reset());
  const server = await AuthorizationServer.start(t);
  const authenticator = oauth2Introspection({
    url: `${server.url}/introspect`,
    clientId: "chat",
    clientSecret: "s3cret",
    cache,
  });
  return { server, ask: (token) => authenticator.authenticate(token, {} as UpgradeRequest) };
}

test("B12: an answer is kept for ttl, and a revoked token is gone by then", async (t) => {
  const { server, ask } = await start(t, { ttl: 30 });
  const token = await server.issue();
  assert.equal((await ask(token))?.subject, "zoe");
  server.revoke(token);
  t.mock.timers.setTime(BEGIN + 29_999);
  assert.equal((await ask(token))?.subject, "zoe");
  assert.equal(server.seen.length, 1);
  t.mock.timers.setTime(BEGIN + 30_000);
  assert.equal(await ask(token), undefined);
  assert.equal(server.seen.length, 2);
});

test("B12: an answer is kept for 60 s unless told", async (t) => {
  const { server, ask } = await start(t, {});
  const token = await server.issue();
  await ask(token);
  t.mock.timers.setTime(BEGIN + 59_999);
  await ask(token);
  assert.equal(server.seen.length, 1);
  t.mock.timers.setTime(BEGIN + 60_000);
  await ask(token);
  assert.equal(server.seen.length, 2);
});

test("B12: ttl counts from the question, not from a late answer", async (t) => {
  const { server, ask } = await start(t, { ttl: 30 });
  const token = await server.issue();
  const release = server.hold();
  const first = ask(token);
  await server.arrived(1);
  t.mock.timers.setTime(BEGIN + 4000);
  release();
  assert.equal((await first)?.subject, "zoe");
  server.revoke(token);
  t.mock.timers.setTime(BEGIN + 30_000);
  assert.equal(await ask(token), undefined);
});

test("B12: an answer is not kept past exp", async (t) => {
  const { server, ask } = await start(t, { ttl: 60 });
  const token = await server.issue({ exp: BEGIN / 1000 + 10 });
  assert.equal((await ask(token))?.subject, "zoe");
  t.mock.timers.setTime(BEGIN + 9999);
  assert.equal((await ask(token))?.subject, "zoe");
  assert.equal(server.seen.length, 1);
  t.mock.timers.setTime(BEGIN + 10_000);
  assert.equal(await ask(token), undefined);
  assert.equal(server.seen.length, 2);
});

test("B12: that a token is not active is kept for 5 s at most", async (t) => {
  for (const [ttl, kept] of [
    [60, 5000],
    [2, 2000],
  ] as const) {
    const { server, ask } = await start(t, { ttl });
    assert.equal(await ask("made-up"), undefined);
    t.mock.timers.setTime(BEGIN + kept - 1);
    assert.equal(await ask("made-up"), undefined);
    assert.equal(server.seen.length, 1);
    t.mock.timers.setTime(BEGIN + kept);
    assert.equal(await ask("made-up"), undefined);
    assert.equal(server.seen.length, 2);
    t.mock.timers.reset();
  }
});

test("B12: an answer does not live longer when the clock is set back", async (t) => {
  const { server, ask } = await start(t, { ttl: 60 });
  const token = await server.issue({ iat: 0 });
  await ask(token);
  t.mock.timers.setTime(BEGIN - 1);
  await ask(token);
  assert.equal(server.seen.length, 2);
});

test("B12: maxSize tokens are kept, the newest, and made-up tokens push none of them out", async (t) => {
  const { server, ask } = await start(t, { maxSize: 2 });
  const tokens = [await server.issue(), await server.issue(), await server.issue()] as const;
  for (const token of tokens) await ask(token);
  for (let index = 0; index < 5; index++) assert.equal(await ask(`made-up-${index}`), undefined);
  const before = server.seen.length;
  await ask(tokens[2]);
  await ask(tokens[1]);
  assert.equal(server.seen.length, before);
  await ask(tokens[0]);
  assert.equal(server.seen.length, before + 1);
});

test("B12: a token is kept by its SHA-256 only", async (t) => {
  const { server, ask } = await start(t, {});
  const keys: string[] = [];
  const set = AnswerCache.prototype.set;
  t.mock.method(AnswerCache.prototype, "set", function (this: AnswerCache<unknown>, ...args: Parameters<typeof set>) {
    keys.push(args[0]);
    assert.doesNotMatch(JSON.stringify(args), /eyJ|made-up/);
    return set.apply(this, args);
  });
  t.after(() => t.mock.restoreAll());
  const token = await server.issue();
  for (const asked of [token, "made-up"]) await ask(asked);
  const hashes = [token, "made-up"].map(async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(digest)));
  });
  assert.deepEqual(keys, await Promise.all(hashes));
});

test("AnswerCache lets go of what has expired before it lets go of anything else", () => {
  const cache = new AnswerCache<string>(3);
  cache.set("a", "A", 0, 10);
  cache.set("b", "B", 0, 10);
  cache.set("c", "C", 5, 15);
  assert.equal(cache.size, 3);
  cache.set("d", "D", 10, 20);
  assert.equal(cache.size, 2);
  assert.deepEqual([cache.get("a", 10), cache.get("c", 10), cache.get("d", 10)], [undefined, "C", "D"]);
  cache.set("c", "C2", 11, 21);
  assert.deepEqual([cache.size, cache.get("c", 11)], [2, "C2"]);
  assert.equal(cache.get("c", 21), undefined);
  assert.equal(cache.size, 1);
  // So has what is of later than now: the clock was set back.
  cache.set("e", "E", 5, 15);
  assert.deepEqual([cache.size, cache.get("e", 5)], [1, "E"]);
});
