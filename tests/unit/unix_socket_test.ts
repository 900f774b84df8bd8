/** Servers of one's own that listen on a path: a peer has no address there. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Hono } from "hono";
import { bunGlobal } from "../../adapters/bun/runtime.ts";
import { denoGlobal } from "../../adapters/deno/runtime.ts";
import { handlers } from "../../entries/bun.ts";
import { handler } from "../../entries/deno.ts";
import { attach } from "../../entries/node.ts";
import { Connections, type HostConfig, upgrade } from "../../mod.ts";
import { connect, HandshakeRefused, type RawClient } from "../kit/raw_client.ts";
import { silent } from "./support.ts";

/** Listens on a path, and gives what ends that. */
type Open = (path: string, app: Hono, options: HostConfig & { connections: Connections }) => Promise<() => unknown>;

const bun = bunGlobal();
const deno = denoGlobal();

const openNode: Open = async (path, app, options) => {
  const server = createServer();
  attach(server, app, options);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return () => new Promise((resolve) => server.close(resolve));
};
const openBun: Open = async (path, app, options) => {
  const server = bun?.serve({ unix: path, ...handlers(app, options) } as never);
  return () => server?.stop(false);
};
const openDeno: Open = async (path, app, options) => {
  const server = deno?.serve({ path, onListen() {} } as never, handler(app, options));
  return () => server?.shutdown();
};
const kinds: [string, Open][] = [
  ["node:http", openNode],
  ...(bun === undefined ? [] : ([["Bun.serve", openBun]] as [string, Open][])),
  ...(deno === undefined ? [] : ([["Deno.serve", openDeno]] as [string, Open][])),
];

for (const [name, open] of kinds) {
  test(`${name}: on a unix socket all peers are one without an address, and of one origin with their Host`, async () => {
    await serve(open, {}, async (dial) => {
      const headers = { Host: "chat.example", Origin: "https://chat.example" };
      assert.equal(await refusal(dial({ ...headers, Origin: "https://evil.example" })), 403);
      const client = await dial(headers);
      assert.equal(await client.message(), "ann undefined undefined");
      assert.equal(await refusal(dial({ "X-Forwarded-For": "192.0.2.1" })), 429);
      await client.send.close(1000);
      await client.ended();
    });
  });

  test(`${name}: on a unix socket they have the addresses that a trusted proxy tells`, async () => {
    await serve(open, { trustedProxies: 1 }, async (dial) => {
      const one = await dial({ "X-Forwarded-For": "192.0.2.1" });
      assert.equal(await one.message(), "ann 192.0.2.1 192.0.2.1");
      const two = await dial({ "X-Forwarded-For": "192.0.2.2" });
      assert.equal(await two.message(), "ann 192.0.2.2 192.0.2.2");
      assert.equal(await refusal(dial({ "X-Forwarded-For": "192.0.2.1" })), 429);
      for (const client of [one, two]) {
        await client.send.close(1000);
        await client.ended();
      }
    });
  });
}

type Dial = (headers: Record<string, string>) => Promise<RawClient>;

async function serve(open: Open, options: HostConfig, play: (dial: Dial) => Promise<void>): Promise<void> {
  const app = new Hono();
  app.get(
    "/who/:name",
    upgrade<"/who/:name">(({ params, remoteAddress }) => ({
      onOpen: (caller) => `${params.name} ${remoteAddress} ${caller.remoteAddress}`,
    })),
  );
  const folder = mkdtempSync(join(tmpdir(), "unix-"));
  const path = join(folder, "socket");
  const dial = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ path, allowHalfOpen: true });
      socket.once("connect", () => resolve(socket));
      socket.once("error", reject);
    });
  const connections = new Connections();
  const close = await open(path, app, { ...options, connections, maxConnectionsPerAddress: 1, logger: silent() });
  try {
    await play((headers) => connect(0, { path: "/who/ann", headers, dial }));
    await connections.gracefulStop();
  } finally {
    await connections.immediateStop();
    await close();
    rmSync(folder, { recursive: true });
  }
}

async function refusal(dialled: Promise<RawClient>): Promise<number | undefined> {
  const error: unknown = await dialled.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof HandshakeRefused ? error.response.status : undefined;
}
