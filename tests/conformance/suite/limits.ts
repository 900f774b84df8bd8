/** R22, R23, A7, A9, A10, D1: how large a request may be, how many connections there are, and whom a proxy speaks for. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { type Caller, type ListenerConfig, upgrade } from "../../../mod.ts";
import {
  connect,
  type HandshakeOptions,
  HandshakeRefused,
  type HttpResponse,
  type RawClient,
  request,
  toHandshake,
} from "../../kit/raw_client.ts";
import { type Mount, mountsOf } from "./mounted.ts";
import { gate, type Running, type Setup, type Subject } from "./subject.ts";

const PLAIN: HandshakeOptions = { headers: { Upgrade: null, Connection: null } };

export function limits(subject: Subject, mounts: readonly Mount[]): void {
  sizes(subject);
  counts(subject, mounts);
  proxies(subject);
  headers(subject);
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
  ["200 headers", { headers: many(200) }, 431],
  ["headers of 20 kB", { headers: { "X-Long": "a".repeat(20_000) } }, 431],
  ["headers of 500 kB", { headers: { "X-Long": "a".repeat(500_000) } }, 431, "headersTooLarge"],
  ["a body of 11 bytes", { headers: { "Content-Length": "11" } }, 413, "upgradeBody"],
];

const small: ListenerConfig = { requestLimits: { maxUriLength: 200, maxHeaderSize: 1000, maxEntityBodySize: 10 } };

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, "1"]));
}

function sizes(subject: Subject): void {
  for (const [what, send, status, key] of large) {
    subject.gapTest(key, `R23 an upgrade with ${what} is answered with ${status}, before the app is asked`, async () => {
      await run(subject, small, async ({ listener, journal }) => {
        const response = await request(listener.port, toHandshake(listener.port, send), subject.patience);
        assert.equal(response.status, status);
        if (status !== 431 || send.headers?.["X-Long"] === undefined) assert.match(response.body, /^[A-Z].+[^.]\n$/);
        assert.deepEqual(journal.entries, []);
      });
    });
  }

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
        await serveApp(subject, app, small, async (port) => {
          const asked = { ...send, headers: { ...PLAIN.headers, ...send.headers } };
          const response = await request(port, `${toHandshake(port, asked)}${body}`);
          assert.equal(response.status, status);
          if (status === 200) assert.equal(response.body, "10");
        });
      },
    );
  }

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

  subject.test("A10 GHSA-c4j6-fc7j-m34r: an upgrade for an address elsewhere is routed by its path, here", async () => {
    await run(subject, {}, async ({ listener }) => {
      const path = "http://169.254.169.254/latest/meta-data";
      assert.equal((await request(listener.port, toHandshake(listener.port, { path }))).status, 404);
    });
  });
}

function counts(subject: Subject, mounts: readonly Mount[]): void {
  for (const [option, status] of [
    ["maxConnections", 503],
    ["maxConnectionsPerAddress", 429],
  ] as const) {
    for (const [name, serve] of mountsOf(subject, mounts)) {
      subject.test(`D1 ${name}: past ${option} an upgrade gets ${status} with Retry-After, a plain request passes`, async () => {
        const app = new Hono();
        app.get(
          "/",
          upgrade(() => ({ onOpen: () => "hello" })),
        );
        app.get("/health", (c) => c.text("fine"));
        await serve(
          app,
          async ({ port, connect: open, refusal }) => {
            const first = await open();
            const second = await open();
            assert.equal(await second.message(), "hello");
            for (const path of ["/", "/nowhere"]) {
              const response = await refusal(path);
              assert.equal(response.status, status);
              assert.match(response.header("retry-after") ?? "", /^\d+$/);
              assert.match(response.body, /^[A-Z].+\n$/);
            }
            const health = await request(port, toHandshake(port, { ...PLAIN, path: "/health" }));
            assert.equal(health.body, "fine");
            await first.send.close(1000);
            await first.ended();
            assert.equal(await (await eventually(subject, () => open())).message(), "hello");
          },
          undefined,
          { [option]: 2 },
        );
      });
    }
  }

  const ends: readonly (readonly [what: string, end: (client: RawClient, caller: Caller) => unknown, key?: string])[] = [
    ["the peer closes", (client) => client.send.close(1000)],
    ["the peer leaves", (client) => client.destroy()],
    ["the peer is killed", (client) => client.reset()],
    ["the peer breaks the protocol", (client) => client.send.frame({ opcode: 3 })],
    ["the service closes", (_client, caller) => void caller.close(4000)],
    ["the service terminates", (_client, caller) => caller.terminate(), "terminate"],
  ];
  for (const [what, end, key] of ends) {
    subject.gapTest(key, `D1 a place is given back when ${what}`, async () => {
      const callers: Caller[] = [];
      await subject.run(
        () => () => ({ onOpen: (caller) => (callers.push(caller), "hello") }),
        async ({ connect: open }) => {
          for (let i = 0; i < 3; i++) {
            const client = await eventually(subject, () => open());
            assert.equal(await client.message(), "hello");
            await assert.rejects(open(), HandshakeRefused);
            const caller = callers.at(-1);
            assert.ok(caller !== undefined);
            await end(client, caller);
          }
        },
        { listener: { maxConnections: 1 } },
      );
    });
  }

  subject.test("D1 a place is given back when the upgrade is refused, fails, is overdue, or finds no route", async () => {
    await subject.run(
      () => async ({ query }) => {
        const how = query.get("how");
        if (how === "overdue") await new Promise(() => {});
        if (how === "throw") throw new Error("on purpose");
        return how === null ? { onOpen: () => "hello" } : new Response("No", { status: 403 });
      },
      async ({ connect: open, listener }) => {
        for (const how of ["refuse", "throw", "overdue"]) {
          for (let i = 0; i < 2; i++) {
            const { status } = await request(listener.port, toHandshake(listener.port, { path: `/?how=${how}` }));
            assert.equal(status, { refuse: 403, throw: 500, overdue: 503 }[how]);
          }
        }
        for (const path of ["/nowhere", "/nowhere"]) {
          assert.equal((await request(listener.port, toHandshake(listener.port, { path }))).status, 404);
        }
        assert.equal(await (await open()).message(), "hello");
      },
      { listener: { maxConnections: 1 }, config: { upgradeTimeout: 0.1 }, logs: /on purpose|upgradeTimeout/ },
    );
  });

  for (const how of ["destroy", "reset"] as const) {
    subject.test(`A9 200 peers that leave (${how}) during an async handler leave no place and no socket`, async () => {
      const held = gate();
      await subject.run(
        ({ journal }) =>
          async ({ query }) => {
            if (!query.has("held")) return { onOpen: () => "hello" };
            journal.add("handler");
            await held.promise;
            return { onOpen: () => journal.add("open"), onClose: () => journal.add("close") };
          },
        async ({ connect: open, listener, journal }) => {
          const all = await Promise.all(Array.from({ length: 200 }, () => leaver(listener.port, "/?held")));
          await journal.until("handler", 200);
          await assert.rejects(open(), HandshakeRefused);
          for (const leave of all) leave(how);
          held.resolve();
          const good = await Promise.all(Array.from({ length: 200 }, () => eventually(subject, () => open())));
          for (const client of good) assert.equal(await client.message(), "hello");
          assert.equal([...listener.connections].length, 200);
          assert.equal(journal.count("open"), journal.count("close"));
          await assert.rejects(open(), HandshakeRefused);
        },
        { listener: { maxConnections: 200 } },
      );
    });
  }
}
