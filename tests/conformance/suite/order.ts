/** R1 to R5: the order of callbacks and of what they send. */
import assert from "node:assert/strict";
import type { Caller } from "../../../mod.ts";
import { BINARY, CLOSE, type FrameOptions, PING, PONG, TEXT, toClosePayload, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

const frames = (...list: FrameOptions[]): Buffer => Buffer.concat(list.map(toFrame));
const texts = (count: number): FrameOptions[] => Array.from({ length: count }, (_, i) => ({ payload: `${i}` }));
const closing = (code: number): FrameOptions => ({ opcode: CLOSE, payload: toClosePayload(code) });

// A name, for a literal would make a promise-like by mistake as often as on purpose.
const THEN = "then";

export function order(subject: Subject): void {
  subject.test("R1 onOpen settles before any other callback starts", async () => {
    const opened = gate<string>();
    await subject.serve(
      ({ journal }) => ({
        async onOpen() {
          journal.add("open");
          const reply = await opened.promise;
          journal.add("opened");
          return reply;
        },
        onTextMessage(_caller, text) {
          journal.add(text);
          return text;
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(frames(...texts(3)));
        await journal.until("open");
        await wait(30);
        assert.deepEqual(journal.entries, ["open"]);
        opened.resolve("welcome");
        assert.equal(await client.message(), "welcome");
        for (const text of ["0", "1", "2"]) assert.equal(await client.message(), text);
        assert.deepEqual(journal.entries, ["open", "opened", "0", "1", "2"]);
      },
    );
  });

  subject.test("R1 what an onOpen writes and returns comes before any reply", async () => {
    await subject.serve(
      () => ({
        onOpen(caller) {
          void caller.writeTextMessage("first");
          return "second";
        },
        onTextMessage: (_caller, text) => text,
      }),
      async ({ connect }) => {
        const client = await connect({ early: toFrame({ payload: "third" }) });
        for (const text of ["first", "second", "third"]) assert.equal(await client.message(), text);
      },
    );
  });

  subject.test("R2 one callback runs at a time, however long each takes", async () => {
    let running = 0;
    let most = 0;
    await subject.serve(
      () => ({
        async onTextMessage(_caller, text) {
          most = Math.max(most, ++running);
          await wait(Number(text) % 2 === 0 ? 8 : 0);
          running--;
          return text;
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.write(frames(...texts(12)));
        for (let i = 0; i < 12; i++) assert.equal(await client.message(), `${i}`);
        assert.equal(most, 1);
      },
    );
  });

  subject.test("R2 promises that settle the other way round are replied to in the order of arrival", async () => {
    const gates = [gate<string>(), gate<string>(), gate<string>()];
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(_caller, text) {
          journal.add(text);
          return gates[Number(text)]?.promise;
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(frames(...texts(3)));
        gates[2]?.resolve("c");
        gates[1]?.resolve("b");
        await journal.until("0");
        await wait(20);
        assert.deepEqual(journal.entries, ["0"]);
        gates[0]?.resolve("a");
        for (const text of ["a", "b", "c"]) assert.equal(await client.message(), text);
      },
    );
  });

  subject.test("R2 text and binary messages, handled at once and later, keep their order in a long burst", async () => {
    const count = 600;
    await subject.serve(
      () => ({
        onTextMessage: (_caller, text) => (Number(text) % 7 === 0 ? wait(0).then(() => text) : text),
        onBinaryMessage: (_caller, data) => (data[0] === 5 ? Promise.resolve(data) : data),
      }),
      async ({ connect }) => {
        const client = await connect();
        const sent = Array.from({ length: count }, (_, i): FrameOptions => {
          return i % 3 === 0
            ? { opcode: BINARY, payload: Uint8Array.of(i % 10, i >> 8, i & 255) }
            : { payload: `${i}` };
        });
        await client.write(frames(...sent));
        for (const { payload } of sent) {
          const got = await client.message();
          assert.deepEqual(
            typeof got === "string" ? got : [...got],
            typeof payload === "string" ? payload : [...(payload ?? [])],
          );
        }
      },
    );
  });

  subject.gapTest("ping", "R2 pings and pongs stand in the same line as messages", async () => {
    const first = gate();
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(_caller, text) {
          journal.add(text);
          if (text === "0") await first.promise;
        },
        onPing: (_caller, data) => journal.add(`ping ${data}`),
        onPong: (_caller, data) => journal.add(`pong ${data}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(
          frames(
            { payload: "0" },
            { opcode: PING, payload: Uint8Array.of(1) },
            { opcode: TEXT, payload: "1" },
            { opcode: PONG, payload: Uint8Array.of(2) },
            { payload: "2" },
          ),
        );
        await journal.until("0");
        await wait(20);
        assert.deepEqual(journal.entries, ["0"]);
        first.resolve();
        await journal.until("2");
        assert.deepEqual(journal.entries, ["0", "ping 1", "1", "pong 2", "2"]);
      },
    );
  });

  subject.test("R2 a reply is queued before the next callback writes", async () => {
    await subject.serve(
      () => ({
        async onTextMessage(caller, text) {
          void caller.writeTextMessage(`${text} written`);
          await wait(1);
          return `${text} returned`;
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.write(frames({ payload: "a" }, { payload: "b" }));
        const expected = ["a written", "a returned", "b written", "b returned"];
        for (const text of expected) assert.equal(await client.message(), text);
      },
    );
  });

  subject.test("R2 a promise-like that settles twice frees the slot once", async () => {
    const second = gate();
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(_caller, text) {
          journal.add(text);
          if (text === "0") {
            return {
              [THEN]: (done: (value: string) => void) => [done("once"), wait(5).then(() => done("twice"))],
            } as never;
          }
          if (text === "1") return second.promise;
          return undefined;
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(frames(...texts(3)));
        await journal.until("1");
        await wait(40);
        assert.deepEqual(journal.entries, ["0", "1"]);
        second.resolve();
        await journal.until("2");
        assert.deepEqual(
          client.frames.map(({ text }) => text),
          ["once"],
        );
      },
    );
  });

  subject.test("R2 connections do not wait for each other", async () => {
    const held = gate();
    await subject.serve(
      () => ({ onTextMessage: (_caller, text) => (text === "hold" ? held.promise : text) }),
      async ({ connect }) => {
        const [slow, quick] = await Promise.all([connect(), connect()]);
        await slow.send.text("hold");
        await quick.send.text("go");
        assert.equal(await quick.message(), "go");
        held.resolve();
      },
    );
  });

  subject.test("R3 a stream frees the slot at once, and its items go out between later replies", async () => {
    const items = [gate<string>(), gate<string>()];
    await subject.serve(
      () => ({
        onTextMessage: (_caller, text) => (text === "stream" ? flow() : text),
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.write(frames({ payload: "stream" }, { payload: "a" }));
        assert.equal(await client.message(), "a");
        items[0]?.resolve("one");
        assert.equal(await client.message(), "one");
        await client.send.text("b");
        assert.equal(await client.message(), "b");
        items[1]?.resolve("two");
        assert.equal(await client.message(), "two");
      },
    );
    async function* flow(): AsyncGenerator<string> {
      for (const { promise } of items) yield promise;
    }
  });

  const ends: readonly [
    string,
    (caller: Caller, client: Awaited<ReturnType<typeof import("../../kit/raw_client.ts").connect>>) => unknown,
  ][] = [
    ["the peer closes", (_caller, client) => client.send.close(1000)],
    ["the peer is gone without a word", (_caller, client) => client.destroy()],
    ["the service closes", (caller) => caller.close(4000)],
  ];
  for (const [when, end] of ends) {
    subject.test(`R3 return() of each running iterator is called once when ${when}`, async () => {
      let returned = 0;
      let caller: Caller | undefined;
      await subject.serve(
        ({ journal }) => ({
          onOpen(opened) {
            caller = opened;
          },
          onTextMessage: (_caller, text) => (text === "nest" ? nest() : endless()),
          onClose: () => journal.add("closed"),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          await client.write(frames({ payload: "" }, { payload: "nest" }));
          for (let i = 0; i < 2; i++) assert.equal(await client.message(), "first");
          end(caller as Caller, client);
          await journal.until("closed");
          await wait(10);
          assert.equal(returned, 3);
        },
      );
      function endless(): AsyncIterable<string> {
        let first = true;
        return {
          [Symbol.asyncIterator]: () => ({
            next(): Promise<IteratorResult<string>> {
              if (!first) return new Promise(() => {});
              first = false;
              return Promise.resolve({ done: false, value: "first" });
            },
            return(): Promise<IteratorResult<string>> {
              returned++;
              return Promise.resolve({ done: true, value: undefined });
            },
          }),
        };
      }
      function nest(): AsyncIterable<AsyncIterable<string>> {
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => Promise.resolve({ done: false as const, value: endless() }),
            return(): Promise<IteratorResult<AsyncIterable<string>>> {
              returned++;
              return Promise.resolve({ done: true, value: undefined });
            },
          }),
        };
      }
    });
  }

  subject.test("R3 the finally of a generator runs when the peer leaves", async () => {
    await subject.serve(
      ({ journal, log: _log }) => ({
        async *onTextMessage(caller) {
          try {
            for (let i = 0; ; i++) {
              yield i;
              await wait(1);
            }
          } finally {
            journal.add(`finally ${caller.isOpen}`);
          }
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "0");
        await client.send.close();
        await journal.until("finally false");
      },
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
        await client.write(frames(...texts(20), closing(4321)));
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
        await client.write(frames(...texts(2), closing(1000)));
        await client.ended();
        assert.deepEqual(journal.entries, ["open"]);
        opened.resolve();
        await journal.until(/close/);
        assert.deepEqual(journal.entries, ["open", "0", "1", "close 1000"]);
      },
    );
  });

  subject.test("R5 onIdleTimeout never fires while a callback runs", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage() {
          journal.add("begin");
          await wait(300);
          journal.add("end");
        },
        onIdleTimeout: () => journal.add("idle"),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("");
        await journal.until("end");
        await journal.until("idle");
        const begin = journal.entries.indexOf("begin");
        assert.equal(journal.entries[begin + 1], "end", journal.entries.join(", "));
      },
      { config: { idleTimeout: 0.05 } },
    );
  });
}
