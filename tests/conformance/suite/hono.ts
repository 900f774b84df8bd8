/** R22 in a Hono app: its middleware sees an upgrade as it sees every other request. */
import assert from "node:assert/strict";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { upgrade } from "../../../mod.ts";
import { request, toHandshake } from "../../kit/raw_client.ts";
import { type Mount, mountsOf } from "./mounted.ts";
import { type Subject, wait } from "./subject.ts";

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
  for (const [name, serve] of mountsOf(subject, mounts)) {
    subject.test(`${name}: messages go both ways, and other routes answer`, async () => {
      const app = new Hono();
      app.get("/ws", hello);
      app.get("/page", (c) => c.text("page"));
      await serve(app, async ({ port, connect }) => {
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

    subject.test(`${name}: what middleware has set is readable through the context`, async () => {
      const app = new Hono<Variables>();
      app.use(async (c, next) => {
        c.set("user", c.req.query("user") ?? "");
        await next();
      });
      const chat = upgrade<"/chat/:room", Context<Variables>>(({ params, context }) => ({
        onOpen: () => `${context.get("user")} in ${params.room}`,
      }));
      app.get("/chat/:room", chat);
      await serve(app, async ({ connect }) => {
        const client = await connect("/chat/den?user=ann");
        assert.equal(await client.message(), "ann in den");
      });
    });

    subject.test(`${name}: headers set before and after next() stand in the 101, and each Set-Cookie`, async () => {
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
      await serve(app, async ({ connect }) => {
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

    subject.test(`${name}: headers of a handler that sets them itself stand in the 101`, async () => {
      const app = new Hono();
      app.get(
        "/",
        upgrade<"/", Context>(({ context }) => {
          context.header("x-handler", "1");
          setCookie(context, "handler", "1");
          return { onOpen: () => "hello" };
        }),
      );
      await serve(app, async ({ connect }) => {
        const { response } = await connect();
        assert.equal(response.header("x-handler"), "1");
        assert.match(response.header("set-cookie") ?? "", /^handler=1/);
      });
    });

    subject.test(`${name}: headers that belong to the handshake cannot be set by middleware`, async () => {
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
      await serve(app, async ({ connect }) => {
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

    subject.test(`${name}: middleware that replaces the response by a copy of it does no harm`, async () => {
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
      await serve(app, async ({ connect }) => {
        const client = await connect();
        assert.equal(client.response.header("x-copied"), "1");
        assert.equal(await client.message(), "hello");
      });
    });

    subject.test(`${name}: Hono's own middleware works on an upgrade`, async () => {
      const app = new Hono();
      app.use(secureHeaders(), cors(), etag(), requestId());
      app.get("/", hello);
      await serve(app, async ({ connect }) => {
        const client = await connect();
        assert.equal(client.response.header("x-content-type-options"), "nosniff");
        assert.equal(client.response.header("access-control-allow-origin"), "*");
        assert.ok(client.response.header("x-request-id"));
        assert.equal(await client.message(), "hello");
      });
    });

    subject.test(`${name}: services in a sub-app work, with an onError of its own too`, async () => {
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
        await serve(app, async ({ connect, port }) => {
          const client = await connect("/sub/ws");
          assert.equal(await client.message(), "hello");
          assert.equal(client.response.header("x-before"), "1");
          if (!own) return;
          assert.equal(await (await fetch(`http://127.0.0.1:${port}/sub/fails`)).text(), "sub failed");
        });
      }
    });

    subject.test(`${name}: an app without our adapter answers 426 and says what to do`, async () => {
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
}
