/** R27: how a listener stops. */
import assert from "node:assert/strict";
import { createConnection, type Socket } from "node:net";
import { Hono } from "hono";
import { Listener, type ListenerConfig, type Service, upgrade } from "../../../mod.ts";
import { pem } from "../../kit/certificates.ts";
import { connect, dial, HandshakeRefused, type RawClient } from "../../kit/raw_client.ts";
import { dialTls } from "../../kit/tls_client.ts";
import { gate, Log, type Running, type Subject, wait } from "./subject.ts";

export function stopping(subject: Subject): void {
  const graceful = (running: Running, deadline?: number): Promise<void> =>
    subject.within("gracefulStop", running.listener.gracefulStop(deadline === undefined ? {} : { deadline }), 5000);
  const closes = ({ journal }: Running): Service => ({
    onTextMessage: (_caller, text) => text,
    onClose: (_caller, code) => journal.add(`close ${code}`),
  });

  subject.test("R27 gracefulStop closes every connection with 1001 and the port", async () => {
    await subject.serve(closes, async (running) => {
      const { connect: open, listener, journal } = running;
      const { port } = listener;
      const clients = await Promise.all(Array.from({ length: 5 }, () => open()));
      await graceful(running);
      assert.equal(journal.count("close 1001"), 5);
      for (const client of clients) assert.equal((await client.ended()).code, 1001);
      assert.deepEqual([...listener.connections], []);
      await assert.rejects(connect(port, { patience: 500 }));
    });
  });

  subject.test("R27 gracefulStop waits for running callbacks and for onClose", async () => {
    const [handler, end] = [gate(), gate()];
    let stopped = false;
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage() {
          journal.add("begin");
          await handler.promise;
          journal.add("end");
        },
        async onClose() {
          journal.add("closing");
          await end.promise;
          journal.add("closed");
        },
      }),
      async (running) => {
        const { connect: open, journal } = running;
        const client = await open();
        await client.send.text("");
        await journal.until("begin");
        const stop = graceful(running).then(() => {
          stopped = true;
        });
        await client.ended();
        assert.deepEqual(journal.entries, ["begin"]);
        handler.resolve();
        await journal.until("closing");
        await wait(20);
        assert.equal(stopped, false);
        end.resolve();
        await stop;
        assert.deepEqual(journal.entries, ["begin", "end", "closing", "closed"]);
      },
    );
  });

  subject.test("R27 while a listener stops new upgrades get 503 with Retry-After", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage() {
          journal.add("begin");
          await held.promise;
        },
      }),
      async (running) => {
        const { connect: open, journal } = running;
        const client = await open();
        await client.send.text("");
        await journal.until("begin");
        const stop = graceful(running);
        await assert.rejects(open(), (error: unknown) => {
          assert.ok(error instanceof HandshakeRefused);
          assert.equal(error.response.status, 503);
          assert.match(error.response.header("retry-after") ?? "", /^\d+$/);
          return true;
        });
        held.resolve();
        await stop;
      },
    );
  });

  const stuck: readonly [string, Service, ((client: RawClient) => unknown)?][] = [
    ["an onOpen that never settles", { onOpen: () => new Promise(() => {}) }],
    ["a handler that never settles", { onTextMessage: () => new Promise(() => {}) }, (client) => client.send.text("")],
    ["an onClose that never settles", { onClose: () => new Promise(() => {}) }],
    ["a stream that never ends", { onTextMessage: endless }, (client) => client.send.text("")],
    ["a close that waits for ever", { onOpen: (caller) => void caller.close(4000, "", -1) }],
    ["a peer that does not answer", {}],
    ["a peer that does not read", { onOpen: (caller) => fill(caller) }, (client) => client.pause()],
  ];
  for (const [what, service, act] of stuck) {
    for (const way of ["gracefulStop", "immediateStop"] as const) {
      subject.test(`R27 ${way} settles in spite of ${what}`, async () => {
        await subject.serve(
          () => service,
          async ({ connect: open, listener }) => {
            const client = await open({ answersClose: false, answersFin: false });
            await act?.(client);
            await wait(10);
            await subject.within(
              way,
              way === "gracefulStop" ? listener.gracefulStop({ deadline: 0.2 }) : listener.immediateStop(),
              1500,
            );
            assert.deepEqual([...listener.connections], []);
          },
        );
      });
    }
  }

  const requests: readonly [string, string][] = [
    ["an upgrade whose handler never settles", "/never"],
    ["an upgrade whose handler settles late", "/late"],
    ["a request that the app never answers", "/page"],
  ];
  for (const [what, path] of requests) {
    for (const way of ["gracefulStop", "immediateStop"] as const) {
      subject.test(`R27 ${way} settles in spite of ${what}, and the port is free`, async () => {
        const log = new Log(subject.patience);
        const entered = gate();
        const enter = <Answer>(answer: Answer): Answer => {
          entered.resolve();
          return answer;
        };
        const app = new Hono();
        app.get(
          "/never",
          upgrade({ upgradeTimeout: 600 }, () => enter(new Promise(() => {}))),
        );
        app.get(
          "/late",
          upgrade(() => enter(wait(400).then(() => ({})))),
        );
        app.get("/page", () => enter(new Promise<Response>(() => {})));
        const listener = new Listener(app, { port: 0, engine: subject.engine, logger: log });
        await listener.start();
        const { port } = listener;
        const asked = connect(port, { path, patience: 600 }).catch(() => {});
        await entered.promise;
        await subject.within(
          way,
          way === "gracefulStop" ? listener.gracefulStop({ deadline: 0.2 }) : listener.immediateStop(),
          1500,
        );
        const next = new Listener(port, { engine: subject.engine, logger: log });
        await next.start();
        await next.immediateStop();
        (await asked)?.destroy();
        assert.equal(log.count(/^error/), 0);
      });
    }
  }

  for (const way of ["gracefulStop", "immediateStop"] as const) {
    subject.test(`R27 ${way} settles in spite of a connection that asks for nothing`, async () => {
      const listener = subject.listener();
      await listener.start();
      const socket = createConnection({ port: listener.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("connect", resolve));
      await wait(10);
      await subject.within(
        way,
        way === "gracefulStop" ? listener.gracefulStop({ deadline: 0.2 }) : listener.immediateStop(),
        1500,
      );
      socket.destroy();
    });
  }

  const ports: readonly [string, string | undefined, ListenerConfig, (port: number) => Promise<Socket>][] = [
    ["", undefined, {}, dial],
    [
      "over TLS ",
      "idleTls",
      { secureSocket: { key: { cert: pem("server.pem"), key: pem("server-key.pem") } } },
      dialTls,
    ],
  ];
  for (const [over, gap, secure, dials] of ports) {
    subject.gapTest(
      gap,
      `R27 ${over}a connection without a request does not keep gracefulStop to its deadline`,
      async () => {
        const listener = subject.listener(secure);
        await listener.start();
        const idle = await dials(listener.port);
        // That it has been accepted is seen by one that comes after it.
        (await dials(listener.port)).destroy();
        await wait(50);
        await subject.within("gracefulStop", listener.gracefulStop(), 2500);
        idle.destroy();
      },
    );

    subject.test(
      `R27 ${over}a connection between two requests does not keep gracefulStop to its deadline`,
      async () => {
        const listener = subject.listener(secure);
        await listener.start();
        const socket = await dials(listener.port);
        const answered = new Promise((resolve) => socket.once("data", resolve));
        socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await answered;
        await wait(20);
        await subject.within("gracefulStop", listener.gracefulStop(), 2500);
        socket.destroy();
      },
    );

    subject.test(
      `R27 ${over}a request that is answered while gracefulStop waits is the last of its connection`,
      async () => {
        const [entered, held] = [gate(), gate()];
        const app = new Hono();
        app.get("/", async (c) => {
          entered.resolve();
          await held.promise;
          return c.text("answered");
        });
        const listener = new Listener(app, {
          port: 0,
          engine: subject.engine,
          logger: new Log(subject.patience),
          ...secure,
        });
        await listener.start();
        const socket = await dials(listener.port);
        let answer = "";
        const ended = new Promise((resolve) => {
          socket.on("end", resolve).on("data", (part) => {
            answer += part.toString();
          });
        });
        socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await entered.promise;
        const stop = subject.within("gracefulStop", listener.gracefulStop(), 2500);
        await wait(50);
        held.resolve();
        await stop;
        await subject.within("the end of the connection", ended, 1000);
        assert.match(answer, /answered$/);
      },
    );
  }

  subject.test(
    "R27 many connections without a request, some of which left, do not keep gracefulStop either",
    async () => {
      const listener = subject.listener();
      await listener.start();
      const sockets: Socket[] = [];
      for (let i = 0; i < 150; i++) {
        sockets.push(await dial(listener.port));
        if (i % 2 === 0) sockets[i]?.destroy();
      }
      await wait(50);
      await subject.within("gracefulStop", listener.gracefulStop(), 2500);
      for (const socket of sockets) socket.destroy();
    },
  );

  subject.test("R27 immediateStop drops every connection: onClose is told 1006", async () => {
    await subject.serve(closes, async ({ connect: open, listener, journal }) => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => open({ answersClose: false })));
      await subject.within("immediateStop", listener.immediateStop());
      await journal.until("close 1006", 5);
      for (const client of clients) await client.ended();
    });
  });

  subject.test(
    "R27 immediateStop cuts a gracefulStop short, both settle, and a new start is not disturbed",
    async () => {
      await subject.serve(
        ({ journal }) => ({
          onTextMessage(_caller, text) {
            journal.add(text);
            return text === "hang" ? new Promise(() => {}) : text;
          },
        }),
        async ({ connect: open, listener, journal }) => {
          const client = await open();
          await client.send.text("hang");
          await journal.until("hang");
          const first = listener.gracefulStop({ deadline: 0.4 });
          await client.ended();
          await subject.within("immediateStop", listener.immediateStop(), 300);
          await listener.start();
          const next = await open();
          await subject.within("gracefulStop", first, 2000);
          await wait(20);
          await next.send.text("still here");
          assert.equal(await next.message(), "still here");
          assert.equal([...listener.connections].length, 1);
          assert.equal((await open()).response.status, 101);
        },
      );
    },
  );

  subject.test("R27 stops that are asked for together all settle", async () => {
    await subject.serve(closes, async ({ connect: open, listener, journal }) => {
      await open();
      const stops = [
        listener.gracefulStop(),
        listener.gracefulStop({ deadline: 1 }),
        listener[Symbol.asyncDispose](),
        listener.immediateStop(),
      ];
      await subject.within("all stops", Promise.all(stops), 3000);
      await journal.until(/close/);
      await wait(10);
      assert.equal(journal.count(/close/), 1);
    });
  });

  subject.test("R27 a stop asked for by a callback settles at the deadline", async () => {
    await subject.serve(
      ({ listener, journal }) => ({
        async onTextMessage() {
          await listener.gracefulStop({ deadline: 0.2 });
          journal.add("stopped");
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect: open, journal }) => {
        const client = await open();
        await client.send.text("");
        await journal.until("stopped");
        await journal.until("close 1001");
        await client.ended();
      },
    );
  });

  subject.test("R27 upgrades under way while the listener stops are refused, or opened and closed once", async () => {
    for (let i = 0; i < 12; i++) {
      let opened = 0;
      await subject.run(
        ({ journal }) =>
          async () => {
            if (i % 2 === 0) await wait(i % 3);
            return {
              onOpen: () => void opened++,
              onClose: (_caller, code) => journal.add(`close ${code}`),
            };
          },
        async ({ connect: open, listener, journal }) => {
          const clients = Array.from({ length: 8 }, () => open().catch(() => undefined));
          await wait(i % 5);
          await subject.within("gracefulStop", listener.gracefulStop({ deadline: 2 }), 3000);
          const settled = await Promise.all(clients);
          await journal.until(/close/, opened);
          await wait(5);
          assert.equal(journal.entries.length, opened);
          for (const client of settled) await client?.ended();
        },
        // To wait for ever is no reason to stumble.
        { config: { connectionClosureTimeout: -1 } },
      );
    }
  });
}

async function* endless(): AsyncGenerator<string> {
  await new Promise(() => {});
  yield "never";
}

function fill(caller: Parameters<NonNullable<Service["onOpen"]>>[0]): void {
  for (let i = 0; i < 15; i++) void caller.writeBinaryMessage(new Uint8Array(1_000_000));
}
