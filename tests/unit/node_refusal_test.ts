import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { Hono } from "hono";
import { attach } from "../../entries/node.ts";
import { UpgradeError, upgrade } from "../../mod.ts";
import { connect, HandshakeRefused } from "../kit/raw_client.ts";
import { silent } from "./support.ts";

test("a refusal reaches its client and harms nobody, when the sockets of the runtime have no destroySoon", async () => {
  const app = new Hono();
  app.get(
    "/full",
    upgrade(() => new UpgradeError("Full", { status: 422 })),
  );
  const server = createServer();
  // As it is on Bun before 1.4.
  server.on("connection", (socket: Socket) => Object.defineProperty(socket, "destroySoon", { value: undefined }));
  attach(server, app, { logger: silent() });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for (let i = 0; i < 2; i++) {
      await assert.rejects(connect(port, { path: "/full" }), (error: unknown) => {
        assert.ok(error instanceof HandshakeRefused);
        assert.equal(error.response.status, 422);
        assert.equal(error.response.body, "Full\n");
        return true;
      });
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("the place of a socket that is gone before its 101 is free again", async () => {
  const server = createServer();
  const sockets: Socket[] = [];
  server.on("upgrade", (_request, socket: Socket) => void sockets.push(socket));
  const app = new Hono();
  app.get(
    "/",
    upgrade(() => {
      if (sockets.length === 1) sockets[0]?.destroy();
      return { onOpen: () => "Hello" };
    }),
  );
  attach(server, app, { logger: silent(), maxConnections: 1 });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await assert.rejects(connect(port));
  const client = await connect(port);
  assert.equal(await client.message(), "Hello");
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("the error of a peer that is lost while its upgrade is decided ends no process", async () => {
  const seen: unknown[] = [];
  const asked = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<Response>();
  const server = createServer();
  const sockets: Socket[] = [];
  server.on("upgrade", (_request, socket: Socket) => void sockets.push(socket));
  const fetch = (): Promise<Response> => {
    asked.resolve();
    return decided.promise;
  };
  attach(server, { fetch }, { logger: silent() });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const connecting = connect((server.address() as AddressInfo).port);
  connecting.catch(() => {});
  await asked.promise;
  const [socket] = sockets;
  assert.ok(socket);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  // An emitter throws an error that nobody hears.
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string, ...args: unknown[]) => {
    if (event === "error") seen.push(socket.listenerCount("error") > 0);
    return emit(event, ...args);
  };
  // Both in one go, so that the decision comes before the error is told.
  socket.destroy(new Error("read ECONNRESET"));
  decided.resolve(new Response(null, { status: 401 }));
  await closed;
  await assert.rejects(connecting);
  assert.deepEqual(seen, [true]);
  await new Promise((resolve) => server.close(resolve));
});
