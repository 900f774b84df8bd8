import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { Listener } from "../../mod.ts";
import { dial, request } from "../kit/raw_client.ts";

// What `java.net.http` and `curl --http2` send with every request.
const H2C = "Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
const WEBSOCKET = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";

/** Serves an app on the engine `node` while `run` runs. */
async function serving(app: Hono, run: (port: number, listener: Listener) => Promise<void>): Promise<void> {
  const listener = new Listener(app, { port: 0, engine: "node", host: "127.0.0.1" });
  await listener.start();
  try {
    await run(listener.port, listener);
  } finally {
    await listener.immediateStop();
  }
}

/** A body of as many parts of 64 KiB as it is asked for. */
function parts(count: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(new Uint8Array(65536));
    },
  });
}

test("a request that offers an upgrade, and cannot open a WebSocket, keeps its body", async () => {
  const app = new Hono();
  app.post("/", async (context) => context.text(await context.req.text()));
  await serving(app, async (port) => {
    for (const headers of [H2C, WEBSOCKET]) {
      const response = await request(port, `POST / HTTP/1.1\r\n${headers}Content-Length: 5\r\n\r\nhello`);
      assert.deepEqual([response.status, response.body], [200, "hello"]);
    }
  });
});

test("a long response of a plain route that was asked to upgrade comes whole", async () => {
  const app = new Hono();
  app.get("/", (context) => context.body(parts(4)));
  await serving(app, async (port) => {
    for (const headers of [H2C, WEBSOCKET]) {
      const response = await request(port, `GET / HTTP/1.1\r\n${headers}\r\n`);
      assert.equal(response.body.length, 4 * 65536);
    }
  });
});

test("R27 a stop settles in spite of an endless response of a plain route that was asked to upgrade", async () => {
  const app = new Hono();
  app.get("/", (context) => context.body(new ReadableStream({ start: (it) => it.enqueue(new Uint8Array(1)) })));
  await serving(app, async (port, listener) => {
    const socket = await dial(port);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(`GET / HTTP/1.1\r\n${WEBSOCKET}\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.on("end", () => socket.end()).resume();
    await listener.gracefulStop({ deadline: 0.1 });
    await closed;
  });
});
