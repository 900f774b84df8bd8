/** R28: what an engine cannot do is said, and what is said is so. */
import assert from "node:assert/strict";
import {
  type Caller,
  type Capabilities,
  ENGINE_CAPABILITIES,
  Listener,
  ListenerError,
  type Requirement,
  UnsupportedError,
} from "../../../mod.ts";
import { connect } from "../../kit/raw_client.ts";
import { runtime } from "../gaps.ts";
import { type Claim, proofsOf } from "./proofs.ts";
import { gate, Log, type Subject } from "./subject.ts";

export function capabilities(subject: Subject): void {
  const proofs = proofsOf(subject);
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
    const refuses = (error: unknown): boolean => {
      assert.ok(error instanceof UnsupportedError, `${error}`);
      assert.match(error.message, new RegExp(`"${requirement}".*"${subject.engine}"`));
      assert.match(error.message, subject.engine === "node" ? /has only on other runtimes/ : /use engine .*"node"/);
      return true;
    };
    subject.test(`R28 requires: ["${requirement}"] is checked at start and at attach`, async () => {
      const requires: readonly Requirement[] = [requirement];
      // An engine may differ by the runtime under it.
      const can = (await capabilitiesOf(subject))[requirement];
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

  subject.test(
    'R28 requires: ["compression"] names the option that turns it off, where the engine has it',
    async () => {
      const { compression } = await capabilitiesOf(subject);
      const requires = ["compression"] as const;
      const refuses = (error: unknown): boolean => {
        assert.ok(error instanceof UnsupportedError, `${error}`);
        const isByOption = /which option webSocketCompressionEnabled turns off/.test(error.message);
        assert.deepEqual([isByOption, /engine/.test(error.message)], [compression, !compression], error.message);
        return true;
      };
      const off = { webSocketCompressionEnabled: false };
      await assert.rejects(subject.listener({ ...off, requires }).start(), refuses);
      const running = subject.listener(off);
      await running.start();
      try {
        assert.throws(() => attached(running, requires), refuses);
      } finally {
        await running.immediateStop();
      }
    },
  );

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
