/** Several listeners to the event `upgrade` of one `http.Server`, ours and others: each path has its own, and only one of them answers. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createConnection, type Socket } from "node:net";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { Hono } from "hono";
import { WebSocketServer } from "ws";
import { PATIENCE } from "../../adapters/node/neighbours.ts";
import { toUpgradeListener } from "../../adapters/node/upgrades.ts";
import { attach, upgrader } from "../../entries/node.ts";
import { upgrade } from "../../mod.ts";
import { ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { Host } from "../../src/host.ts";
import { FakeClock } from "../../src/testing/fake_clock.ts";
import { connect, HandshakeRefused, toHandshake } from "../kit/raw_client.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("an http.Server with several listeners to upgrade:", () => {
  let server: Server;
  const port = (): number => (server.address() as AddressInfo).port;
  const ask = async (path: string): Promise<string> => {
    const client = await connect(port(), { path });
    const text = String(await client.message());
    await client.send.text("x");
    assert.equal(await client.message(), "x");
    client.destroy();
    return text;
  };

  before(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
  });
  after(() => new Promise((resolve) => server.close(resolve)));
  const play = (name: string, body: () => Promise<void>): void => {
    test(name, async () => {
      try {
        await body();
      } finally {
        server.removeAllListeners("upgrade");
      }
    });
  };

  play("of two apps of ours that know the path the first answers, and nobody writes into its stream", async () => {
    for (const name of ["a", "b"]) attach(server, toApp("/", name));
    assert.equal(await ask("/"), "a");
  });

  for (const waits of [false, true]) {
    play(
      `what the first of ours has no route for goes to the next, if it ${waits ? "waits" : "answers at once"}`,
      async () => {
        for (const name of ["a", "b", "c"]) attach(server, toApp(`/${name}`, name, waits));
        for (const name of ["a", "b", "c"]) assert.equal(await ask(`/${name}`), name);
        await assert.rejects(connect(port(), { path: "/d" }), isRefusedWith(404));
      },
    );

    for (const isFirst of [true, false]) {
      play(
        `a WebSocketServer of ws that was added ${isFirst ? "before" : "after"} ours, which ${waits ? "waits" : "answers at once"}, has its path`,
        async () => {
          const foreign = toForeign("/theirs", "theirs");
          if (isFirst) server.on("upgrade", foreign);
          attach(server, toApp("/ours", "ours", waits));
          if (!isFirst) server.on("upgrade", foreign);
          assert.deepEqual(await Promise.all(["/ours", "/theirs", "/ours", "/theirs"].map(ask)), [
            "ours",
            "theirs",
            "ours",
            "theirs",
          ]);
        },
      );
    }
  }

  play("a page for every path takes no upgrade away from others", async () => {
    const app = toApp("/ours", "ours");
    let cancelled = 0;
    const cancel = (): void => {
      cancelled += 1;
    };
    app.get("*", () => new Response(new ReadableStream({ cancel })));
    attach(server, app);
    server.on("upgrade", toForeign("/theirs", "theirs"));
    assert.equal(await ask("/theirs"), "theirs");
    assert.equal(await ask("/ours"), "ours");
    assert.equal(cancelled, 1, "its body is kept");
  });

  play("what middleware or a service of ours refuses is refused at once", async () => {
    const app = new Hono();
    app.get("/full", upgrade(() => new Response("There is no such room", { status: 404 })) as never);
    app.use("/secret/*", (context) => Promise.resolve(context.text("Who are you?", 401)));
    attach(server, app, { logger: silent });
    server.on("upgrade", toForeign("/theirs", "theirs"));
    await assert.rejects(connect(port(), { path: "/full" }), isRefusedWith(404));
    await assert.rejects(connect(port(), { path: "/secret/x" }), isRefusedWith(401));
    const headers = { Origin: "http://elsewhere.example" };
    await assert.rejects(connect(port(), { path: "/full", headers }), isRefusedWith(403));
  });

  // On Bun nothing tells that its own ws has taken a socket before ours looks at it.
  for (const isFirst of process.versions.bun === undefined ? [true, false] : [false]) {
    const order = isFirst ? "before ours" : "while our middleware waits";
    play(`nothing of ours is written into the stream of one that has answered ${order}`, async () => {
      const app = new Hono();
      app.use(async (context) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return context.text("Who are you?", 401);
      });
      if (isFirst) server.on("upgrade", toForeign("/theirs", "theirs"));
      attach(server, app);
      if (!isFirst) server.on("upgrade", toForeign("/theirs", "theirs"));
      const client = await connect(port(), { path: "/theirs" });
      assert.equal(await client.message(), "theirs");
      await new Promise((resolve) => setTimeout(resolve, 60));
      await client.send.text("still there");
      assert.equal(await client.message(), "still there");
      client.destroy();
    });
  }

  play("nothing of ours is written into the stream of one that has answered while our handler waits", async () => {
    const decided = Promise.withResolvers<void>();
    const app = new Hono();
    app.get(
      "*",
      upgrade(async () => {
        await decided.promise;
        return { onOpen: () => "ours", onTextMessage: (_caller, text) => text };
      }),
    );
    attach(server, app, { maxConnections: 1 });
    server.on("upgrade", toForeign("/theirs", "theirs"));
    const client = await connect(port(), { path: "/theirs" });
    assert.equal(await client.message(), "theirs");
    decided.resolve();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await client.send.text("still there");
    assert.equal(await client.message(), "still there");
    client.destroy();
    assert.equal(await ask("/ours"), "ours", "its place is free again");
  });

  play("what nobody has answered for ten seconds gets our 404, what somebody has taken is left alone", async () => {
    const clock = new FakeClock();
    const host = new Host(ENGINE_CAPABILITIES.node, { logger: silent }, clock);
    server.on("upgrade", toUpgradeListener(toApp("/ours", "ours"), host));
    server.on("upgrade", toForeign("/theirs", "theirs"));
    const theirs = await connect(port(), { path: "/theirs" });
    assert.equal(await theirs.message(), "theirs");
    let isOver = false;
    const lost = connect(port(), { path: "/lost" }).finally(() => {
      isOver = true;
    });
    lost.catch(() => {});
    while (clock.pending < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(PATIENCE / 1000 - 0.001);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(isOver, false);
    await clock.advance(0.001);
    await assert.rejects(lost, isRefusedWith(404));
    await theirs.send.text("still there");
    assert.equal(await theirs.message(), "still there");
    theirs.destroy();
  });

  play("a peer that leaves while nobody answers leaves nothing behind", async () => {
    const clock = new FakeClock();
    const host = new Host(ENGINE_CAPABILITIES.node, { logger: silent }, clock);
    server.on("upgrade", toUpgradeListener(toApp("/ours", "ours"), host));
    const sockets: Socket[] = [];
    server.on("upgrade", (_request: IncomingMessage, socket: Socket) => void sockets.push(socket));
    const lost = connect(port(), { path: "/lost" });
    lost.catch(() => {});
    while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(clock.pending, 1);
    sockets[0]?.destroy(new Error("It was reset"));
    await assert.rejects(lost);
    while (clock.pending > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  });

  // Bun's own node:http tells of no upgrade behind a request.
  if (process.versions.bun === undefined) {
    play(
      "an upgrade behind a request that is still answered is refused when that is done, and nothing is left",
      async () => {
        const slow = (_request: IncomingMessage, response: ServerResponse): void => {
          setTimeout(() => response.end("slow"), 30);
        };
        server.on("request", slow);
        const app = new Hono();
        app.use(async (context) => {
          await new Promise((resolve) => setTimeout(resolve, 90));
          return context.text("no", 401);
        });
        attach(server, app);
        server.on("upgrade", toForeign("/theirs", "theirs"));
        const socket = createConnection(port(), "127.0.0.1");
        let answers = "";
        socket.setEncoding("latin1").on("data", (text) => {
          answers += text;
        });
        socket.write(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\n${toHandshake(port(), { path: "/refused" })}`);
        await new Promise((resolve) => socket.on("close", resolve));
        server.off("request", slow);
        assert.match(answers, /^HTTP\/1.1 200 OK\r\n[\s\S]*slow\r?\n?[\s\S]*HTTP\/1.1 401 /);
      },
    );
  }

  play("a listener that is taken off while its app waits leaves the upgrade to others all the same", async () => {
    const detach = attach(server, toApp("/ours", "ours", true));
    const foreign = toForeign("/theirs", "theirs");
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Uint8Array) => {
      setTimeout(() => foreign(request, socket, head), 30);
    });
    server.on("upgrade", () => detach());
    assert.equal(await ask("/theirs"), "theirs");
  });

  play("an upgrader that is called by hand answers at once", async () => {
    const listener = upgrader(toApp("/ours", "ours"));
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Uint8Array) =>
      listener(request, socket, head),
    );
    server.on("upgrade", () => {});
    assert.equal(await ask("/ours"), "ours");
    await assert.rejects(connect(port(), { path: "/lost" }), isRefusedWith(404));
  });
});

function toApp(path: string, name: string, waits = false): Hono {
  const app = new Hono();
  if (waits) {
    app.use(async (_context, next) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await next();
    });
  }
  app.get(
    path,
    upgrade(() => ({ onOpen: () => name, onTextMessage: (_caller, text) => text })),
  );
  return app;
}

/** A listener as the documentation of `ws` writes it: it leaves other paths to others. */
function toForeign(path: string, name: string): (request: IncomingMessage, socket: Socket, head: Uint8Array) => void {
  const foreign = new WebSocketServer({ noServer: true });
  return (request, socket, head) => {
    if (request.url !== path) return;
    foreign.handleUpgrade(request, socket, head as Buffer, (ws) => {
      ws.on("message", (data) => ws.send(String(data)));
      ws.send(name);
    });
  };
}

function isRefusedWith(status: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HandshakeRefused, String(error));
    assert.equal(error.response.status, status);
    return true;
  };
}
