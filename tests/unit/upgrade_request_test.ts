import assert from "node:assert/strict";
import { test } from "node:test";
import { type UpgradeContext, UpgradeRequest } from "../../src/upgrade_request.ts";
import { takesLinearTime } from "./timing.ts";

const context: UpgradeContext = {
  req: { raw: new Request("http://x"), param: () => ({ a: "b" }) },
  env: {},
  header: () => {},
  body: () => new Response(null),
  get: () => undefined,
};

function request(url: string, headers: Record<string, string> = {}, signal?: AbortSignal): UpgradeRequest {
  return new UpgradeRequest(new Request(url, { headers, ...(signal && { signal }) }), context, {
    remoteAddress: "192.0.2.1",
  });
}

function cookies(header: string): Record<string, string> {
  return Object.fromEntries(request("http://x", { cookie: header }).cookies);
}

test("a request tells address, query, headers, params and the peer, and may be taken apart", () => {
  const { url, query, headers, params, remoteAddress, raw } = request("http://h:1/p/%C3%A9?a=1&a=2&b=%20", {
    "X-A": "1",
  });
  assert.equal(url.pathname, "/p/%C3%A9");
  assert.deepEqual(query.getAll("a"), ["1", "2"]);
  assert.equal(query.get("b"), " ");
  assert.equal(headers.get("x-a"), "1");
  assert.deepEqual(params, { a: "b" });
  assert.equal(remoteAddress, "192.0.2.1");
  assert.ok(raw instanceof Request);
});

test("what was read once stays the same", () => {
  const upgrade = request("http://x/?a=1", { cookie: "a=1" });
  assert.equal(upgrade.url, upgrade.url);
  assert.equal(upgrade.query, upgrade.query);
  assert.equal(upgrade.headers, upgrade.headers);
  assert.equal(upgrade.cookies, upgrade.cookies);
  assert.equal(upgrade.signal, upgrade.signal);
});

test("what a schema makes of a part stands in its place, nothing too", () => {
  for (const value of [{ a: 1 }, null, undefined]) {
    const upgrade = request("http://x/?a=1", { a: "1" });
    for (const part of ["params", "query", "headers"] as const) {
      upgrade.bind(part, value);
      assert.equal(upgrade[part], value, part);
    }
  }
});

test("headers are a copy, which a handler may change", () => {
  const upgrade = request("http://x", { a: "1" });
  upgrade.headers.set("a", "2");
  assert.equal(upgrade.raw.headers.get("a"), "1");
});

test("cookies are as they came, the first of several, quotes around a value taken off", () => {
  assert.deepEqual(cookies("a=1; b=2"), { a: "1", b: "2" });
  assert.deepEqual(cookies("a=1;b=2;a=3"), { a: "1", b: "2" });
  assert.deepEqual(cookies('a="x y"; b="; c=""; d="e'), { a: "x y", b: '"', c: "", d: '"e' });
  assert.deepEqual(cookies("a=%20=b; c="), { a: "%20=b", c: "" });
  assert.deepEqual(cookies("novalue; =noname; ; a = 1 "), { a: "1" });
  assert.deepEqual(cookies(""), {});
  assert.equal(request("http://x").cookies.size, 0);
  assert.equal(request("http://x", { cookie: "__proto__=1; constructor=2" }).cookies.get("__proto__"), "1");
});

test("64 KiB of cookies are read in linear time", async () => {
  for (const unit of ["=", ";", " ", '"', 'a="', "a=b;", "; ="]) {
    const cookie = `a="${unit.repeat(65_536 / unit.length)}x`;
    await takesLinearTime(() => request("http://x", { cookie }).cookies, JSON.stringify(unit));
  }
});

test("signal aborts with the reason, whether it was asked for before or after", () => {
  const reason = new Error("late");
  const before = request("http://x");
  const { signal } = before;
  assert.equal(signal.aborted, false);
  before.abort(reason);
  assert.equal(signal.reason, reason);
  const after = request("http://x");
  after.abort(reason);
  assert.equal(after.signal.aborted, true);
  assert.equal(after.signal.reason, reason);
});

test("signal aborts when the runtime says that the peer has left", () => {
  const controller = new AbortController();
  const upgrade = request("http://x", {}, controller.signal);
  const { signal } = upgrade;
  controller.abort();
  assert.equal(signal.aborted, true);
});

test("signal aborts no more, once the request is answered, whether it was asked for before or after", () => {
  const controller = new AbortController();
  const [before, after] = [request("http://x", {}, controller.signal), request("http://x", {}, controller.signal)];
  const { signal } = before;
  before.answered();
  after.answered();
  controller.abort();
  assert.deepEqual([signal.aborted, after.signal.aborted], [false, false]);
  const gone = request("http://x", {}, controller.signal);
  assert.equal(gone.signal.aborted, true);
  assert.equal(gone.signal.reason, gone.raw.signal.reason);
});
