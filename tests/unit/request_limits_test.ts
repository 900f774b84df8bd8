import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, ask, dress } from "../../src/ask.ts";
import { Host } from "../../src/host.ts";
import type { HostConfig } from "../../src/host_config.ts";
import { checkRequest, type RequestLimits, toRequestLimits } from "../../src/request_limits.ts";
import { toServiceRules } from "../../src/service_config.ts";
import { slotOf, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { full, type Recorder, silent } from "./support.ts";

function check(limits: RequestLimits, url: string, init: RequestInit = {}, size?: number): number | undefined {
  return checkRequest(new Request(url, init), toRequestLimits(limits), size)?.status;
}

test("R23 414: an address may be as long as maxUriLength, and no longer; scheme, host and port do not count", () => {
  const limits = { maxUriLength: 20 };
  for (const base of ["http://example.com", "https://a-host-of-many-letters.example:8443", "http://[2001:db8::1]:80"]) {
    assert.equal(check(limits, `${base}/${"a".repeat(19)}`), undefined);
    assert.equal(check(limits, `${base}/${"a".repeat(20)}`), 414);
    assert.equal(check(limits, `${base}/a?b=${"c".repeat(15)}`), undefined);
    assert.equal(check(limits, `${base}/a?b=${"c".repeat(16)}`), 414);
    assert.equal(check(limits, base), undefined);
  }
  assert.equal(check({}, `http://example.com/${"a".repeat(4095)}`), undefined);
  assert.equal(check({}, `http://example.com/${"a".repeat(4096)}`), 414);
});

test("R23 431: headers count with their colon, space and end of line, or as the adapter has counted them", () => {
  const headers = { a: "1", bcd: "23" };
  assert.equal(check({ maxHeaderSize: 15 }, "http://e/", { headers }), undefined);
  assert.equal(check({ maxHeaderSize: 14 }, "http://e/", { headers }), 431);
  assert.equal(check({ maxHeaderSize: 14 }, "http://e/", { headers }, 14), undefined);
  assert.equal(check({ maxHeaderSize: 15 }, "http://e/", { headers }, 16), 431);
  assert.equal(check({}, "http://e/", { headers: { a: "b".repeat(8187) } }), undefined);
  assert.equal(check({}, "http://e/", { headers: { a: "b".repeat(8188) } }), 431);
});

test("R23 413: a length that is announced may be maxEntityBodySize, and no more; -1 is no limit, 0 is no body", () => {
  const post = (length: string): RequestInit => ({ method: "POST", headers: { "content-length": length } });
  assert.equal(check({}, "http://e/", post("99999999999999999999")), undefined);
  assert.equal(check({ maxEntityBodySize: 5 }, "http://e/", post("5")), undefined);
  assert.equal(check({ maxEntityBodySize: 5 }, "http://e/", post("6")), 413);
  assert.equal(check({ maxEntityBodySize: 5 }, "http://e/", post("99999999999999999999")), 413);
  assert.equal(check({ maxEntityBodySize: 0 }, "http://e/", post("0")), undefined);
  assert.equal(check({ maxEntityBodySize: 0 }, "http://e/", post("1")), 413);
  assert.equal(check({ maxEntityBodySize: 0 }, "http://e/"), undefined);
});

test("the first limit that is exceeded answers: address, headers, body", () => {
  const init = { method: "POST", headers: { "content-length": "9" } };
  const limits = { maxUriLength: 1, maxHeaderSize: 1, maxEntityBodySize: 1 };
  assert.equal(check(limits, "http://e/a", init), 414);
  assert.equal(check({ ...limits, maxUriLength: 2 }, "http://e/a", init), 431);
  assert.equal(check({ ...limits, maxUriLength: 2, maxHeaderSize: 99 }, "http://e/a", init), 413);
});

function host(config: HostConfig, logger: Recorder = silent()): Host {
  return new Host(full, { logger, ...config }, new FakeClock());
}

/** A body in pieces, without a length. */
function chunked(...sizes: number[]): RequestInit {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const size of sizes) controller.enqueue(new Uint8Array(size));
      controller.close();
    },
  });
  const init = { method: "POST", body, duplex: "half" };
  return init;
}

const sizes: readonly (readonly [sizes: number[], most: number, status: number])[] = [
  [[3, 2], 5, 200],
  [[3, 3], 5, 413],
  [[6], 5, 413],
  [[1], 0, 413],
  [[6], -1, 200],
];
for (const [pieces, most, status] of sizes) {
  test(`R23 a body in pieces of ${pieces} bytes past no length is ${status}, when maxEntityBodySize is ${most}`, async () => {
    const read = async (request: Request): Promise<Response> => new Response(`${(await request.bytes()).length}`);
    const careless = async (request: Request): Promise<Response> => {
      const length = await request.bytes().then(
        (bytes) => bytes.length,
        () => "an error",
      );
      return new Response(`${length}`);
    };
    for (const app of [read, careless]) {
      const shared = host({ requestLimits: { maxEntityBodySize: most } });
      const slot = new UpgradeSlot(shared, {}, false);
      const asked = await ask({ fetch: app }, new Request("http://e/", chunked(...pieces)), slot, {});
      assert.ok(asked instanceof Response);
      assert.equal(asked.status, status);
      const answered = await answer(shared, new Request("http://e/", chunked(...pieces)), 0, app);
      assert.equal(answered.status, status);
      if (status === 200) assert.equal(await answered.text(), `${pieces.reduce((a, b) => a + b)}`);
    }
  });
}

test("R23 an app gets the request of a bounded body as it was, and an error where the body is longer", async () => {
  const peer = new AbortController();
  const init = { ...chunked(3, 3), headers: { "x-a": "1" }, signal: peer.signal };
  const shared = host({ requestLimits: { maxEntityBodySize: 5 } });
  const seen: unknown[] = [];
  const answered = await answer(shared, new Request("http://e/x?y", init), 0, async (request) => {
    seen.push(request.method, request.url, request.headers.get("x-a"));
    await assert.rejects(request.bytes());
    peer.abort();
    seen.push(request.signal.aborted);
    return new Response("read");
  });
  assert.deepEqual(seen, ["POST", "http://e/x?y", "1", true]);
  assert.equal(answered.status, 413);
  assert.equal(answered.headers.get("connection"), "close");
});

test("a request past a limit does not reach the app, and one line names the option", async () => {
  const logger = silent();
  const shared = host({ requestLimits: { maxUriLength: 5 } }, logger);
  const slot = new UpgradeSlot(shared, {}, false);
  const never = (): never => assert.fail("the app was asked");
  const response = await ask({ fetch: never }, new Request("http://e/?\u001b[31msecret"), slot, {});
  assert.ok(response instanceof Response);
  assert.equal(response.status, 414);
  assert.match(await response.text(), /^[A-Z].*[^.]\n$/);
  await answer(shared, new Request("http://e/too-long"), 0, never);
  const line = "Refused a request with 414: option requestLimits.maxUriLength is the limit";
  assert.deepEqual(logger.lines, [
    ["info", line],
    ["info", line],
  ]);
});

test("an error of an app that has read too little is the app's own", async () => {
  const shared = host({ requestLimits: { maxEntityBodySize: 5 } });
  await assert.rejects(
    async () => await answer(shared, new Request("http://e/", chunked(3)), 0, () => Promise.reject(new Error("own"))),
    /own/,
  );
});

test("dress() adds Server to every response, also to one whose headers cannot be changed, and leaves an app's own", async () => {
  const shared = host({ server: "Switchboard/1 (test)" });
  assert.equal(dress(shared, new Response()).headers.get("server"), "Switchboard/1 (test)");
  const redirect = dress(shared, Response.redirect("http://e/", 302));
  assert.deepEqual(
    [redirect.status, redirect.headers.get("location"), redirect.headers.get("server")],
    [302, "http://e/", "Switchboard/1 (test)"],
  );
  const fetched = await fetch("data:text/plain,hello");
  const dressed = dress(shared, fetched);
  assert.deepEqual([await dressed.text(), dressed.headers.get("server")], ["hello", "Switchboard/1 (test)"]);
  assert.equal(dress(shared, new Response(null, { headers: { server: "own" } })).headers.get("server"), "own");
  assert.equal(dress(shared, null as never), null);
  const plain = new Response();
  assert.equal(dress(host({}), plain), plain);
});

test('keepAlive "NEVER" puts Connection: close on every response that is no upgrade', async () => {
  const shared = host({ http1Settings: { keepAlive: "NEVER" } });
  const slot = new UpgradeSlot(shared, {}, false);
  const app = { fetch: () => new Response(null, { headers: { connection: "keep-alive" } }) };
  const response = await ask(app, new Request("http://e/"), slot, {});
  assert.ok(response instanceof Response);
  assert.equal(response.headers.get("connection"), "close");
});

test("the 101 has Server too, once, and an app's own stays", async () => {
  for (const [own, expected] of [
    [[], "ours"],
    [[["Server", "own"]], "own"],
  ] as const) {
    const shared = host({ server: "ours" });
    const slot = new UpgradeSlot(shared, {}, false);
    const details = { protocol: "", peer: {}, isSecure: false };
    const accepted = await ask(
      {
        fetch(_request, env) {
          const mine = slotOf(env);
          if (mine !== undefined) mine.upgrade = new Upgrade({}, toServiceRules({}), shared, details, own);
          return new Response(null, { headers: { "x-switchboard-upgrade": "1" } });
        },
      },
      new Request("http://e/", { headers: { upgrade: "websocket" } }),
      slot,
      {},
    );
    assert.ok(accepted instanceof Upgrade);
    const values = accepted.headers.filter(([name]) => name.toLowerCase() === "server").map(([, value]) => value);
    assert.deepEqual(values, [expected]);
  }
});

test("options that no engine can follow are told once, as debug", () => {
  const logger = silent(true);
  host({ http1Settings: { keepAlive: "ALWAYS", maxPipelinedRequests: 5 } }, logger);
  assert.deepEqual(logger.lines, [
    ["debug", 'Option http1Settings.keepAlive has no effect on engine "node"'],
    ["debug", 'Option http1Settings.maxPipelinedRequests has no effect on engine "node"'],
  ]);
});
