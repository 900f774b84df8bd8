/** R4 and R13: what comes before onClose, and onClose, once. */
import assert from "node:assert/strict";
import { type Caller, closeFrame } from "../../../mod.ts";
import { CLOSE, type FrameOptions, type RawClient, toClosePayload, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

const frames = (...list: FrameOptions[]): Buffer => Buffer.concat(list.map(toFrame));
const texts = (count: number): FrameOptions[] => Array.from({ length: count }, (_, i) => ({ payload: `${i}` }));
const close = (code: number): FrameOptions => ({ opcode: CLOSE, payload: toClosePayload(code) });

const sendable = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

type End = readonly [
  when: string,
  end: (caller: Caller, client: RawClient) => unknown,
  code: number,
  reason: string,
  gap?: string,
];

const ends: readonly End[] = [
  ["the peer closes with a code and a reason", (_, client) => client.send.close(4321, "bye ß"), 4321, "bye ß"],
  ["the peer closes with a code", (_, client) => client.send.close(1000), 1000, ""],
  ["the peer closes without a code", (_, client) => client.send.close(), 1005, ""],
  ["the peer ends its half", (_, client) => client.fin(), 1006, ""],
  ["the peer resets", (_, client) => client.reset(), 1006, ""],
  ["the service closes", (caller) => caller.close(4000, "ours"), 4000, "ours"],
  ["the service closes twice", (caller) => [caller.close(4000, "ours"), caller.close(4001, "again")], 4000, "ours"],
  ["the service terminates", (caller) => caller.terminate(), 1006, "", "terminate"],
  ["the service terminates twice", (caller) => [caller.terminate(), caller.terminate()], 1006, "", "terminate"],
];
export function closing(subject: Subject): void {
  for (const [when, end, code, reason, gap] of ends) {
    subject.gapTest(gap, `R13 onClose runs once, with the right code, when ${when}`, async () => {
      const callers: Caller[] = [];
      await subject.serve(
        ({ journal }) => ({
          onOpen: (caller) => void callers.push(caller),
          onClose: (caller, ...args) => journal.add(`${args} ${caller.isOpen} ${caller.signal.aborted}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          await until(() => callers.length === 1);
          end(callers[0] as Caller, client);
          await client.ended();
          await journal.until(`${code},${reason} false true`);
          await wait(10);
          assert.equal(journal.entries.length, 1);
        },
      );
    });
  }

  subject.test("R13 a service without onOpen is told of its end", async () => {
    await subject.serve(
      ({ journal }) => ({ onClose: (_caller, code) => journal.add(`close ${code}`) }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.close(1000);
        await journal.until("close 1000");
      },
    );
  });

  for (const code of sendable) {
    subject.gapTest(
      code === 1014 ? "close1014" : undefined,
      `R13 R15 close code ${code} passes both ways`,
      async () => {
        await subject.serve(
          ({ journal }) => ({
            onTextMessage: () => closeFrame(code, "ours"),
            onClose: (_caller, ...args) => journal.add(`${args}`),
          }),
          async ({ connect, journal }) => {
            const [theirs, ours] = [await connect(), await connect()];
            await theirs.send.close(code, "theirs");
            assert.equal((await theirs.ended()).code, code);
            await journal.until(`${code},theirs`);
            await ours.send.text("");
            const ended = await ours.ended();
            assert.deepEqual([ended.code, ended.reason], [code, "ours"]);
            await journal.until(`${code},ours`);
          },
        );
      },
    );
  }

  subject.test("R13 both sides close at once: onClose runs once", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const clients = await Promise.all(Array.from({ length: 20 }, () => connect({ answersClose: false })));
        await until(() => callers.length === 20);
        const closed = callers.map((caller, i) => (i % 2 === 0 ? caller.close(4000) : undefined));
        for (const client of clients) void client.send.close(4001);
        for (const [i, caller] of callers.entries()) closed[i] ??= caller.close(4000);
        await subject.within("the closes", Promise.all(closed));
        await journal.until(/close 400[01]/, 20);
        await wait(20);
        assert.equal(journal.entries.length, 20);
      },
    );
  });

  subject.test("R13 connections that are lost while their handlers run end once each, after the handler", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          journal.add("begin");
          await held.promise;
          journal.add(`handled ${caller.isOpen}`);
          return "too late";
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal, listener }) => {
        const clients = await Promise.all(Array.from({ length: 10 }, () => connect()));
        for (const client of clients) void client.send.text("");
        await journal.until("begin", 10);
        for (const [i, client] of clients.entries()) {
          if (i % 2 === 0) client.destroy();
          else void client.send.close(1000);
        }
        await until(() => [...listener.connections].length === 0);
        assert.equal(journal.count(/close/), 0);
        held.resolve();
        await journal.until(/close/, 10);
        await wait(10);
        assert.deepEqual(journal.entries.slice(10, 20).sort(), Array(10).fill("handled false"));
        assert.deepEqual(journal.entries.slice(20).sort(), [
          ...Array(5).fill("close 1000"),
          ...Array(5).fill("close 1006"),
        ]);
      },
    );
  });

  const early: readonly [string, (caller: Caller) => unknown, number, string?][] = [
    ["close(), not awaited", (caller) => void caller.close(4000), 4000],
    ["close(), awaited", (caller) => caller.close(4000), 4000],
    ["close() in a later turn", (caller) => wait(0).then(() => caller.close(4000)), 4000],
    ["a close frame", () => closeFrame(4000), 4000],
    ["terminate()", (caller) => caller.terminate(), 1006, "terminate"],
    ["close(), then terminate()", (caller) => void [caller.close(4000), caller.terminate()], 4000, "terminate"],
  ];
  for (const name of ["onOpen", "onTextMessage"] as const) {
    for (const [what, end, code, gap] of early) {
      subject.gapTest(
        gap,
        `R13 ${what} inside ${name} ends the connection, and onClose follows the callback`,
        async () => {
          await subject.serve(
            ({ journal }) => ({
              async [name](caller: Caller) {
                journal.add("begin");
                const reply = (await end(caller)) as undefined;
                journal.add("end");
                return reply;
              },
              onClose: (_caller, code) => journal.add(`close ${code}`),
            }),
            async ({ connect, journal }) => {
              const client = await connect();
              await client.send.text("");
              await client.ended();
              await journal.until(/close/);
              await wait(10);
              assert.deepEqual(journal.entries, ["begin", "end", `close ${code}`]);
            },
          );
        },
      );
    }
  }

  subject.test("R13 a synchronous onOpen that closes is followed by onClose, once", async () => {
    await subject.serve(
      ({ journal }) => ({
        onOpen(caller) {
          void caller.close(4000, "no");
          journal.add("open");
        },
        onTextMessage: () => journal.add("message"),
        onClose: (_caller, ...args) => journal.add(`close ${args}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect({ early: toFrame({ payload: "" }) });
        await client.ended();
        await journal.until(/close/);
        await wait(10);
        assert.deepEqual(journal.entries, ["open", "close 4000,no"]);
      },
    );
  });

  subject.test("R13 R19 the peer closes while its messages fill the inbox: all are handled, then onClose", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(_caller, text) {
          await held.promise;
          journal.add(text);
          return text;
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        const messages = Array.from({ length: 40 }, (_, i) => `${i}`);
        for (const payload of messages) await client.write(toFrame({ payload }));
        await client.send.close(1000);
        await wait(20);
        held.resolve();
        await journal.until(/close/);
        assert.deepEqual(journal.entries, [...messages, "close 1000"]);
      },
      { config: { maxQueuedMessages: 4 } },
    );
  });

  subject.test("R4 messages before the peer's close frame are handled before onClose", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(_caller, text) {
          await wait(0);
          journal.add(text);
          return text;
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(frames(...texts(20), close(4321)));
        await journal.until(/close/);
        assert.deepEqual(journal.entries, [...texts(20).map(({ payload }) => payload), "close 4321"]);
      },
    );
  });

  subject.test(
    "R4 messages before the end of a connection without a close frame are handled before onClose",
    async () => {
      await subject.serve(
        ({ journal }) => ({
          async onTextMessage(_caller, text) {
            await wait(0);
            journal.add(text);
          },
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          await client.write(frames(...texts(10)));
          client.fin();
          await journal.until(/close/);
          assert.deepEqual(journal.entries, [...texts(10).map(({ payload }) => payload), "close 1006"]);
        },
      );
    },
  );

  subject.test("R4 the peer leaves during onOpen: onOpen, then its messages, then onClose", async () => {
    const opened = gate();
    await subject.serve(
      ({ journal }) => ({
        async onOpen() {
          journal.add("open");
          await opened.promise;
        },
        onTextMessage: (_caller, text) => journal.add(text),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await journal.until("open");
        await client.write(frames(...texts(2), close(1000)));
        await client.ended();
        assert.deepEqual(journal.entries, ["open"]);
        opened.resolve();
        await journal.until(/close/);
        assert.deepEqual(journal.entries, ["open", "0", "1", "close 1000"]);
      },
    );
  });
}

/** Waits, turn by turn, for what no event tells. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !isSo(); i++) await wait(2);
  assert.ok(isSo(), "it never became so");
}
