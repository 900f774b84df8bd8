/** R23: a Response that cannot be sent is a fault of the service that is told, the same on every engine, and no fault of the server. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { Listener, type UpgradeHandler, upgrade } from "../../../mod.ts";
import { connect, HandshakeRefused, request } from "../../kit/raw_client.ts";
import { type Mount, mountsOf } from "./mounted.ts";
import { Log, type Running, type Subject } from "./subject.ts";

export function unsendable(subject: Subject, mounts: readonly Mount[]): void {
  const handlers: readonly [what: string, () => UpgradeHandler, RegExp][] = [
    ["whose body was read", () => read, /make a new Response for each request/],
    ["whose body is locked", () => () => toLocked(), /make a new Response for each request/],
    ["that Response.error() makes", () => () => Response.error(), /status 0/],
  ];
  for (const [what, make, why] of handlers) {
    subject.test(`R23 a Response ${what} is answered with 500, and one line says why`, async () => {
      await subject.run(make, (running) => isTold(running, why), { logs: why });
    });
  }

  subject.test(
    "R23 a Response that is returned a second time is answered with 500, and one line says why",
    async () => {
      const why = /make a new Response for each request/;
      for (const body of ["denied", null]) {
        const denied = new Response(body, { status: 403 });
        await subject.run(
          () => () => denied,
          async (running) => {
            const { status, body: got } = await refusal(running);
            assert.deepEqual([status, got], [403, body ?? ""]);
            await isTold(running, why);
          },
          { logs: why },
        );
      }
    },
  );

  subject.test("R23 a Response that is returned to two at once goes to one of them", async () => {
    const denied = new Response("denied", { status: 403 });
    const both = Promise.withResolvers<void>();
    let count = 0;
    await subject.run(
      () => async () => {
        if (++count === 2) both.resolve();
        await both.promise;
        return denied;
      },
      async (running) => {
        const [one, other] = await Promise.all([refusal(running), refusal(running)]);
        assert.deepEqual([one.status, other.status].sort(), [403, 500]);
      },
      { logs: /make a new Response/ },
    );
  });

  for (const [name, serve] of mountsOf(subject, mounts)) {
    subject.test(`R23 ${name}: middleware that answers with a used Response is answered for with 500`, async () => {
      const denied = new Response("denied", { status: 403 });
      const app = new Hono();
      app.use("/used", async () => await read());
      app.use("/locked", async () => toLocked());
      app.use("/shared", async () => denied);
      app.use("/error", async () => Response.error());
      await serve(
        app,
        async ({ refusal: ask, log }) => {
          assert.equal((await ask("/shared")).status, 403);
          for (const path of ["/used", "/locked", "/shared", "/error"]) {
            log.entries.length = 0;
            const response = await ask(path);
            assert.deepEqual([response.status, response.body], [500, "Internal server error\n"], path);
            assert.equal(log.count(/^error The app failed/), 1, path);
          }
        },
        /^error The app failed: TypeError: .*(?:new Response|status 0)/,
      );
    });
  }

  for (const [name, serve] of mountsOf(subject, mounts)) {
    subject.test(
      `R23 ${name}: an app that answers an upgrade with what is no Response is answered for with 500`,
      async () => {
        let answer: unknown;
        await serve(
          { fetch: () => answer } as never,
          async ({ refusal: ask, log }) => {
            for (const wrong of [null, 5, "x", {}, Promise.resolve(null)]) {
              answer = wrong;
              log.entries.length = 0;
              const response = await ask("/");
              assert.deepEqual([response.status, response.body], [500, "Internal server error\n"], String(wrong));
              assert.equal(log.count(/^error The app failed: TypeError: An app answered with what is no Response$/), 1);
            }
          },
          /^error The app failed: TypeError: An app answered with what is no Response$/,
        );
      },
    );
  }

  subject.test("start() keeps listening after a response that the runtime cannot send", async () => {
    const app = new Hono();
    app.get("/locked", () => toLocked());
    app.get(
      "/",
      upgrade(() => ({ onOpen: () => "hello", onTextMessage: (_caller, text) => text })),
    );
    const log = new Log(subject.patience);
    const listener = new Listener(app, { port: 0, engine: subject.engine, logger: log });
    await listener.start();
    const old = await connect(listener.port);
    assert.equal(await old.message(), "hello");
    const ask = `GET /locked HTTP/1.1\r\nHost: 127.0.0.1:${listener.port}\r\n\r\n`;
    for (let i = 0; i < 2; i++) {
      const answer = await request(listener.port, ask, 300).catch(() => undefined);
      // Deno can send it, if it takes the short way.
      if (answer !== undefined && subject.engine !== "deno") assert.equal(answer.status, 500);
      const client = await connect(listener.port);
      assert.equal(await client.message(), "hello");
      client.destroy();
    }
    await old.send.text("still here");
    assert.equal(await old.message(), "still here");
    await request(listener.port, ask, 300).catch(() => undefined);
    await subject.within("immediateStop", listener.immediateStop(), 5000);
    old.destroy();
  });
}

async function read(): Promise<Response> {
  const response = new Response("used", { status: 403 });
  await response.text();
  return response;
}

function toLocked(): Response {
  const response = new Response("locked", { status: 403 });
  response.body?.getReader();
  return response;
}

async function isTold(running: Running, why: RegExp): Promise<void> {
  const response = await refusal(running);
  assert.equal(response.status, 500);
  assert.equal(response.body, "Internal server error\n");
  assert.equal(running.log.count(/^error/), 1);
  assert.equal(running.log.count(why), 1);
}

async function refusal({ connect: open }: Running): Promise<HandshakeRefused["response"]> {
  try {
    await open();
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.response;
    throw error;
  }
  throw new Error("The upgrade was not refused");
}
