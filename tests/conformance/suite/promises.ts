/** Promises A1 to A12: what the opening handshake never does. */
import assert from "node:assert/strict";
import { createConnection, type Socket } from "node:net";
import { Hono } from "hono";
import { type Authenticator, Listener, upgrade } from "../../../mod.ts";
import { type HandshakeOptions, HttpResponse, request, toHandshake } from "../../kit/raw_client.ts";
import { gate, Log, type Running, type Subject, wait } from "./subject.ts";

const nobody = { scopes: [], claims: {} };

export function promises(subject: Subject): void {
  const origins: readonly ((port: number) => string)[] = [
    () => "https://evil.example",
    () => "null",
    (port) => `http://127.0.0.1:${port}.evil.example`,
    (port) => `http://evil.example/http://127.0.0.1:${port}`,
    (port) => `http://127.0.0.1:${port}@evil.example`,
    (port) => `http://127.0.0.1.evil.example:${port}`,
    (port) => `http://127.0.0.1:${port + 1}`,
    () => "http://127.0.0.1",
    (port) => `http://evil.example#127.0.0.1:${port}`,
    (port) => `file://127.0.0.1:${port}`,
    (port) => `http://127.0.0.1:${port}/`,
    (port) => `http://127.0.0.1:${port}, http://evil.example`,
    () => "https://xn--e1afmkfd.example",
    () => "",
  ];
  subject.test(
    "A1 a foreign, null or look-alike origin never connects (CVE-2020-28481, CVE-2026-27977, CVE-2026-27148, GHSA-f53g-frr2-jhpf)",
    async () => {
      await subject.run(refusing, async (running) => {
        for (const origin of origins) {
          const headers = { Origin: origin(running.listener.port) };
          // A host may carry any scheme, for a proxy may have ended TLS; `file:` has no host.
          const { status } = await ask(running, { headers });
          assert.equal(status, 403, headers.Origin);
        }
        assert.deepEqual(running.journal.entries, []);
      });
    },
  );

  subject.test("A2 a request that is no upgrade is told what to do", async () => {
    await subject.run(refusing, async (running) => {
      const plain = { Upgrade: null, Connection: null };
      const get = await ask(running, { headers: plain });
      assert.deepEqual([get.status, get.header("upgrade")?.toLowerCase()], [426, "websocket"]);
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const response = await ask(running, { method, headers: { ...plain, "Content-Length": "0" } });
        assert.deepEqual([response.status, response.header("allow")], [405, "GET"], method);
      }
    });
  });

  subject.test("A3 another version is refused with 426 and the version to speak", async () => {
    await subject.run(refusing, async (running) => {
      for (const version of ["8", "12", "13, 12", "013", "", null]) {
        const response = await ask(running, { headers: { "Sec-WebSocket-Version": version } });
        assert.deepEqual([response.status, response.header("sec-websocket-version")], [426, "13"], String(version));
      }
    });
  });

  subject.test("A4 bad, missing and duplicate keys and tokens never lead to a 101", async () => {
    const wrong: readonly HandshakeOptions["headers"][] = [
      { "Sec-WebSocket-Key": "short" },
      { "Sec-WebSocket-Key": null },
      { "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="] },
      { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" },
      { Connection: "close" },
      { Connection: "upgraded" },
      { Upgrade: "websockets" },
      { Upgrade: "websocket, h2c" },
    ];
    await subject.run(refusing, async (running) => {
      for (const headers of wrong) {
        const { status } = await ask(running, { headers: headers ?? {} });
        assert.ok(status === 400 || status === 426, `${status} for ${JSON.stringify(headers)}`);
      }
      assert.deepEqual(running.journal.entries, []);
    });
  });

  subject.test("A5 a malformed or duplicate list of subprotocols is refused with 400", async () => {
    await subject.run(refusing, async (running) => {
      for (const list of ["a, a", "a b", "a,,b", ",", "a@b", '"a"', "a;b"]) {
        const { status } = await ask(running, { headers: { "Sec-WebSocket-Protocol": list } });
        assert.equal(status, 400, list);
      }
    });
  });

  subject.test("A6 an app cannot put a line break or a zero into the headers of the 101", async () => {
    for (const value of ["a\r\nx-evil: b", "a\nb", "a\0b"]) {
      await subject.run(
        () => () => ({}),
        async (running) => {
          const { status, headers } = await ask(running, {});
          assert.equal(status, 500);
          assert.ok(!headers.some(([name]) => name.toLowerCase() === "x-evil"));
        },
        { config: { responseHeaders: () => ({ "x-some": value }) }, logs: /responseHeaders/ },
      );
    }
  });

  subject.test("A9 peers that leave during authentication leave nothing behind", async () => {
    const all = 200;
    const held = gate();
    let asked = 0;
    const slow: Authenticator = {
      scheme: "Bearer",
      authenticate: () => {
        asked += 1;
        journal.add("asked");
        return held.promise.then(() => nobody);
      },
    };
    const journal = subject.journal();
    await subject.run(
      () => () => ({ onOpen: () => journal.add("open"), onClose: () => journal.add("close") }),
      async ({ listener, connect }) => {
        const sockets = Array.from({ length: all }, () => createConnection(listener.port, "127.0.0.1"));
        for (const socket of sockets) {
          socket.on("error", () => {});
          socket.write(toHandshake(listener.port, { headers: { Authorization: "Bearer x" } }));
        }
        await journal.until("asked", all);
        await Promise.all(sockets.map(leave));
        // Until the server, too, has seen them leave.
        await wait(100);
        held.resolve();
        const good = await connect({ headers: { Authorization: "Bearer x" } });
        await journal.until("open");
        await good.send.close(1000);
        await good.closed;
        await journal.until("close");
        assert.equal(asked, all + 1);
        assert.deepEqual([journal.count("open"), journal.count("close")], [1, 1]);
        assert.equal([...listener.connections].length, 0);
      },
      { config: { auth: [slow] }, logs: /left|gone|closed/ },
    );
  });

  subject.test("A10 thousands of headers and a line of 64 KiB do not end the process (CVE-2024-37890)", async () => {
    await subject.run(
      () => () => ({ onOpen: () => "open" }),
      async (running) => {
        const many = Object.fromEntries(Array.from({ length: 2100 }, (_, i) => [`X-${i}`, "a"]));
        for (const send of [
          { headers: many },
          { path: `/?${"a".repeat(65_536)}` },
          { headers: { Cookie: "c".repeat(70_000) } },
        ]) {
          const response = await ask(running, send).catch((error: unknown) => error);
          if (response instanceof HttpResponse) assert.ok(response.status >= 400, String(response.status));
        }
        const client = await running.connect();
        assert.equal(await client.message(), "open");
      },
      { listener: { requestLimits: { maxHeaderSize: 8192 } } },
    );
  });

  subject.test(
    "A11 what guards a path guards every way to write it (CVE-2026-47676, CVE-2026-39406, GHSA-wc8c-qw6v-h7f6)",
    async () => {
      const app = new Hono();
      app.use("/admin/*", (context) => Promise.resolve(context.text("Forbidden\n", 403)));
      app.get(
        "/admin/:room",
        upgrade(() => ({ onOpen: () => "in" })),
      );
      const listener = new Listener(app, { port: 0, engine: subject.engine, logger: new Log(subject.patience) });
      await listener.start();
      try {
        const paths = [
          "/admin/a",
          "//admin/a",
          "/%61dmin/a",
          "/admin%2Fa",
          "/./admin/a",
          "/x/../admin/a",
          "/admin//a",
          "/admin/%2e%2e/admin/a",
        ];
        for (const path of [...paths, "/ADMIN/a", "/admin;x/a", "/admin\\a", "/%2561dmin/a", "/admin/a/"]) {
          const { status } = await request(listener.port, toHandshake(listener.port, { path }));
          assert.ok(status === 403 || status === 404 || status === 400, `${status} for ${path}`);
        }
      } finally {
        await listener.immediateStop();
      }
    },
  );
}

function refusing({ journal }: Running): () => object {
  return () => {
    journal.add("handler");
    return {};
  };
}

function ask({ listener }: Running, send: HandshakeOptions): Promise<HttpResponse> {
  return request(listener.port, toHandshake(listener.port, send));
}

function leave(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.destroy();
  });
}
