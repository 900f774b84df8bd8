/** D1, A9: how many connections there may be, and that each place is given back. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { type Caller, upgrade } from "../../../mod.ts";
import {
  dial,
  type HandshakeOptions,
  HandshakeRefused,
  type RawClient,
  request,
  toHandshake,
  turn,
} from "../../kit/raw_client.ts";
import { type Mount, mountsOf } from "./mounted.ts";
import { gate, type Subject } from "./subject.ts";

const PLAIN: HandshakeOptions = { headers: { Upgrade: null, Connection: null } };

export function admission(subject: Subject, mounts: readonly Mount[]): void {
  for (const [option, status] of [
    ["maxConnections", 503],
    ["maxConnectionsPerAddress", 429],
  ] as const) {
    for (const [name, serve] of mountsOf(subject, mounts)) {
      subject.test(
        `D1 ${name}: past ${option} an upgrade gets ${status} with Retry-After, a plain request passes`,
        async () => {
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
        },
      );
    }
  }

  const ends: readonly (readonly [what: string, end: (client: RawClient, caller: Caller) => unknown, key?: string])[] =
    [
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
        () => () => ({
          onOpen(caller) {
            callers.push(caller);
            return "hello";
          },
        }),
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

  subject.test(
    "D1 a place is given back when the upgrade is refused, fails, is overdue, or finds no route",
    async () => {
      await subject.run(
        () =>
          async ({ query }) => {
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
    },
  );

  for (const [what, send] of [
    ["is in HTTP/1.0", { version: "HTTP/1.0" }],
    ["has no Host", { headers: { Host: null } }],
  ] as const) {
    subject.test(`D1 a place is given back at once when a handshake ${what} and is refused for it`, async () => {
      await subject.run(
        () => () => ({ onOpen: () => "hello" }),
        async ({ connect: open, listener }) => {
          const response = await request(listener.port, toHandshake(listener.port, send));
          // Where the engine does not tell the version of HTTP there is a connection.
          if (response.status === 101) return;
          assert.equal(response.status, 400);
          // The runtime's own refusals have no body.
          if (response.body !== "") assert.deepEqual(response.headerAll("server"), ["Switchboard"]);
          assert.equal(await (await open()).message(), "hello");
        },
        { listener: { maxConnections: 1, server: "Switchboard" } },
      );
    });
  }

  subject.gapTest("halfEnd", "A9 a peer that ends its half before the answer is let go", async () => {
    await subject.run(
      ({ journal }) =>
        async ({ signal }) => {
          signal.addEventListener("abort", () => journal.add("abort"));
          journal.add("handler");
          return await new Promise(() => {});
        },
      async ({ listener, journal }) => {
        const socket = await dial(listener.port);
        try {
          socket.write(toHandshake(listener.port));
          await journal.until("handler");
          const ended = new Promise<void>((resolve) => {
            socket.on("end", resolve).on("close", resolve).resume();
          });
          socket.end();
          await subject.within("the server's end", ended);
          await journal.until("abort");
        } finally {
          socket.destroy();
        }
      },
      { logs: /upgradeTimeout/, config: { upgradeTimeout: 20 } },
    );
  });

  for (const how of ["destroy", "reset"] as const) {
    subject.test(`A9 an app that never answers keeps no place of a peer that has left (${how})`, async () => {
      const app = new Hono();
      let asked = (): void => {};
      app.get("/held", () => {
        asked();
        return new Promise<Response>(() => {});
      });
      app.get(
        "/",
        upgrade(() => ({ onOpen: () => "hello" })),
      );
      const own = mountsOf(subject, [])[0]?.[1];
      assert.ok(own !== undefined);
      await own(
        app,
        async ({ port, connect: open }) => {
          const isAsked = new Promise<void>((resolve) => {
            asked = resolve;
          });
          const leave = await leaver(port, "/held");
          await isAsked;
          await assert.rejects(open(), HandshakeRefused);
          leave(how);
          assert.equal(await (await eventually(subject, () => open())).message(), "hello");
        },
        undefined,
        { maxConnections: 1 },
      );
    });

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

/** Asks for an upgrade without waiting for the answer; gives what leaves. */
async function leaver(port: number, path: string): Promise<(how: "destroy" | "reset") => void> {
  const socket = await dial(port);
  socket.write(toHandshake(port, { path }));
  return (how) => {
    if (how === "reset" && typeof socket.resetAndDestroy === "function") socket.resetAndDestroy();
    else socket.destroy();
  };
}

/** Tries again while it is refused: what a server has learned of a peer that left, only another peer can see. */
async function eventually<Value>(subject: Subject, open: () => Promise<Value>): Promise<Value> {
  const end = performance.now() + subject.patience;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof HandshakeRefused) || performance.now() > end) throw error;
      await turn();
    }
  }
}
