/** R28: what an engine cannot do is said, and what is said is so. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type Caller,
  type Capabilities,
  closeFrame,
  ENGINE_CAPABILITIES,
  Listener,
  ListenerError,
  PayloadTooLargeError,
  type Requirement,
  UnsupportedError,
} from "../../../mod.ts";
import { connect, PING, toFrame } from "../../kit/raw_client.ts";
import { runtime } from "../gaps.ts";
import { gate, Log, type Subject, wait } from "./subject.ts";

type Claim = Exclude<keyof Capabilities, "engine">;

export function capabilities(subject: Subject): void {
  /** What shows that the engine has a capability; fails where it has not. */
  const proofs: Readonly<Record<Claim, () => Promise<void>>> = {
    async ping() {
      await subject.serve(
        ({ journal }) => ({
          onOpen: (caller) => void caller.ping(),
          onPing: () => journal.add("ping"),
          onPong: () => journal.add("pong"),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          assert.equal((await client.frame()).opcode, PING);
          await client.send.ping();
          await Promise.all([journal.until("ping"), journal.until("pong")]);
        },
        { logs: /Cannot ping/ },
      );
    },
    async terminate() {
      await subject.serve(
        ({ journal }) => ({
          onTextMessage: (caller) => caller.terminate(),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect({ answersClose: false });
          await client.send.text("");
          assert.equal((await client.ended()).code, undefined);
          await journal.until("close 1006");
        },
        { logs: /Cannot terminate/ },
      );
    },
    async pause() {
      const held = gate();
      await subject.serve(
        ({ journal }) => ({
          async onTextMessage(_caller, text) {
            await held.promise;
            journal.add(text);
          },
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          for (let i = 0; i < 40; i++) await client.send.text(`${i}`);
          await wait(50);
          held.resolve();
          await journal.until("39");
        },
        { config: { maxQueuedMessages: 2 } },
      );
    },
    async drain() {
      // What is looked for every few milliseconds takes some; what is told takes none. The quickest of many counts.
      let quickest = Number.POSITIVE_INFINITY;
      await subject.serve(
        () => ({
          async onTextMessage(caller) {
            const began = performance.now();
            await caller.writeBinaryMessage(new Uint8Array(900_000));
            quickest = Math.min(quickest, performance.now() - began);
            return "sent";
          },
        }),
        async ({ connect }) => {
          const client = await connect();
          for (let i = 0; i < 20; i++) {
            await client.send.text("");
            while ((await client.message()) !== "sent");
          }
        },
      );
      assert.ok(quickest < 100, `${quickest} ms until bytes had left`);
    },
    async messageLimit() {
      await subject.serve(
        ({ journal }) => ({
          onError: (_caller, error) => journal.add(`${error instanceof PayloadTooLargeError}`),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          // A message without an end.
          await client.send.frame({ fin: false, payload: "a".repeat(600) });
          await client.send.frame({ fin: false, opcode: 0, payload: "a".repeat(401) });
          await journal.until("close 1009");
          assert.deepEqual(journal.entries, ["true", "close 1009"]);
          await client.ended();
        },
        { config: { maxFrameSize: 1000 } },
      );
    },
    async reliableClose() {
      await subject.serve(
        () => ({ onTextMessage: () => closeFrame(4000, "why") }),
        async ({ connect }) => {
          for (let i = 0; i < 10; i++) {
            const client = await connect();
            await client.write(Buffer.concat([toFrame({ payload: "" }), toFrame({ payload: "more" })]));
            const { code, reason } = await client.ended();
            assert.deepEqual([code, reason], [4000, "why"]);
          }
        },
      );
    },
    async frameErrors() {
      await subject.serve(
        ({ journal }) => ({
          onError: (_caller, error) => journal.add(error.name),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          for (const [bad, code] of [
            [toFrame({ payload: Uint8Array.of(0xc3, 0x28) }), 1007],
            [toFrame({ rsv: 4 }), 1002],
            [toFrame({ opcode: 0 }), 1002],
          ] as const) {
            const client = await connect();
            await client.write(bad);
            assert.equal((await client.ended()).code, code);
            await journal.until(`close ${code}`);
          }
          assert.equal(journal.count("CorruptedFrameError"), 3);
        },
      );
    },
    async earlyFrames() {
      await subject.run(
        ({ journal }) =>
          () =>
            wait(20).then(() => ({ onTextMessage: (_caller, text) => journal.add(text) })),
        async ({ connect, journal }) => {
          await connect({ early: toFrame({ payload: "early" }) });
          await journal.until("early");
        },
      );
    },
    async compression() {
      await subject.serve(
        () => ({}),
        async ({ connect }) => {
          const client = await connect({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
          assert.match(client.response.header("sec-websocket-extensions") ?? "", /permessage-deflate/);
        },
      );
    },
    async mutualSsl() {
      const config = { secureSocket: { mutualSsl: { verifyClient: "REQUIRE" } } };
      await subject.listener(config as never).start();
    },
  };

  // `drain` is also emulated, so that nothing can be seen of its lack.
  const invisible: ReadonlySet<Claim> = new Set(["drain"]);
  for (const [claim, prove] of Object.entries(proofs) as [Claim, () => Promise<void>][]) {
    subject.test(`R28 caller.capabilities.${claim} is what the engine does`, async () => {
      const can = (await capabilitiesOf(subject))[claim];
      if (can) return prove();
      if (invisible.has(claim)) return undefined;
      return subject.impatiently(() =>
        assert.rejects(prove, `The engine can do what ${claim} denies: correct ENGINE_CAPABILITIES`),
      );
    });
  }

  subject.test("R28 the capabilities of a caller are those of its engine", async () => {
    const seen = await capabilitiesOf(subject);
    assert.equal(seen.engine, subject.engine);
    const table = ENGINE_CAPABILITIES[subject.engine];
    assert.deepEqual(Object.keys(seen).sort(), Object.keys(table).sort());
    assert.deepEqual(
      Object.keys(proofs).sort(),
      Object.keys(table)
        .filter((name) => name !== "engine")
        .sort(),
    );
  });

  subject.test("R28 what the engine lacks throws an UnsupportedError that names an engine which has it", async () => {
    const thrown: unknown[] = [];
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(caller) {
          for (const act of [() => void caller.ping(), () => void caller.pong(), () => caller.terminate()]) {
            try {
              act();
            } catch (error) {
              thrown.push(error);
            }
          }
          journal.add("done");
        },
      }),
      async ({ connect, journal }) => {
        const { ping, terminate } = await capabilitiesOf(subject);
        const client = await connect();
        await client.send.text("");
        await journal.until("done");
        assert.equal(thrown.length, (ping ? 0 : 2) + (terminate ? 0 : 1));
        for (const error of thrown) {
          assert.ok(error instanceof UnsupportedError);
          assert.match(error.message, /use engine "node"/);
        }
      },
    );
  });

  subject.test("R28 a service with onPing where it is never called is logged once", async () => {
    await subject.serve(
      () => ({ onPing: () => undefined }),
      async ({ connect, log }) => {
        const { ping } = await capabilitiesOf(subject);
        for (let i = 0; i < 3; i++) await connect();
        assert.equal(log.count(/onPing and onPong are never called/), ping ? 0 : 1);
      },
    );
  });

  for (const requirement of ["ping", "terminate", "messageLimit", "compression"] as const) {
    const can = ENGINE_CAPABILITIES[subject.engine][requirement];
    const refuses = (error: unknown): boolean => {
      assert.ok(error instanceof UnsupportedError, `${error}`);
      assert.match(error.message, new RegExp(`"${requirement}".*"${subject.engine}"`));
      if (requirement !== "compression") assert.match(error.message, /use engine .*"node"/);
      return true;
    };
    subject.test(`R28 requires: ["${requirement}"] is checked at start and at attach`, async () => {
      const requires: readonly Requirement[] = [requirement];
      const ways = [subject.listener({ requires }), attached(subject.listener(), requires)];
      for (const listener of ways) {
        if (can) await listener.start();
        else await assert.rejects(listener.start(), refuses);
        await listener.immediateStop();
      }
      const running = subject.listener();
      await running.start();
      try {
        if (can) attached(running, requires);
        else assert.throws(() => attached(running, requires), refuses);
      } finally {
        await running.immediateStop();
      }
    });
  }

  const native = runtime;
  for (const requires of [
    [],
    ["ping"],
    ["terminate"],
    ["messageLimit"],
    ["ping", "terminate", "messageLimit"],
  ] as const) {
    for (const where of ["the listener", "a service"] as const) {
      subject.test(`R28 engine "auto" has what ${where} requires: [${requires}]`, async () => {
        const log = new Log(subject.patience);
        const listener = new Listener(0, { logger: log, ...(where === "the listener" && { requires }) });
        const seen = gate<Capabilities>();
        listener.attach(
          "/",
          () => ({ onOpen: (caller: Caller) => seen.resolve(caller.capabilities) }),
          where === "a service" ? { requires } : {},
        );
        await listener.start();
        try {
          const client = await connect(listener.port);
          const capabilities = await seen.promise;
          for (const requirement of requires) assert.equal(capabilities[requirement], true);
          const enough = requires.every((requirement) => ENGINE_CAPABILITIES[native][requirement]);
          assert.equal(capabilities.engine, enough ? native : "node");
          // Deno's own server is the default there, and its weaknesses are said.
          assert.equal(log.count(/^warn .*engine "node"/), capabilities.engine === "deno" ? 1 : 0);
          client.destroy();
        } finally {
          await listener.immediateStop();
        }
      });
    }
  }

  subject.test("R28 a listener of another engine in the same process is not disturbed", async () => {
    const engines = new Set(["node", native, subject.engine] as const);
    const listeners = [...engines, ...engines].map((engine) => {
      const listener = new Listener(0, { engine, logger: new Log(subject.patience) });
      listener.attach("/refuses", () => new Response("refused", { status: 403 }));
      listener.attach("/echo", () => ({ onTextMessage: (_caller, text) => text }));
      return listener;
    });
    try {
      for (const listener of listeners) await listener.start();
      for (let i = 0; i < 2; i++) {
        for (const { port } of listeners) {
          await assert.rejects(connect(port, { path: "/refuses" }), /answered with 403: refused/);
          const client = await connect(port, { path: "/echo" });
          await client.send.text("there");
          assert.equal(await client.message(), "there");
          client.destroy();
        }
      }
    } finally {
      for (const listener of listeners) await listener.immediateStop();
    }
  });

  for (const engine of ["bun", "deno"] as const) {
    if (engine === native) continue;
    subject.test(`R28 engine "${engine}" is refused on ${native}`, async () => {
      const listener = new Listener(0, { engine });
      await assert.rejects(listener.start(), (error: unknown) => {
        assert.ok(error instanceof ListenerError);
        assert.match(error.message, new RegExp(`"${engine}" does not run on ${native}`));
        return true;
      });
    });
  }
}

function attached(listener: Listener, requires: readonly Requirement[]): Listener {
  listener.attach("/requires", () => ({}), { requires });
  return listener;
}

async function capabilitiesOf(subject: Subject): Promise<Capabilities> {
  const seen = gate<Capabilities>();
  await subject.serve(
    () => ({ onOpen: (caller) => seen.resolve(caller.capabilities) }),
    async ({ connect }) => {
      await connect();
      await seen.promise;
    },
  );
  return seen.promise;
}
