/** R10 and R12: messages that are too large, and writes that come too late. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type Caller,
  ConnectionClosureError,
  ConnectionError,
  closeFrame,
  PayloadTooLargeError,
  type Reply,
} from "../../../mod.ts";
import { CLOSE, type RawClient } from "../../kit/raw_client.ts";
import { type Subject, wait } from "./subject.ts";

/** What an `onError` may do about a message over maxFrameSize; nothing of it changes the end. */
const reactions: readonly (readonly [does: string, react: (caller: Caller) => Reply | Promise<Reply>])[] = [
  ["returns a close frame", () => closeFrame(4000, "mine")],
  ["resolves to a close frame", async () => await Promise.resolve(closeFrame(4000, "mine"))],
  ["closes", (caller) => void caller.close(4001, "mine")],
  ["waits for its close", async (caller) => await caller.close(4001, "mine")],
  ["waits and closes", (caller) => wait(20).then(() => void caller.close(4001, "mine"))],
  ["returns a message", () => "too long"],
  ["writes", (caller) => void caller.writeTextMessage("too long")],
  ["waits for its write", async (caller) => await caller.writeTextMessage("too long")],
  ["streams", (caller) => endless(caller)],
  [
    "throws",
    () => {
      throw new Error("on purpose");
    },
  ],
  ["rejects", () => Promise.reject(new Error("on purpose"))],
];

async function* endless(caller: Caller): AsyncGenerator<Reply> {
  while (!caller.signal.aborted) {
    yield "more";
    await wait(5);
  }
}

export function writes(subject: Subject): void {
  const sizes: readonly [string, (client: RawClient, size: number) => Promise<void>][] = [
    ["text", (client, size) => client.send.text("a".repeat(size))],
    [
      "text of three bytes a character",
      (client, size) => client.send.text(`${"€".repeat(Math.floor(size / 3))}${"a".repeat(size % 3)}`),
    ],
    ["binary", (client, size) => client.send.binary(new Uint8Array(size))],
    [
      "fragments",
      async (client, size) => {
        await client.send.frame({ fin: false, payload: "a".repeat(600) });
        await client.send.frame({ fin: false, opcode: 0, payload: "" });
        await client.send.frame({ opcode: 0, payload: "a".repeat(size - 600) });
      },
    ],
  ];
  for (const [kind, send] of sizes) {
    for (const other of [1000, 100_000]) {
      const beside = other === 1000 ? "" : ", beside a service that takes more";
      subject.test(`R10 ${kind} of maxFrameSize passes, one byte more closes with 1009${beside}`, async () => {
        await subject.serve(
          ({ journal }) => ({
            onMessage: () => "passed",
            onError: (_caller, error) => journal.add(`${error instanceof PayloadTooLargeError && error.code}`),
            onClose: (_caller, code) => journal.add(`close ${code}`),
          }),
          async ({ connect, listener, journal }) => {
            await listener.immediateStop();
            listener.attach("/other", () => ({}), { maxFrameSize: other });
            await listener.start();
            const client = await connect();
            await send(client, 1000);
            assert.equal(await client.message(), "passed");
            await send(client, 1001);
            const { code } = await client.ended();
            assert.equal(code, 1009);
            await journal.until(/close/);
            assert.deepEqual(journal.entries, ["payload_too_large", "close 1009"]);
          },
          { config: { maxFrameSize: 1000 } },
        );
      });
    }
  }

  for (const [does, react] of reactions) {
    subject.test(
      `R10 a message over maxFrameSize closes with 1009, and onClose is told so, when onError ${does}`,
      async () => {
        await subject.serve(
          ({ journal }) => ({
            onMessage: () => "passed",
            onError(caller, error) {
              journal.add(`error ${error instanceof PayloadTooLargeError}`);
              return react(caller);
            },
            onClose: (_caller, code) => journal.add(`close ${code}`),
          }),
          async ({ connect, journal }) => {
            const client = await connect();
            await client.send.text("a".repeat(1001));
            const { code } = await client.ended();
            assert.deepEqual([code, client.frames.filter(({ opcode }) => opcode !== CLOSE)], [1009, []]);
            await journal.until(/close/);
            assert.deepEqual(journal.entries, ["error true", "close 1009"]);
          },
          { config: { maxFrameSize: 1000 }, logs: /^error onError failed.*on purpose/ },
        );
      },
    );
  }

  subject.test("R10 that a message was over maxFrameSize is one line of the log, however many are", async () => {
    await subject.serve(
      ({ journal }) => ({ onMessage: () => "passed", onClose: (_caller, code) => journal.add(`close ${code}`) }),
      async ({ connect, journal, log }) => {
        for (let i = 1; i <= 2; i++) {
          await (await connect()).send.text("a".repeat(1001));
          await journal.until(/^close (?:1009|1006)$/, i);
        }
        const lines = log.entries.filter((line) => line.includes("maxFrameSize"));
        assert.deepEqual(lines, ["info Closed a connection with 1009: a message is over maxFrameSize, 1000 bytes"]);
      },
      { config: { maxFrameSize: 1000 } },
    );
  });

  subject.gapTest(
    "largeFrames",
    "R10 a message in one frame of 64 MiB passes, where maxFrameSize lets it",
    async () => {
      const size = 2 ** 26;
      await subject.serve(
        () => ({ onBinaryMessage: (_caller, data) => String(data.byteLength) }),
        async ({ connect }) => {
          const client = await connect();
          await client.send.binary(Buffer.alloc(size));
          assert.equal(await client.message(), String(size));
        },
        { config: { maxFrameSize: size } },
      );
    },
  );

  subject.test("R12 a write after the end is rejected with a ConnectionError whose code says why", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const [closed, lost, ours] = [await connect(), await connect(), await connect()];
        await closed.send.close(4000);
        lost.destroy();
        void callers[2]?.close(4001);
        await journal.until(/close/, 3);
        await ours.ended();
        const codes = [ConnectionClosureError, ConnectionError, ConnectionClosureError];
        for (const [i, type] of codes.entries()) {
          const caller = callers[i] as Caller;
          for (const write of [
            () => caller.writeTextMessage(""),
            () => caller.writeBinaryMessage(new Uint8Array(1)),
            () => caller.writeMessage({}),
          ]) {
            await assert.rejects(write, (error: unknown) => {
              assert.ok(error instanceof ConnectionError);
              assert.equal(error.constructor, type);
              return true;
            });
          }
          assert.equal(caller.isOpen, false);
          assert.equal(caller.bufferedAmount, 0);
        }
      },
    );
  });

  subject.test("R12 a handler that awaits a write to a peer that has left makes no line in the log", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          journal.add("begin");
          await new Promise((resolve) => caller.signal.addEventListener("abort", resolve));
          await caller.writeTextMessage("too late");
        },
        onClose: () => journal.add("closed"),
      }),
      async ({ connect, journal, log }) => {
        const client = await connect();
        await client.send.text("");
        await journal.until("begin");
        client.destroy();
        await journal.until("closed");
        assert.equal(log.count(/^error/), 0);
      },
    );
  });

  subject.test("R12 a write of bytes that were transferred elsewhere rejects and sends nothing", async () => {
    await subject.serve(
      () => ({
        async onTextMessage(caller) {
          const gone = new Uint8Array(3);
          structuredClone(gone.buffer, { transfer: [gone.buffer] });
          await assert.rejects(caller.writeBinaryMessage(gone), ConnectionError);
          await assert.rejects(caller.writeMessage(gone), ConnectionError);
          return "done";
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "done");
      },
    );
  });

  subject.test("R12 a write of the wrong type throws at once and sends nothing (CVE-2016-10518)", async () => {
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          for (const wrong of [1, new Uint8Array(1), { a: 1 }, undefined] as never[]) {
            assert.throws(() => caller.writeTextMessage(wrong), {
              name: "TypeError",
              message: "Cannot write a text message: must be a string; writeMessage takes bytes and objects, too",
            });
          }
          // A number was once taken for the size of memory that nobody had cleared.
          for (const wrong of ["a", 5, [1], { length: 5 }, new DataView(new ArrayBuffer(5)), null] as never[]) {
            assert.throws(() => caller.writeBinaryMessage(wrong), TypeError);
            if (!caller.capabilities.ping) continue;
            assert.throws(() => caller.ping(wrong), TypeError);
            assert.throws(() => caller.pong(wrong), TypeError);
          }
          assert.throws(() => caller.writeMessage(undefined), TypeError);
          assert.throws(() => caller.writeMessage(() => 1), TypeError);
          assert.throws(() => caller.writeMessage(Promise.resolve(1)), { name: "TypeError", message: /a Promise/ });
          for (const stream of [(async function* () {})(), new ReadableStream()]) {
            assert.throws(() => caller.writeMessage(stream), { name: "TypeError", message: /a stream: return it/ });
          }
          return "done";
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "done");
      },
    );
  });

  subject.test(
    "R12 what one caller is sent from everywhere arrives in order, whatever its size, and before the close",
    async () => {
      const large = "x".repeat(5000);
      let target: Caller | undefined;
      await subject.serve(
        () => ({
          async onTextMessage(caller, text) {
            if (text === "target") {
              target = caller;
              return;
            }
            assert.ok(target !== undefined);
            const bytes = new Uint8Array([1, 2, 3]);
            void target.writeTextMessage("1");
            void target.writeBinaryMessage(bytes);
            bytes.fill(0);
            void target.writeTextMessage(large);
            void target.writeTextMessage("4");
            await Promise.resolve();
            void target.writeTextMessage("5");
            await target.writeTextMessage("6");
            for (let i = 0; i < 40; i++) void target.writeTextMessage(`${i} ${large.slice(0, 4000)}`);
            void target.writeTextMessage("7");
            await new Promise((resolve) => setTimeout(resolve, 5));
            void target.writeTextMessage("8");
            void target.close(4000, "enough");
          },
        }),
        async ({ connect }) => {
          const client = await connect();
          await client.send.text("target");
          const other = await connect();
          await other.send.text("go");
          assert.equal(await client.message(), "1");
          assert.deepEqual([...((await client.message()) as Uint8Array)], [1, 2, 3]);
          assert.equal(await client.message(), large);
          for (const text of ["4", "5", "6"]) assert.equal(await client.message(), text);
          for (let i = 0; i < 40; i++) assert.equal(`${await client.message()}`.split(" ", 1)[0], `${i}`);
          for (const text of ["7", "8"]) assert.equal(await client.message(), text);
          assert.deepEqual(await client.closed, { code: 4000, reason: "enough", end: "fin" });
        },
      );
    },
  );

  subject.test("R12 replies of a service stay in order with what others send to its caller meanwhile", async () => {
    const callers = new Set<Caller>();
    await subject.serve(
      () => ({
        onOpen: (caller) => void callers.add(caller),
        onTextMessage(caller, text) {
          for (const other of callers) void other.writeTextMessage(`${text} to all`);
          void caller.writeTextMessage(`${text} to one`);
          return `${text} returned`;
        },
      }),
      async ({ connect }) => {
        const [one, two] = [await connect(), await connect()];
        for (let i = 0; i < 20; i++) await Promise.all([one.send.text(`a${i}`), two.send.text(`b${i}`)]);
        for (const [client, own] of [
          [one, "a"],
          [two, "b"],
        ] as const) {
          const seen: string[] = [];
          while (seen.length < 80) seen.push(`${await client.message()}`);
          const mine = seen.filter((text) => text.startsWith(own));
          const expected = Array.from({ length: 20 }, (_, i) =>
            ["to all", "to one", "returned"].map((what) => `${own}${i} ${what}`),
          );
          assert.deepEqual(mine, expected.flat());
        }
      },
    );
  });
}
