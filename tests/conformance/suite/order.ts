/** R1, R2, R5 and R21: the order of callbacks. */
import assert from "node:assert/strict";
import { BINARY, CLOSE, type FrameOptions, PING, PONG, TEXT, toClosePayload, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

const frames = (...list: FrameOptions[]): Buffer => Buffer.concat(list.map(toFrame));
const texts = (count: number): FrameOptions[] => Array.from({ length: count }, (_, i) => ({ payload: `${i}` }));

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

  subject.test("R21 what waited is forgotten when the service closes after its peer has left", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller, text) {
          journal.add(text);
          await new Promise((resolve) => caller.signal.addEventListener("abort", resolve));
          await caller.close(4000);
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.write(frames(...texts(3), { opcode: CLOSE, payload: toClosePayload(1000) }));
        await journal.until(/close/);
        assert.deepEqual(journal.entries, ["0", "close 1000"]);
      },
    );
  });
}
