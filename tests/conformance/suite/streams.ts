/** R3 and R8: replies that are streams. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { type Caller, closeFrame, type Reply } from "../../../mod.ts";
import { CLOSE, type FrameOptions, toClosePayload, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

const frames = (...list: FrameOptions[]): Buffer => Buffer.concat(list.map(toFrame));
export function streams(subject: Subject): void {
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

  subject.test("R3 a stream that never waits ends when its peer is closing", async () => {
    const most = 100_000;
    let items = 0;
    await subject.serve(
      ({ journal }) => ({
        async *onTextMessage() {
          try {
            while (++items < most) yield items;
            await new Promise(() => {});
          } finally {
            journal.add("finally");
          }
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(frames({ payload: "" }, { opcode: CLOSE, payload: toClosePayload(4000) }));
        await journal.until("close 4000");
        await journal.until("finally");
        assert.ok(items < most, "the stream went on");
      },
    );
  });

  const laters: readonly [string, (ended: () => void) => AsyncIterable<unknown>][] = [
    ["an iterator", (ended) => new ReadableStream({ cancel: ended })],
    ["a stream of Node", (ended) => new Readable({ read() {} }).on("close", ended)],
  ];
  for (const [what, make] of laters) {
    subject.test(`R3 what is returned when nobody wants it any more is ended: ${what}`, async () => {
      await subject.serve(
        ({ journal }) => ({
          async onTextMessage(caller) {
            await new Promise((resolve) => caller.signal.addEventListener("abort", resolve));
            return make(() => journal.add("ended")) as Reply;
          },
          onClose: () => journal.add("closed"),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          await client.write(frames({ payload: "" }, { opcode: CLOSE, payload: toClosePayload(4000) }));
          await journal.until("closed");
          await journal.until("ended");
        },
      );
    });
  }

  subject.test("R6 a close frame yielded in a stream closes, and nothing after it is sent", async () => {
    await subject.serve(
      ({ journal }) => ({
        async *onTextMessage() {
          try {
            yield "before";
            yield (async function* (): AsyncGenerator<Reply> {
              yield closeFrame(4001, "done");
              yield "after";
            })();
            yield "after";
          } finally {
            journal.add("finally");
          }
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "before");
        const { code, reason } = await client.ended();
        assert.deepEqual([code, reason], [4001, "done"]);
        await journal.until("finally");
        assert.deepEqual(
          client.frames.filter(({ opcode }) => opcode < 8),
          [],
        );
      },
    );
  });

  const broken: readonly [string, () => unknown][] = [
    [
      "throws after an item",
      async function* () {
        yield "item";
        throw new Error("secret");
      },
    ],
    [
      "throws before an item",
      async function* () {
        yield await wait(0).then(() => assert.fail("secret"));
      },
    ],
    [
      "yields an Error",
      async function* () {
        yield new Error("secret");
      },
    ],
    [
      "yields what cannot be sent",
      async function* () {
        yield Symbol("secret");
      },
    ],
    [
      "holds a stream that throws",
      async function* () {
        yield (async function* () {
          yield assert.fail("secret");
        })();
      },
    ],
    ["gives no iterator", () => ({ [Symbol.asyncIterator]: () => assert.fail("secret") })],
    ["throws in next()", () => ({ [Symbol.asyncIterator]: () => ({ next: () => assert.fail("secret") }) })],
    ["is a ReadableStream that fails", () => new ReadableStream({ pull: () => Promise.reject(new Error("secret")) })],
  ];
  for (const [what, make] of broken) {
    subject.test(`R8 a stream that ${what} closes with 1011 "streaming failed"`, async () => {
      await subject.serve(
        ({ journal }) => ({
          onTextMessage: () => make() as Reply,
          onClose: (_caller, code, reason) => journal.add(`${code} ${reason}`),
        }),
        async ({ connect, journal, log }) => {
          const client = await connect();
          await client.send.text("");
          const { code, reason } = await client.ended();
          assert.deepEqual([code, reason], [1011, "streaming failed"]);
          await journal.until("1011 streaming failed");
          assert.equal(log.count(/^error .*stream/i), 1);
        },
        { logs: /stream/i },
      );
    });
  }

  subject.test("R8 a stream that throws because the peer has left is no fault", async () => {
    await subject.serve(
      ({ journal }) => ({
        async *onTextMessage(caller) {
          yield "item";
          await new Promise((resolve) => caller.signal.addEventListener("abort", resolve));
          journal.add("threw");
          throw new Error("as the peer has left");
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "item");
        client.destroy();
        await journal.until("threw");
        await wait(10);
      },
    );
  });
}
