/** R27: how a listener starts, and what can be attached and detached while it runs. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { Listener, ListenerError, type Service, type UpgradeService, upgrade } from "../../../mod.ts";
import { connect, HandshakeRefused, request, toHandshake } from "../../kit/raw_client.ts";
import { Log, type Running, type Subject } from "./subject.ts";

export function starting(subject: Subject): void {
  const closes = ({ journal }: Running): Service => ({
    onTextMessage: (_caller, text) => text,
    onClose: (_caller, code) => journal.add(`close ${code}`),
  });

  subject.test("R27 a listener can be started again after a stop", async () => {
    await subject.serve(closes, async ({ connect: open, listener }) => {
      for (const stop of [() => listener.gracefulStop(), () => listener.immediateStop()]) {
        const client = await open();
        await client.send.text("round");
        assert.equal(await client.message(), "round");
        await stop();
        await listener.start();
      }
      assert.equal((await open()).response.status, 101);
    });
  });

  subject.test("R27 detach refuses new upgrades with 404 and leaves open connections alone", async () => {
    const handler = (): Service => ({ onTextMessage: (_caller, text) => text });
    const service = upgrade(handler);
    await subject.serve(closes, async ({ connect: open, listener }) => {
      for (const [key, attach] of [
        ["/other", () => listener.attach("/other", handler)],
        [handler, () => listener.attach("/other", handler)],
        [service, () => listener.attach("/other", service)],
      ] as const) {
        attach();
        const client = await open({ path: "/other" });
        listener.detach(key as string);
        await assert.rejects(
          open({ path: "/other" }),
          (error: unknown) => error instanceof HandshakeRefused && error.response.status === 404,
        );
        await client.send.text("still here");
        assert.equal(await client.message(), "still here");
        assert.equal((await open()).response.status, 101);
        assert.throws(() => listener.detach(key as string), ListenerError);
      }
    });
  });

  subject.test(
    "R27 detach takes a handler, or a service, from every path that it is at, and a path alone",
    async () => {
      const handler = (): Service => ({});
      const service = upgrade(handler);
      await subject.serve(closes, async ({ listener }) => {
        const statuses = async (): Promise<number[]> => {
          const asked = ["/one", "/two", "/three", "/"].map((path) => toHandshake(listener.port, { path }));
          return await Promise.all(asked.map(async (raw) => (await request(listener.port, raw)).status));
        };
        for (const key of [handler, service]) {
          for (const path of ["/one", "/two", "/three"]) listener.attach(path, key as UpgradeService);
          listener.detach("/two");
          assert.deepEqual(await statuses(), [101, 404, 101, 101]);
          listener.detach(key);
          assert.deepEqual(await statuses(), [404, 404, 404, 101]);
        }
      });
    },
  );

  subject.test("R27 detach on an app's listener gives the path back to the app", async () => {
    const app = new Hono();
    const log = new Log(subject.patience);
    const listener = new Listener(app, { port: 0, engine: subject.engine, logger: log });
    listener.attach("/ws", () => ({}));
    await listener.start();
    try {
      const client = await connect(listener.port, { path: "/ws" });
      listener.detach("/ws");
      await assert.rejects(
        connect(listener.port, { path: "/ws" }),
        (error: unknown) => error instanceof HandshakeRefused && error.response.status === 404,
      );
      client.destroy();
    } finally {
      await listener.immediateStop();
    }
  });

  for (const started of ["without a service", "with a service of a smaller maxFrameSize"]) {
    subject.test(
      `R27 a service that is attached to a running listener ${started} takes messages of its own maxFrameSize`,
      async () => {
        const listener = subject.listener();
        if (started !== "without a service") listener.attach("/small", () => ({}), { maxFrameSize: 10 });
        await listener.start();
        try {
          listener.attach("/default", () => ({ onTextMessage: (_caller, text) => `${text.length}` }));
          listener.attach("/large", () => ({ onTextMessage: (_caller, text) => `${text.length}` }), {
            maxFrameSize: 300_000,
          });
          for (const [path, size] of [
            ["/default", 65_536],
            ["/large", 300_000],
          ] as const) {
            const client = await connect(listener.port, { path });
            await client.send.text("a".repeat(size));
            assert.equal(await client.message(), `${size}`);
            client.destroy();
          }
        } finally {
          await listener.immediateStop();
        }
      },
    );
  }

  subject.test("a listener that is started, or starting, cannot be started", async () => {
    const listener = subject.listener();
    const first = listener.start();
    await assert.rejects(listener.start(), ListenerError);
    await first;
    await assert.rejects(listener.start(), ListenerError);
    await listener.immediateStop();
  });

  subject.test("a port that is taken is a ListenerError that names it, and start() may be tried again", async () => {
    const first = subject.listener();
    await first.start();
    const second = new Listener(first.port, {
      engine: subject.engine,
      logger: new Log(subject.patience),
      host: "0.0.0.0",
    });
    try {
      await assert.rejects(second.start(), (error: unknown) => {
        assert.ok(error instanceof ListenerError);
        assert.match(error.message, new RegExp(`${first.port}.*taken`));
        return true;
      });
      await first.immediateStop();
      await second.start();
      await second.immediateStop();
    } finally {
      await first.immediateStop();
      await second.immediateStop();
    }
  });

  subject.test("a path has one service", () => {
    const listener = subject.listener();
    listener.attach("/rooms/:room", () => ({}));
    assert.throws(() => listener.attach("/rooms/:room", () => ({})), ListenerError);
    assert.throws(() => listener.attach("/rooms/:other", () => ({})), ListenerError);
    listener.attach("/rooms", () => ({}));
    listener.detach("/rooms/:room");
    listener.attach("/rooms/:other", () => ({}));
    listener.detach("/rooms/:whatever");
    const named = { name: "ListenerError", message: 'Cannot detach "/rooms/:other": no service is attached there' };
    assert.throws(() => listener.detach("/rooms/:other"), named);
    const unnamed = { name: "ListenerError", message: "Cannot detach: the service is not attached" };
    assert.throws(() => listener.detach(() => ({})), unnamed);
  });

  subject.test("R27 a deadline that is none throws a RangeError and stops nothing", async () => {
    await subject.serve(closes, async ({ connect: open, listener }) => {
      for (const deadline of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
        await assert.rejects(async () => listener.gracefulStop({ deadline }), RangeError);
      }
      await assert.rejects(async () => listener.gracefulStop({ deadline: "1" as never }), TypeError);
      const client = await open();
      await client.send.text("still here");
      assert.equal(await client.message(), "still here");
    });
  });

  subject.test("R27 gracefulStop without connections settles at once, and before start too", async () => {
    const listener = subject.listener();
    await subject.within("the first stop", listener.gracefulStop());
    await subject.within("the second stop", listener.immediateStop());
    await listener.start();
    const began = performance.now();
    await subject.within("the third stop", listener.gracefulStop());
    assert.ok(performance.now() - began < 5000);
    await subject.within("the fourth stop", listener.gracefulStop());
  });
}
