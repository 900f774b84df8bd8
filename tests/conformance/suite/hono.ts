/** R22 in a Hono app: its middleware guards the upgrade as it guards every other route. */
import assert from "node:assert/strict";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { type App, Listener, upgrade } from "../../../mod.ts";
import {
  connect,
  HandshakeRefused,
  type HttpResponse,
  type RawClient,
  request,
  toHandshake,
} from "../../kit/raw_client.ts";
import { Log, type Subject, wait } from "./subject.ts";

/** A way to serve an app that has upgrade services. */
export interface Mount {
  readonly name: string;
  open(app: App, logger: Log): Promise<{ readonly port: number; close(): unknown }>;
}

interface Mounted {
  readonly port: number;
  readonly log: Log;
  connect(path?: string): Promise<RawClient>;
  refusal(path?: string): Promise<HttpResponse>;
}

type Variables = { Variables: { user: string } };

const hello = upgrade(() => ({ onOpen: () => "hello", onTextMessage: (_caller, text) => text }));
const before: MiddlewareHandler = async (c, next) => {
  c.header("x-before", "1");
  setCookie(c, "before", "1");
  await next();
};
const after: MiddlewareHandler = async (c, next) => {
  await next();
  await wait(1);
  c.header("x-after", "1");
  setCookie(c, "after", "1");
};

export function hono(subject: Subject, mounts: readonly Mount[]): void {
  const own: Mount = {
    name: "new Listener(app)",
    async open(app, logger) {
      const listener = new Listener(app, { port: 0, engine: subject.engine, logger });
      await listener.start();
      return { port: listener.port, close: () => listener.immediateStop() };
    },
  };
  for (const mount of [own, ...mounts]) tests(subject, mount);
}

function tests(subject: Subject, mount: Mount): void {
  /** Serves an app and checks that the log holds nothing unexpected. */
  async function mounted(app: App, use: (mounted: Mounted) => Promise<void>, logs?: RegExp): Promise<void> {
    const log = new Log(subject.patience);
    const { port, close } = await mount.open(app, log);
    const clients: RawClient[] = [];
    try {
      await use({
        port,
        log,
        async connect(path = "/") {
          const client = await connect(port, { path, patience: subject.patience });
          clients.push(client);
          return client;
        },
        async refusal(path = "/") {
          try {
            clients.push(await connect(port, { path }));
          } catch (error) {
            if (error instanceof HandshakeRefused) return error.response;
            throw error;
          }
          throw new Error("The upgrade was not refused");
        },
      });
      const unexpected = log.entries.filter((line) => /^(warn|error)/.test(line) && !logs?.test(line));
      assert.deepEqual(unexpected, []);
    } finally {
      for (const client of clients) client.destroy();
      await subject.within("the end of the server", Promise.resolve(close()), 5000);
    }
  }
  const test = (title: string, fn: () => Promise<void>): void => subject.test(`${mount.name}: ${title}`, fn);

  test("messages go both ways, and other routes answer", async () => {
    const app = new Hono();
    app.get("/ws", hello);
    app.get("/page", (c) => c.text("page"));
    await mounted(app, async ({ port, connect }) => {
      const client = await connect("/ws");
      assert.equal(await client.message(), "hello");
      await client.send.text("there");
      assert.equal(await client.message(), "there");
      await client.send.close(1000);
      assert.equal((await client.ended()).code, 1000);
      assert.equal(await (await fetch(`http://127.0.0.1:${port}/page`)).text(), "page");
      const plain = await fetch(`http://127.0.0.1:${port}/ws`);
      assert.equal(plain.status, 426);
      assert.match(await plain.text(), /WebSocket/);
      assert.equal((await request(port, toHandshake(port, { path: "/nowhere" }))).status, 404);
    });
  });

  test("what middleware has set is readable through the context", async () => {
    const app = new Hono<Variables>();
    app.use(async (c, next) => {
      c.set("user", c.req.query("user") ?? "");
      await next();
    });
    const chat = upgrade<"/chat/:room", Context<Variables>>(({ params, context }) => ({
      onOpen: () => `${context.get("user")} in ${params.room}`,
    }));
    app.get("/chat/:room", chat);
    await mounted(app, async ({ connect }) => {
      const client = await connect("/chat/den?user=ann");
      assert.equal(await client.message(), "ann in den");
    });
  });

  test("headers set before and after next() stand in the 101, and each Set-Cookie", async () => {
    const app = new Hono();
    app.use(before, after);
    const config = {
      responseHeaders: [
        ["x-own", "1"],
        ["set-cookie", "own=1"],
      ] as const,
    };
    app.get(
      "/",
      upgrade(config, () => ({ onOpen: () => "hello" })),
    );
    await mounted(app, async ({ connect }) => {
      const client = await connect();
      const { response } = client;
      for (const name of ["x-before", "x-after", "x-own"]) assert.equal(response.header(name), "1", name);
      const cookies = response.headerAll("set-cookie").map((cookie) => cookie.split(";")[0]);
      assert.deepEqual(cookies.sort(), ["after=1", "before=1", "own=1"]);
      assert.equal(response.headers.filter(([name]) => /x-switchboard/i.test(name)).length, 0);
      assert.deepEqual(response.headerAll("content-type"), []);
      assert.equal(await client.message(), "hello");
    });
  });

  test("headers of a handler that sets them itself stand in the 101", async () => {
    const app = new Hono();
    app.get(
      "/",
      upgrade<"/", Context>(({ context }) => {
        context.header("x-handler", "1");
        setCookie(context, "handler", "1");
        return { onOpen: () => "hello" };
      }),
    );
    await mounted(app, async ({ connect }) => {
      const { response } = await connect();
      assert.equal(response.header("x-handler"), "1");
      assert.match(response.header("set-cookie") ?? "", /^handler=1/);
    });
  });

  test("headers that belong to the handshake cannot be set by middleware", async () => {
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.header("sec-websocket-protocol", "evil");
      c.header("sec-websocket-accept", "evil");
      c.header("connection", "close");
      c.header("upgrade", "evil");
      c.header("content-length", "5");
      c.header("transfer-encoding", "chunked");
    });
    app.get("/", hello);
    await mounted(app, async ({ connect }) => {
      const client = await connect();
      const { response } = client;
      assert.deepEqual(response.headerAll("sec-websocket-protocol"), []);
      assert.equal(response.headerAll("sec-websocket-accept").length, 1);
      assert.deepEqual(
        response.headerAll("upgrade").map((value) => value.toLowerCase()),
        ["websocket"],
      );
      assert.deepEqual(
        response.headerAll("connection").map((value) => value.toLowerCase()),
        ["upgrade"],
      );
      assert.deepEqual(response.headerAll("transfer-encoding"), []);
      assert.equal(await client.message(), "hello");
    });
  });

  const guards: readonly [string, MiddlewareHandler, number, string][] = [
    ["before next()", async (c) => c.text("no entry", 401, { "www-authenticate": "Basic" }), 401, "no entry"],
    [
      "after next(), by setting the response",
      async (c, next) => {
        await next();
        c.res = new Response("no entry", { status: 403 });
      },
      403,
      "no entry",
    ],
    [
      "after next(), by clearing the response first",
      async (c, next) => {
        await next();
        c.res = undefined;
        c.res = new Response("come back later");
      },
      200,
      "come back later",
    ],
    [
      "after next(), with a page of status 200",
      async (c, next) => {
        await next();
        c.res = new Response("come back later");
      },
      200,
      "come back later",
    ],
    [
      "with an HTTPException before next()",
      async () => {
        throw new HTTPException(418, { message: "no entry" });
      },
      418,
      "no entry",
    ],
    [
      "with an HTTPException after next()",
      async (_c, next) => {
        await next();
        throw new HTTPException(418, { message: "no entry" });
      },
      418,
      "no entry",
    ],
    ["with a redirect", async (c) => c.redirect("/login"), 302, ""],
  ];
  for (const [how, guard, status, body] of guards) {
    test(`middleware refuses ${how}`, async () => {
      let opened = 0;
      const app = new Hono();
      app.use(guard);
      app.get(
        "/",
        upgrade(() => ({ onOpen: () => void opened++ })),
      );
      await mounted(app, async ({ refusal }) => {
        const response = await refusal();
        assert.deepEqual([response.status, response.body], [status, body]);
        assert.equal(response.headers.filter(([name]) => /x-switchboard/i.test(name)).length, 0);
        await wait(10);
        assert.equal(opened, 0);
      });
    });
  }

  test("middleware that replaces the response by a copy of it does no harm", async () => {
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.res = new Response(c.res.body, c.res);
    });
    app.use(async (c, next) => {
      await next();
      const headers = new Headers(c.res.headers);
      headers.append("x-copied", "1");
      c.res = new Response(c.res.body, { status: c.res.status, headers });
    });
    app.get("/", hello);
    await mounted(app, async ({ connect }) => {
      const client = await connect();
      assert.equal(client.response.header("x-copied"), "1");
      assert.equal(await client.message(), "hello");
    });
  });

  test("Hono's own middleware works on an upgrade", async () => {
    const app = new Hono();
    app.use(secureHeaders(), cors(), etag(), requestId());
    app.get("/", hello);
    await mounted(app, async ({ connect }) => {
      const client = await connect();
      assert.equal(client.response.header("x-content-type-options"), "nosniff");
      assert.equal(client.response.header("access-control-allow-origin"), "*");
      assert.ok(client.response.header("x-request-id"));
      assert.equal(await client.message(), "hello");
    });
  });

  test("services in a sub-app work, with an onError of its own too", async () => {
    for (const own of [false, true]) {
      const app = new Hono();
      const sub = new Hono();
      if (own) sub.onError((_error, c) => c.text("sub failed", 500));
      sub.use(before);
      sub.get("/ws", hello);
      sub.get("/fails", () => {
        throw new Error("on purpose");
      });
      app.route("/sub", sub);
      await mounted(app, async ({ connect, port }) => {
        const client = await connect("/sub/ws");
        assert.equal(await client.message(), "hello");
        assert.equal(client.response.header("x-before"), "1");
        if (!own) return;
        assert.equal(await (await fetch(`http://127.0.0.1:${port}/sub/fails`)).text(), "sub failed");
      });
    }
  });

  test("middleware that throws is answered by the app's onError, before and after the service has accepted", async () => {
    for (const late of [false, true]) {
      let opened = 0;
      const app = new Hono();
      app.onError((error, c) => c.text(`app: ${error.message}`, 503));
      app.use(async (_c, next) => {
        if (late) await next();
        throw new Error("on purpose");
      });
      app.get(
        "/",
        upgrade(() => ({ onOpen: () => void opened++ })),
      );
      await mounted(app, async ({ refusal }) => {
        const response = await refusal();
        assert.deepEqual([response.status, response.body], [503, "app: on purpose"]);
        await wait(10);
        assert.equal(opened, 0);
      });
    }
  });

  test("an app whose fetch throws or rejects is answered for with 500, and goes on", async () => {
    let fail: "throw" | "reject" | undefined = "throw";
    const inner = new Hono();
    inner.get("/", hello);
    const app: App = {
      fetch(asked, env) {
        if (fail === "throw") throw new Error("on purpose");
        if (fail === "reject") return Promise.reject(new Error("on purpose"));
        return inner.fetch(asked, env);
      },
    };
    await mounted(
      app,
      async ({ connect, refusal }) => {
        assert.equal((await refusal()).status, 500);
        fail = "reject";
        assert.equal((await refusal()).status, 500);
        fail = undefined;
        assert.equal(await (await connect()).message(), "hello");
      },
      /on purpose/,
    );
  });

  test("an upgrade handler that throws is answered with 500, not by the app's onError, and logged once", async () => {
    const app = new Hono();
    app.get(
      "/",
      upgrade(() => {
        throw new Error("secret");
      }),
    );
    await mounted(
      app,
      async ({ refusal, log }) => {
        const response = await refusal();
        assert.equal(response.status, 500);
        assert.doesNotMatch(response.body, /secret/);
        assert.equal(log.count(/secret/), 1);
      },
      /secret/,
    );
  });

  test("an app without our adapter answers 426 and says what to do", async () => {
    const app = new Hono();
    app.get("/", hello);
    const headers = {
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const response = await app.request("http://localhost/", { headers });
    // A runtime whose Request forbids these headers sees an ordinary GET.
    assert.equal(response.status, 426);
    assert.match(await response.text(), /\w\n$/);
  });
}
