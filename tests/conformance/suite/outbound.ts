/** R20: what is written and not sent. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Caller } from "../../../mod.ts";
import { CLOSE, PING, type RawClient, toFrame } from "../../kit/raw_client.ts";
import { type Subject, wait } from "./subject.ts";

const KB64 = new Uint8Array(65536 - 16);
const TEXT64 = "a".repeat(60_000);
/** More of these than the kernels of both sides hold. */
const COUNT = 4000;
export function outbound(subject: Subject): void {
  const writers: readonly [string, (caller: Caller) => unknown][] = [
    ["writes that nobody awaits", (caller) => flood(caller)],
    ["writes of a timer", (caller) => void everyTurn(caller)],
  ];
  for (const [what, write] of writers) {
    subject.test(`R20 ${what} to a peer that does not read close with 1013 "Slow consumer"`, async () => {
      await subject.serve(
        ({ journal }) => ({
          onTextMessage: (caller) => void write(caller),
          onClose: (_caller, ...args) => journal.add(`close ${args}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          client.pause();
          await client.send.text("");
          await journal.until(/close/);
          assert.deepEqual(journal.entries, ["close 1013,Slow consumer"]);
        },
        { config: { connectionClosureTimeout: 0.1 } },
      );
    });
  }

  subject.test("R20 the promise of a write that waits is rejected when the peer proves slow", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          const writes: Promise<void>[] = [];
          while (caller.isOpen) writes.push(caller.writeBinaryMessage(KB64));
          const settled = await Promise.allSettled(writes);
          journal.add(`${settled[0]?.status}, ${settled.at(-1)?.status}`);
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        client.pause();
        await client.send.text("");
        await journal.until("fulfilled, rejected");
      },
      { config: { connectionClosureTimeout: 0.1 } },
    );
  });

  const numbered: readonly [string, (caller: Caller) => unknown][] = [
    ["in one turn", (caller) => void countUp(caller, () => undefined)],
    ["in many turns", (caller) => void countUp(caller, () => wait(0))],
    ["each when the one before has left", (caller) => void countUp(caller, (written) => written)],
    ["as a stream", () => numbers()],
  ];
  for (const [how, write] of numbered) {
    subject.test(
      `D4 a slow consumer that reads at last gets what was sent, without a hole, written ${how}`,
      async () => {
        await subject.serve(
          ({ journal }) => ({
            onTextMessage(caller) {
              caller.signal.addEventListener("abort", () => journal.add("closing"));
              return write(caller) as AsyncIterable<string> | undefined;
            },
            onClose: (_caller, code) => journal.add(`close ${code}`),
          }),
          async ({ connect, journal }) => {
            const client = await connect();
            client.pause();
            await client.send.text("");
            await journal.until("closing");
            client.resume();
            let count = 0;
            for (; ; count++) {
              const frame = await client.frame();
              if (frame.opcode === CLOSE) break;
              assert.equal(Number.parseInt(frame.text, 10), count);
            }
            assert.ok(count > 0 && count < COUNT, `${count} messages`);
            const { code, reason } = await client.ended();
            assert.deepEqual([code, reason], [1013, "Slow consumer"]);
            await journal.until("close 1013");
          },
          { config: { writeTimeout: 0.2 } },
        );
      },
    );
  }

  subject.test("D5 a peer that does not read holds up none of the others", async () => {
    await subject.serve(
      () => ({}),
      async ({ connect, listener }) => {
        const slow = await connect();
        slow.pause();
        const others = await Promise.all(Array.from({ length: 10 }, () => connect()));
        for (let i = 0; i < 150; i++) {
          for (const caller of listener.connections) void caller.writeTextMessage(`${i} ${TEXT64}`);
          for (const client of others) assert.equal(Number.parseInt(`${await client.message()}`, 10), i);
        }
        const [most = 0] = [...listener.connections].map((caller) => caller.bufferedAmount).sort((a, b) => b - a);
        assert.ok(most > 1_000_000, `only ${most} bytes wait for the slow one`);
      },
      { config: { maxBufferedAmount: 20_000_000 } },
    );
  });

  subject.test("R20 a writer that awaits its writes never exceeds the mark, and all arrives", async () => {
    const count = 300;
    let most = 0;
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          for (let i = 0; i < count; i++) {
            await caller.writeBinaryMessage(KB64);
            most = Math.max(most, caller.bufferedAmount);
          }
          return "all";
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        client.pause();
        await client.send.text("");
        await wait(150);
        client.resume();
        assert.equal(await readAll(client), count);
        assert.ok(most <= 131_072 + 1000, `${most} bytes were unsent`);
        assert.deepEqual(journal.entries, []);
      },
    );
  });

  subject.test("R20 one large message to a reading peer is no offence", async () => {
    const size = 8_000_000;
    await subject.serve(
      () => ({
        onTextMessage: () => new Uint8Array(size),
      }),
      async ({ connect }) => {
        const client = await connect();
        for (let i = 0; i < 2; i++) {
          await client.send.text("");
          assert.equal((await client.message()).length, size);
        }
      },
    );
  });

  subject.test("R20 a stream waits for a peer that does not read, and goes on when it does", async () => {
    const count = 600;
    let made = 0;
    await subject.serve(
      () => ({
        async *onTextMessage() {
          for (; made < count; made++) yield KB64;
          yield "all";
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        client.pause();
        await client.send.text("");
        for (let before = -1; before !== made; await wait(100)) before = made;
        assert.ok(made < 400, `${made} of ${count} items were made`);
        client.resume();
        assert.equal(await readAll(client), count);
      },
    );
  });

  subject.test("R20 an outbox that does not shrink for writeTimeout closes with 1013", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          // Awaited, so that it is not the amount that closes.
          while (caller.isOpen) await caller.writeBinaryMessage(KB64);
        },
        onClose: (_caller, ...args) => journal.add(`close ${args}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        client.pause();
        await client.send.text("");
        await journal.until(/close/);
        assert.deepEqual(journal.entries, ["close 1013,Slow consumer"]);
      },
      { config: { writeTimeout: 0.2, connectionClosureTimeout: 0.1 } },
    );
  });

  subject.test("R20 while too much is unsent nothing is handled, and afterwards everything", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller, text) {
          journal.add(text);
          if (text !== "fill") return text;
          // The next message waits already when this one ends.
          await wait(20);
          // More than the kernels of both sides hold.
          for (let i = 0; i < 250; i++) void caller.writeBinaryMessage(KB64);
          journal.add("filled");
          return undefined;
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        client.pause();
        for (const text of ["fill", "queued"]) void client.send.text(text);
        await journal.until("filled");
        await client.send.text("late");
        await wait(100);
        assert.deepEqual(journal.entries, ["fill", "filled"]);
        client.resume();
        await journal.until("late");
        for (;;) if ((await client.message()) === "late") break;
        assert.deepEqual(journal.entries, ["fill", "filled", "queued", "late"]);
      },
      { config: { maxBufferedAmount: 20_000_000 } },
    );
  });

  subject.gapTest(
    "pause",
    "R20 a peer that sends without reading is no longer read, and gets all its replies",
    async () => {
      const count = 600;
      await subject.serve(
        ({ journal }) => ({
          onTextMessage: (_caller, text) => text,
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          client.pause();
          for (let i = 0; i < count; i++) void client.send.text(`${i} ${TEXT64}`);
          await wait(400);
          assert.ok(client.unsent > 1_000_000, `only ${client.unsent} bytes are held back`);
          client.resume();
          for (let i = 0; i < count; i++) assert.match(`${await client.message()}`.slice(0, 8), new RegExp(`^${i} `));
          assert.deepEqual(journal.entries, []);
        },
      );
    },
  );

  subject.test("R20 a peer that pings without reading is closed or no longer read", async () => {
    await subject.serve(
      ({ journal }) => ({
        onPing: () => undefined,
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal, listener }) => {
        const client = await connect();
        client.pause();
        const pings = Buffer.concat(new Array(4000).fill(toFrame({ opcode: PING, payload: "x".repeat(125) })));
        let most = 0;
        for (let i = 0; i < 40 && journal.entries.length === 0; i++) {
          void client.write(pings);
          await wait(5);
          for (const caller of listener.connections) most = Math.max(most, caller.bufferedAmount);
        }
        await wait(200);
        assert.ok(most < 4_000_000, `${most} bytes of answers were unsent`);
        assert.ok(journal.entries.length > 0 || client.unsent > 1_000_000, "20 MB of pings were swallowed");
      },
      { config: { connectionClosureTimeout: 0.1 } },
    );
  });

  subject.test("R20 bytes of every kind may be changed after a write, to the own caller and to another", async () => {
    let target: Caller | undefined;
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          target ??= caller;
          for (const [bytes, data] of changeable()) {
            for (let i = 0; i < 10; i++) {
              bytes.fill(i);
              void target.writeBinaryMessage(data);
            }
            bytes.fill(255);
          }
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        const other = await connect();
        for (const { send } of [client, other]) {
          await send.text("");
          for (const [{ length }, data] of changeable()) {
            for (let i = 0; i < 10; i++) {
              const message = (await client.message()) as Uint8Array;
              const found = [message.length, message[0], message[length - 1]];
              assert.deepEqual(found, [length, i, i], data.constructor.name);
            }
          }
        }
      },
    );
  });

  subject.test("R2 R20 writes of all kinds keep their order", async () => {
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          for (let i = 0; i < 300; i++) {
            if (i % 3 === 0) void caller.writeTextMessage(`${i}`);
            else void caller.writeBinaryMessage(new Uint8Array(i % 3 === 1 ? 5 : 5000).fill(i & 255));
          }
          return "end";
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("");
        for (let i = 0; i < 300; i++) {
          const message = await client.message();
          assert.equal(typeof message === "string" ? message : message[0], i % 3 === 0 ? `${i}` : i & 255);
        }
        assert.equal(await client.message(), "end");
      },
    );
  });
}

/** Bytes, and what is written of them. A `Buffer` is of its own: its `slice` makes no copy. */
function* changeable(): Generator<[bytes: Uint8Array, data: Uint8Array | ArrayBuffer]> {
  for (const length of [3, 300, 10_000]) {
    const plain = new Uint8Array(length);
    const shared = new Uint8Array(new SharedArrayBuffer(length));
    for (const bytes of [plain, Buffer.alloc(length), shared]) yield [bytes, bytes];
    const { buffer } = new Uint8Array(length);
    yield [new Uint8Array(buffer), buffer];
  }
}

function flood(caller: Caller): void {
  for (let i = 0; i < 5000 && caller.isOpen; i++) void caller.writeBinaryMessage(KB64);
}

/** Writes texts that count up, as if nothing were wrong, until long after the end. */
async function countUp(caller: Caller, next: (written: Promise<void>) => Promise<void> | undefined): Promise<void> {
  let late = 0;
  for (let i = 0; i < COUNT && late < 100; i++) {
    const written = caller.writeTextMessage(`${i} ${TEXT64}`);
    if (!caller.isOpen) late += 1;
    await next(written)?.catch(() => {});
  }
}

async function* numbers(): AsyncGenerator<string> {
  for (let i = 0; i < COUNT; i++) yield `${i} ${TEXT64}`;
}

async function everyTurn(caller: Caller): Promise<void> {
  for (let i = 0; i < 5000 && caller.isOpen; i++) {
    void caller.writeTextMessage(TEXT64);
    await wait(0);
  }
}

/** Counts binary messages until the text "all". */
async function readAll(client: RawClient): Promise<number> {
  for (let count = 0; ; count++) if ((await client.message()) === "all") return count;
}
