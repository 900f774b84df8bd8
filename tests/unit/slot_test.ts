import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { ask } from "../../src/ask.ts";
import type { PeerCertificate } from "../../src/peer_certificate.ts";
import { refuse } from "../../src/refusal.ts";
import { type App, slotOf, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { upgrade } from "../../src/upgrade.ts";
import { silent, toHost } from "./support.ts";

const MARK = "x-switchboard-upgrade";
const handshake = {
  host: "example.com",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function knock(app: App, logger = silent()): ReturnType<typeof ask> {
  const slot = new UpgradeSlot(toHost(logger, new FakeClock()), {}, false);
  return ask(app, new Request("http://example.com/x", { headers: handshake }), slot, { runtime: "thing" });
}

async function headersOf(app: App): Promise<readonly (readonly [string, string])[]> {
  const answer = await knock(app);
  assert.ok(answer instanceof Upgrade);
  return answer.headers;
}

test("headers that middleware sets are added to the 101, cookies one by one, ours first", async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("x-before", "1");
    await next();
    c.header("x-after", "2");
    c.header("set-cookie", "a=1", { append: true });
    c.header("set-cookie", "b=2", { append: true });
  });
  app.get(
    "/x",
    upgrade({ responseHeaders: { "x-own": "0" } }, () => ({})),
  );
  const headers = await headersOf(app);
  assert.deepEqual(headers[0], ["x-own", "0"]);
  assert.deepEqual(
    headers.filter(([name]) => name === "set-cookie").map(([, value]) => value),
    ["a=1", "b=2"],
  );
  const others = headers.filter(([name]) => name !== "set-cookie" && name !== "x-own");
  assert.deepEqual(others.sort(), [
    ["x-after", "2"],
    ["x-before", "1"],
  ]);
});

test("headers of the handshake, of one hop and of the body are dropped, and so is our mark", async () => {
  const app = new Hono();
  const dropped = [
    "connection",
    "upgrade",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "content-length",
    "content-type",
    "sec-websocket-accept",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
  ];
  app.use(async (c, next) => {
    await next();
    for (const name of dropped) c.header(name, "x");
    c.header("x-kept", "1");
  });
  app.get(
    "/x",
    upgrade(() => ({})),
  );
  assert.deepEqual(await headersOf(app), [["x-kept", "1"]]);
});

test("middleware that replaces the response refuses, and one that copies it with its headers does not", async () => {
  const accepting = upgrade(() => ({}));
  const refusing = new Hono();
  refusing.use(async (c, next) => {
    await next();
    c.res = new Response("No", { status: 403 });
  });
  refusing.get("/x", accepting);
  const refused = await knock(refusing);
  assert.ok(refused instanceof Response);
  assert.equal(refused.status, 403);
  assert.equal(refused.headers.get(MARK), null);
  assert.equal(await refused.text(), "No");

  const copying = new Hono();
  copying.use(async (c, next) => {
    await next();
    c.res = new Response(c.res.body, c.res);
  });
  copying.get("/x", accepting);
  assert.ok((await knock(copying)) instanceof Upgrade);
});

/** An app that accepts, and in which another response takes the place of that which says so. */
function replaced(replace: (headers: Headers) => Response): App {
  const app = new Hono();
  app.get(
    "/x",
    upgrade(() => ({})),
  );
  return { fetch: async (request, env) => replace((await app.fetch(request, env)).headers) };
}

test("middleware that replaces the response by another 200 is told of, and one that refuses is not", async () => {
  for (const [status, copies, lines] of [
    [200, true, 1],
    [200, false, 1],
    [403, true, 0],
    [403, false, 0],
  ] as const) {
    const replacing = replaced((headers) => new Response("text", { status, headers: copies ? headers : {} }));
    const logger = silent();
    const answer = await knock(replacing, logger);
    assert.ok(answer instanceof Response);
    assert.equal(answer.status, status);
    assert.equal(logger.lines.length, lines, `${status} ${copies}`);
    for (const line of logger.lines) assert.match(line.join(" "), /^info Refused an upgrade with 200: middleware/);
  }
});

test("what refuses without a body refuses too, be our mark copied to it or not, and keeps its headers and its status", async () => {
  for (const [status, copies] of [
    [401, true],
    [401, false],
    [302, true],
    [200, false],
    [204, false],
  ] as const) {
    const refusing = replaced((marked) => {
      const headers = new Headers(copies ? marked : {});
      headers.set("www-authenticate", "Bearer");
      return new Response(null, { status, statusText: "So it is", headers });
    });
    const answer = await knock(refusing);
    assert.ok(answer instanceof Response, `${status} ${copies}`);
    assert.deepEqual(
      [answer.status, answer.statusText, answer.headers.get("www-authenticate"), answer.headers.get(MARK)],
      [status, "So it is", "Bearer", null],
    );
  }
});

test("an answer of a route that upgrades nothing is told of to nobody", async () => {
  const logger = silent();
  for (const status of [200, 404]) await knock({ fetch: () => new Response("Hi", { status }) }, logger);
  assert.deepEqual(logger.lines, []);
});

test("believe() takes the address of a peer from the proxies, and leaves its certificate", () => {
  const certificate = { subject: "CN=proxy" } as unknown as PeerCertificate;
  const slot = new UpgradeSlot(toHost(silent(), new FakeClock()), { peerCertificate: certificate }, false);
  slot.believe(new Headers({ "x-forwarded-for": "192.0.2.1" }), 1);
  assert.deepEqual([slot.peer.remoteAddress, slot.peer.peerCertificate], ["192.0.2.1", certificate]);
});

test("a response without a decision is given as it is, at once if it was given at once", async () => {
  const response = new Response("Hi");
  assert.equal(knock({ fetch: () => response }), response);
  assert.equal(await knock({ fetch: () => Promise.resolve(response) }), response);
});

test("an app that throws or rejects is answered for with 500, logged, and tells nothing", async () => {
  const apps: App[] = [
    {
      fetch: () => {
        throw new Error("secret");
      },
    },
    { fetch: () => Promise.reject(new Error("secret")) },
    { fetch: () => Promise.resolve(undefined as never) },
    { fetch: () => null as never },
  ];
  for (const app of apps) {
    const logger = silent();
    // What is no response is nobody's answer once an upgrade was accepted before it.
    const accepting: App = {
      fetch(request, env) {
        const slot = slotOf(env);
        if (slot !== undefined) slot.upgrade = {} as Upgrade;
        return app.fetch(request, env);
      },
    };
    const answer = await knock(accepting, logger);
    assert.ok(answer instanceof Response);
    assert.equal(answer.status, 500);
    assert.doesNotMatch(await answer.text(), /secret/);
    assert.equal(logger.lines.length, 1);
    assert.equal(logger.lines[0]?.[1], "The app failed");
  }
});

test("a listener that began to stop while the app decided answers 503", async () => {
  const host = toHost(silent(), new FakeClock());
  const app = new Hono();
  app.get(
    "/x",
    upgrade(() => {
      host.stopping = true;
      return {};
    }),
  );
  const slot = new UpgradeSlot(host, {}, false);
  const answer = await ask(app, new Request("http://example.com/x", { headers: handshake }), slot, {});
  assert.ok(answer instanceof Response);
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "1");
});

test("what the adapter binds reaches the app beside the slot", async () => {
  const seen: unknown[] = [];
  await knock({
    fetch: (_request, env) => {
      seen.push(env.runtime, slotOf(env) instanceof UpgradeSlot);
      return new Response();
    },
  });
  assert.deepEqual(seen, ["thing", true]);
});

test("slotOf() finds nothing in what is no environment", () => {
  for (const env of [undefined, null, "x", {}, { [Symbol.for("@switchboard/websocket/slot")]: {} }]) {
    assert.equal(slotOf(env), undefined);
  }
});

test("refuse() is a plain text of one line, whose headers may be replaced", async () => {
  const response = refuse(429, "Come back later", { "retry-after": "5" });
  assert.equal(response.status, 429);
  assert.equal(await response.text(), "Come back later\n");
  assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.equal(response.headers.get("retry-after"), "5");
});
