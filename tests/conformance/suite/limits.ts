/** R22, R23, A10: how large a request may be, and what every response has. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { Listener, type ListenerConfig, upgrade } from "../../../mod.ts";
import { connect, type HandshakeOptions, request, toHandshake } from "../../kit/raw_client.ts";
import { type Mount, mountsOf } from "./mounted.ts";
import { Log, type Running, type Subject } from "./subject.ts";

const PLAIN: HandshakeOptions = { headers: { Upgrade: null, Connection: null } };

export function limits(subject: Subject, mounts: readonly Mount[]): void {
  upgrades(subject);
  plainRequests(subject);
  malformed(subject);
  headers(subject, mounts);
}

/** A request past a limit: what is sent, what answers, and the gap of an engine whose runtime answers before us. */
type Large = readonly [what: string, send: HandshakeOptions, status: number, key?: string];

const large: readonly Large[] = [
  ["a path of 200 characters", { path: `/${"a".repeat(199)}` }, 404],
  ["a path of 201 characters", { path: `/${"a".repeat(200)}` }, 414],
  ["a query of 201 characters", { path: `/?${"a".repeat(199)}` }, 414],
  ["a path of 20 kB", { path: `/${"a".repeat(20_000)}` }, 414, "refusesFirst"],
  ["headers of over 1000 bytes", { headers: { "X-Long": "a".repeat(1000) } }, 431],
  ["a cookie of 8 KiB", { headers: { Cookie: `a=${"b".repeat(8192)}` } }, 431],
  ["90 headers", { headers: many(90) }, 431],
  ["headers of 20 kB", { headers: { "X-Long": "a".repeat(20_000) } }, 431],
  ["headers of 500 kB", { headers: { "X-Long": "a".repeat(500_000) } }, 431, "headersTooLarge"],
  ["a body of 11 bytes", { headers: { "Content-Length": "11" } }, 413, "upgradeBody"],
];

const small: ListenerConfig = { requestLimits: { maxUriLength: 200, maxHeaderSize: 1000, maxEntityBodySize: 10 } };

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-Number-${i}`, "1"]));
}

function upgrades(subject: Subject): void {
  for (const [what, send, status, key] of large) {
    subject.gapTest(
      key,
      `R23 an upgrade with ${what} is answered with ${status}, before the app is asked`,
      async () => {
        await run(subject, small, async ({ listener, journal }) => {
          const response = await request(listener.port, toHandshake(listener.port, send), subject.patience);
          assert.equal(response.status, status);
          if (status !== 431 || send.headers?.["X-Long"] === undefined) assert.match(response.body, /^[A-Z].+[^.]\n$/);
          assert.deepEqual(journal.entries, []);
        });
      },
    );
  }
}

function plainRequests(subject: Subject): void {
  const plain: readonly (readonly [what: string, send: HandshakeOptions, body: string, status: number])[] = [
    ["a long path", { path: `/${"a".repeat(200)}` }, "", 414],
    ["long headers", { headers: { "X-Long": "a".repeat(1000) } }, "", 431],
    ["a long body", { method: "POST", headers: { "Content-Length": "11" } }, "a".repeat(11), 413],
    [
      "a long body in chunks",
      { method: "POST", headers: { "Transfer-Encoding": "chunked" } },
      "5\r\naaaaa\r\n6\r\naaaaaa\r\n0\r\n\r\n",
      413,
    ],
    ["a body that is not too long", { method: "POST", headers: { "Content-Length": "10" } }, "a".repeat(10), 200],
    [
      "a body in chunks that is not too long",
      { method: "POST", headers: { "Transfer-Encoding": "chunked" } },
      "5\r\naaaaa\r\n5\r\naaaaa\r\n0\r\n\r\n",
      200,
    ],
  ];
  for (const [what, send, body, status] of plain) {
    subject.test(
      `R23 an ordinary request with ${what} is answered with ${status}: one gate for both (GHSA-c4j6-fc7j-m34r)`,
      async () => {
        const app = new Hono();
        app.post("/", async (c) => c.text(`${(await c.req.text()).length}`));
        app.onError((_error, c) => c.text("failed", 500));
        await serveApp(subject, app, small, async (port) => {
          const asked = { ...send, headers: { ...PLAIN.headers, ...send.headers } };
          const response = await request(port, `${toHandshake(port, asked)}${body}`);
          assert.equal(response.status, status);
          if (status === 200) assert.equal(response.body, "10");
        });
      },
    );
  }
}

function malformed(subject: Subject): void {
  subject.test("A10 CVE-2024-37890: 2,500 headers are refused or accepted, and the process lives", async () => {
    await run(subject, { requestLimits: { maxHeaderSize: 100_000 } }, async ({ listener, connect: open }) => {
      for (const headers of [many(2500), { ...many(2500), Upgrade: null, "X-Last": "1" }]) {
        const { status } = await request(listener.port, toHandshake(listener.port, { headers }));
        assert.ok([101, 400, 426, 431].includes(status), `${status}`);
      }
      assert.equal(await (await open()).message(), "hello");
    });
  });

  subject.test("A10 CVE-2024-32652: a malformed Host is answered with 400, and the process lives", async () => {
    await run(subject, {}, async ({ listener, journal, connect: open }) => {
      for (const host of ["a b", "[", "[::1", "a:b:c", "%00", "a\u0000", "a@b", "", "a:1:2", "a:123456", "{}"]) {
        const { status } = await request(listener.port, toHandshake(listener.port, { headers: { Host: host } }));
        assert.equal(status, 400, host);
        const raw = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
        assert.ok([400, 426].includes((await request(listener.port, raw)).status), host);
      }
      assert.deepEqual(journal.entries, []);
      assert.equal(await (await open()).message(), "hello");
    });
  });

  subject.test("A10 an ordinary request with a malformed Host is refused, or routed by its own path", async () => {
    const app = new Hono();
    app.get("/one/two", (c) => c.text("found"));
    await serveApp(subject, app, {}, async (port) => {
      for (const host of ["a b", "a@b", "a?b", "a#b", "%00", ""]) {
        const raw = `GET /one/two HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
        const { status } = await request(port, raw);
        assert.ok([200, 400].includes(status), `${status} for ${host}`);
      }
    });
  });

  subject.test("A10 GHSA-c4j6-fc7j-m34r: an upgrade for an address elsewhere is routed by its path, here", async () => {
    await run(subject, {}, async ({ listener }) => {
      const path = "http://169.254.169.254/latest/meta-data";
      assert.equal((await request(listener.port, toHandshake(listener.port, { path }))).status, 404);
    });
  });
}

function headers(subject: Subject, mounts: readonly Mount[]): void {
  for (const [name, serve] of mountsOf(subject, mounts)) {
    subject.test(`${name}: Server is on the 101 and on every refusal of an upgrade`, async () => {
      const app = new Hono();
      app.get(
        "/",
        upgrade(() => ({ onOpen: () => "hello" })),
      );
      app.get("/fails", () => {
        throw new Error("on purpose");
      });
      app.onError((_error, c) => c.text("failed", 500));
      await serve(
        app,
        async ({ connect: open, refusal }) => {
          assert.deepEqual((await open()).response.headerAll("server"), ["Switchboard"]);
          for (const [path, status] of [
            ["/nowhere", 404],
            ["/fails", 500],
            [`/${"a".repeat(4096)}`, 414],
          ] as const) {
            const response = await refusal(path);
            assert.equal(response.status, status);
            assert.deepEqual(response.headerAll("server"), ["Switchboard"]);
          }
        },
        undefined,
        { server: "Switchboard" },
      );
    });
  }

  subject.gapTest("refusalsOfItsOwn", "Server, and a line of advice, is on what is no request at all", async () => {
    await run(subject, { server: "Switchboard" }, async ({ listener }) => {
      for (const [raw, status] of [
        ["hello\r\n\r\n", 400],
        [toHandshake(listener.port, { headers: { Host: "a\u0000b" } }), 400],
        [toHandshake(listener.port, { headers: { "X-Long": "a".repeat(200_000) } }), 431],
        [toHandshake(listener.port, { headers: { Host: "[" } }), 400],
        [toHandshake(listener.port, { headers: { Host: null }, version: "HTTP/1.0" }), 400],
        ["GET / HTTP/1.1\r\nHost: [\r\n\r\n", 400],
      ] as const) {
        const response = await request(listener.port, raw);
        assert.equal(response.status, status);
        // RFC 9110, section 6.6.1.
        assert.ok(Math.abs(Date.parse(response.header("date") ?? "") - Date.now()) < 60_000);
        assert.match(response.header("connection") ?? "", /\bclose\b/);
        assert.deepEqual(response.headerAll("server"), ["Switchboard"]);
        assert.match(response.body, /^[A-Z].+[^.]\n$/);
      }
    });
  });

  subject.test("Server is on ordinary responses, of the app and of the listener", async () => {
    const app = new Hono();
    app.get("/", (c) => c.text("page"));
    app.get("/moved", (c) => c.redirect("/", 302));
    app.get("/away", () => Response.redirect("http://example.com/", 302));
    app.get("/fetched", () => fetch("data:text/plain,page"));
    await serveApp(subject, app, { server: "Switchboard" }, async (port) => {
      for (const path of ["/", "/moved", "/away", "/fetched", "/nowhere", `/${"a".repeat(4096)}`]) {
        const response = await request(port, toHandshake(port, { ...PLAIN, path }));
        assert.deepEqual(response.headerAll("server"), ["Switchboard"], path);
      }
    });
  });

  subject.test('keepAlive "NEVER" ends the connection after a response, and does not touch an upgrade', async () => {
    const app = new Hono();
    app.get("/page", (c) => c.text("page"));
    app.get(
      "/",
      upgrade(() => ({ onOpen: () => "hello" })),
    );
    await serveApp(subject, app, { http1Settings: { keepAlive: "NEVER" } }, async (port) => {
      const response = await request(port, toHandshake(port, { path: "/page", ...PLAIN }));
      assert.equal(response.header("connection")?.toLowerCase(), "close");
      // RFC 9110, section 7.8: Upgrade is named in Connection.
      const refused = await request(port, toHandshake(port, PLAIN));
      assert.equal(refused.status, 426);
      assert.match(refused.header("connection") ?? "", /^upgrade, close$/i);
      const client = await connect(port);
      try {
        assert.match(client.response.header("connection") ?? "", /^upgrade$/i);
        assert.equal(await client.message(), "hello");
      } finally {
        client.destroy();
      }
    });
  });
}

/** Runs a service that says hello. */
function run(subject: Subject, listener: ListenerConfig, use: (running: Running) => Promise<void>): Promise<void> {
  return subject.run(
    ({ journal }) =>
      () => {
        journal.add("handler");
        return { onOpen: () => "hello" };
      },
    use,
    { listener },
  );
}

/** Runs an app behind a listener. */
async function serveApp(
  subject: Subject,
  app: Hono,
  config: ListenerConfig,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const logger = new Log(subject.patience);
  const listener = new Listener(app, { port: 0, engine: subject.engine, logger, ...config });
  await listener.start();
  try {
    await use(listener.port);
    assert.deepEqual(
      logger.entries.filter((line) => /^(warn|error)/.test(line) && !line.includes("on purpose")),
      [],
    );
  } finally {
    await subject.within("immediateStop", listener.immediateStop(), 5000);
  }
}
