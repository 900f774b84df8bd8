/** Routes of the same app that upgrade by themselves, with Hono's own helper for the runtime, beside ours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { bunGlobal } from "../../adapters/bun/runtime.ts";
import { denoGlobal, portOf } from "../../adapters/deno/runtime.ts";
import { handlers } from "../../entries/bun.ts";
import { handler } from "../../entries/deno.ts";
import { Listener, upgrade } from "../../mod.ts";
import { connect } from "../kit/raw_client.ts";
import { silent } from "./support.ts";

const bun = bunGlobal();
const deno = denoGlobal();

async function toApp(): Promise<Hono> {
  // Each of them reads the global of its runtime when it is loaded.
  const { upgradeWebSocket } = bun === undefined ? await import("hono/deno") : await import("hono/bun");
  const app = new Hono();
  app.get(
    "/ours",
    upgrade(() => ({ onTextMessage: (_caller, text) => `ours ${text}` })),
  );
  app.get(
    "/theirs",
    upgradeWebSocket(() => ({ onMessage: (event, socket) => socket.send(`theirs ${event.data}`) })),
  );
  return app;
}

async function ask(port: number, path: string): Promise<unknown> {
  const client = await connect(port, { path });
  await client.send.text("x");
  const answer = await client.message();
  await client.send.close(1000);
  await client.ended();
  return answer;
}

if (deno !== undefined) {
  test("Deno: a route that upgrades by itself works beside ours, on a listener and on a server of one's own", async () => {
    const logger = silent();
    const listener = new Listener(await toApp(), { port: 0, host: "127.0.0.1", logger });
    await listener.start();
    const controller = new AbortController();
    const onError = () => new Response(null, { status: 500 });
    const options = { port: 0, hostname: "127.0.0.1", signal: controller.signal, onListen() {}, onError };
    const own = deno.serve(options, handler(await toApp(), { logger }) as never);
    for (const port of [listener.port, portOf(own.addr) ?? 0]) {
      for (let i = 0; i < 2; i++) {
        assert.equal(await ask(port, "/theirs"), "theirs x");
        assert.equal(await ask(port, "/ours"), "ours x");
      }
    }
    await listener.gracefulStop();
    controller.abort();
    const faults = logger.lines.filter(([, message]) => !message.startsWith('The engine "deno" cannot bound'));
    assert.deepEqual(faults, []);
  });
}

if (bun !== undefined) {
  const serve = (served: object): { readonly port: number; stop(force: boolean): unknown } =>
    bun.serve({ port: 0, hostname: "127.0.0.1", ...served } as never) as never;

  test("Bun: handlers(app, { websocket }) hands the sockets of other routes to others", async () => {
    const logger = silent();
    const { websocket } = await import("hono/bun");
    const server = serve(handlers(await toApp(), { websocket, logger }));
    for (let i = 0; i < 2; i++) {
      assert.equal(await ask(server.port, "/theirs"), "theirs x");
      assert.equal(await ask(server.port, "/ours"), "ours x");
    }
    server.stop(true);
    assert.deepEqual(logger.lines, []);
  });

  test("Bun: a socket of another route that nobody handles is closed with 1011 and told of, and ours go on", async () => {
    const logger = silent();
    const listener = new Listener(await toApp(), { port: 0, host: "127.0.0.1", logger });
    await listener.start();
    const ours = await connect(listener.port, { path: "/ours" });
    for (let i = 0; i < 2; i++) {
      const theirs = await connect(listener.port, { path: "/theirs" });
      void theirs.send.text("x");
      assert.equal((await theirs.ended()).code, 1011);
    }
    await ours.send.text("y");
    assert.equal(await ours.message(), "ours y");
    ours.destroy();
    await listener.gracefulStop();
    assert.equal(logger.lines.length, 1);
    assert.match(String(logger.lines[0]?.[1]), /^A route has upgraded a connection by itself, and nobody handles it: /);
  });

  test("Bun: an app that upgrades by itself answers with nothing, as Bun wants it", async () => {
    const logger = silent();
    const app = {
      fetch(request: Request, env: object) {
        const { server } = env as { server: { upgrade(request: Request, options: object): boolean } };
        return (server.upgrade(request, { data: null }) ? undefined : new Response(null, { status: 400 })) as Response;
      },
    };
    const others = {
      message: (socket: { send(text: string): unknown }, text: string) => socket.send(`theirs ${text}`),
    };
    const server = serve(handlers(app, { websocket: others, logger }));
    assert.equal(await ask(server.port, "/"), "theirs x");
    server.stop(true);
    assert.deepEqual(logger.lines, []);
  });

  test("Bun: option websocket must be handlers", () => {
    assert.throws(() => handlers(new Hono(), { websocket: true as never }), /^TypeError: Option websocket must be/);
  });
}
