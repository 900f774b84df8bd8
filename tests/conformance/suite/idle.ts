/** R16, R17: idle connections, and the heartbeat. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Caller } from "../../../mod.ts";
import { BINARY, PING, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

export function idle(subject: Subject): void {
  subject.test("R17 a heartbeat may be as rare as you like", async () => {
    await subject.serve(
      () => ({ onTextMessage: (_caller, text) => text }),
      async ({ connect }) => {
        const client = await connect();
        await wait(50);
        await client.send.text("still here");
        assert.equal(await client.message(), "still here");
      },
      { config: { heartbeat: { interval: 1e10, timeout: 1e10 } } },
    );
  });

  subject.test("R16 an idle connection is closed with 1001 after idleTimeout, and not before", async () => {
    await subject.serve(
      ({ journal }) => ({ onClose: (_caller, ...args) => journal.add(`close ${args}`) }),
      async ({ connect, journal }) => {
        const began = performance.now();
        const client = await connect();
        const { code, reason } = await client.ended();
        const took = performance.now() - began;
        assert.deepEqual([code, reason], [1001, "Idle timeout"]);
        assert.ok(took > 190 && took < 5000, `${took} ms`);
        await journal.until("close 1001,Idle timeout");
      },
      { config: { idleTimeout: 0.2 } },
    );
  });

  subject.test("R16 onIdleTimeout is called after each idle period, and the connection stays", async () => {
    await subject.serve(
      ({ journal }) => ({
        onIdleTimeout: () => journal.add("idle"),
        onTextMessage: (_caller, text) => text,
      }),
      async ({ connect, journal }) => {
        const began = performance.now();
        const client = await connect();
        await journal.until("idle", 4);
        const took = performance.now() - began;
        assert.ok(took > 190, `${took} ms`);
        await client.send.text("still here");
        assert.equal(await client.message(), "still here");
      },
      { config: { idleTimeout: 0.05 } },
    );
  });

  subject.test("R16 idleTimeout is off by default", async () => {
    await subject.serve(
      ({ journal }) => ({ onIdleTimeout: () => journal.add("idle") }),
      async ({ connect, journal }) => {
        await connect();
        await wait(150);
        assert.deepEqual(journal.entries, []);
      },
    );
  });

  const kinds: readonly [
    string,
    (caller: Caller, send: Awaited<ReturnType<typeof import("../../kit/raw_client.ts").connect>>["send"]) => unknown,
    string?,
  ][] = [
    ["a text message from the peer", (_caller, send) => send.text("")],
    ["a binary message from the peer", (_caller, send) => send.binary(new Uint8Array(1))],
    ["a ping from the peer", (_caller, send) => send.ping(), "ping"],
    ["a pong from the peer", (_caller, send) => send.pong(), "ping"],
    ["a message to the peer", (caller) => caller.writeTextMessage("")],
    ["a ping to the peer", (caller) => caller.ping(), "ping"],
  ];
  for (const [what, act, gap] of kinds) {
    subject.gapTest(gap, `R16 ${what} begins a new idle period`, async () => {
      const opened = gate<Caller>();
      await subject.serve(
        ({ journal }) => ({
          onOpen: (caller) => opened.resolve(caller),
          onIdleTimeout: () => journal.add("idle"),
        }),
        async ({ connect, journal }) => {
          const client = await connect({ answersPings: false });
          const caller = await opened.promise;
          for (let i = 0; i < 20; i++) {
            await act(caller, client.send);
            await wait(25);
          }
          assert.equal(journal.count("idle"), 0);
          await journal.until("idle");
        },
        { config: { idleTimeout: 0.25 } },
      );
    });
  }

  subject.gapTest("ping", "R16 the heartbeat pings a silent peer, and its answers are no activity", async () => {
    await subject.serve(
      ({ journal }) => ({
        onPong: () => journal.add("pong"),
        onIdleTimeout: () => journal.add("idle"),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        assert.equal((await client.frame()).opcode, PING);
        assert.equal((await client.frame()).opcode, PING);
        await journal.until("idle", 2);
        assert.equal(journal.count("pong"), 0);
      },
      { config: { idleTimeout: 0.3, heartbeat: { interval: 0.06, timeout: 1 } } },
    );
  });

  subject.test("heartbeat drops a peer that does not answer with 1006, and no reason", async () => {
    await subject.serve(
      ({ journal }) => ({ onClose: (_caller, code, reason) => journal.add(`close ${code} "${reason}"`) }),
      async ({ connect, journal }) => {
        const client = await connect({ answersPings: false });
        await journal.until('close 1006 ""');
        await client.ended();
      },
      { config: { heartbeat: { interval: 0.1, timeout: 0.1 } } },
    );
  });

  subject.test("heartbeat keeps a peer that answers", async () => {
    await subject.serve(
      ({ journal }) => ({
        onTextMessage: (_caller, text) => text,
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await wait(1200);
        assert.deepEqual(journal.entries, []);
        await client.send.text("still here");
        assert.equal(await client.message(), "still here");
      },
      { config: { heartbeat: { interval: 0.1, timeout: 0.6 } } },
    );
  });

  subject.test("heartbeat takes any message for a sign of life", async () => {
    await subject.serve(
      ({ journal }) => ({ onClose: (_caller, code) => journal.add(`close ${code}`) }),
      async ({ connect, journal }) => {
        const client = await connect({ answersPings: false });
        for (let i = 0; i < 24; i++) {
          await client.send.text("");
          await wait(50);
        }
        assert.deepEqual(journal.entries, []);
      },
      { config: { heartbeat: { interval: 0.1, timeout: 0.6 } } },
    );
  });

  subject.gapTest("partOfMessage", "heartbeat takes part of a message for a sign of life", async () => {
    await subject.serve(
      ({ journal }) => ({
        onBinaryMessage: (_caller, data) => journal.add(`message ${data.length}`),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect({ answersPings: false });
        for (const byte of toFrame({ opcode: BINARY, payload: Buffer.alloc(40) })) {
          await client.write(Buffer.of(byte));
          await wait(50);
        }
        await journal.until(/message|close/);
        assert.deepEqual(journal.entries, ["message 40"]);
      },
      { config: { heartbeat: { interval: 0.1, timeout: 0.6 } } },
    );
  });

  subject.gapTest("ping", "heartbeat: false sends no ping", async () => {
    await subject.serve(
      () => ({ onTextMessage: (caller) => caller.ping(Uint8Array.of(1)) }),
      async ({ connect }) => {
        const client = await connect({ answersPings: false });
        await wait(300);
        assert.deepEqual(client.frames, []);
        await client.send.text("");
        assert.equal((await client.frame()).opcode, PING);
      },
      { config: { heartbeat: false } },
    );
  });

  subject.test("heartbeat does not drop a connection whose reading is paused", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(_caller, text) {
          await held.promise;
          journal.add(text);
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        for (let i = 0; i < 6; i++) await client.send.text(`${i}`);
        await wait(1100);
        assert.deepEqual(journal.entries, []);
        held.resolve();
        await journal.until("5");
        await wait(300);
        await client.send.close(1000);
        await journal.until(/close/);
        assert.equal(journal.entries.at(-1), "close 1000");
      },
      { config: { maxQueuedMessages: 2, heartbeat: { interval: 0.1, timeout: 0.6 } } },
    );
  });

  subject.test("R17 one timer serves all connections, with a heartbeat and an idle time-out each", async () => {
    const { setTimeout: original } = globalThis;
    let timers = 0;
    await subject.serve(
      ({ journal }) => ({
        onOpen: () => journal.add("open"),
        onTextMessage: (_caller, text) => text,
      }),
      async ({ connect, journal }) => {
        const clients = await Promise.all(Array.from({ length: 50 }, () => connect()));
        await journal.until("open", 50);
        for (const client of clients) {
          await client.send.text("x");
          await client.message();
        }
        globalThis.setTimeout = ((...args: Parameters<typeof original>) => {
          timers++;
          return original(...args);
        }) as typeof original;
        try {
          await wait(400);
        } finally {
          globalThis.setTimeout = original;
        }
        // A twelfth of the shortest time-out is a tick: five of them, and the one that waits here.
        assert.ok(timers > 1 && timers < 20, `${timers} timers for 50 connections in 0.4 s`);
      },
      { config: { idleTimeout: 1, heartbeat: { interval: 3, timeout: 1 } } },
    );
  });

  subject.test("R17 messages set no timers", async () => {
    const { setTimeout: original } = globalThis;
    let timers = 0;
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(_caller, text) {
          journal.add(text);
          return text;
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("warm");
        await client.message();
        const done = journal.until("", 1000);
        globalThis.setTimeout = ((...args: Parameters<typeof original>) => {
          timers++;
          return original(...args);
        }) as typeof original;
        try {
          for (let i = 0; i < 1000; i++) void client.send.text("");
          await done;
        } finally {
          globalThis.setTimeout = original;
        }
        assert.ok(timers < 100, `${timers} timers for 1000 messages`);
      },
      { config: { idleTimeout: 1 } },
    );
  });
}
