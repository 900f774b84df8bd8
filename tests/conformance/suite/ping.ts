/** R18: pings and pongs. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PING, PONG, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject } from "./subject.ts";

const payloads = ["", "a", "ß€", "x".repeat(125)];

export function ping(subject: Subject): void {
  subject.test("R18 pings are answered with their payload, also while a callback runs", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        onTextMessage() {
          journal.add("begin");
          return held.promise;
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("");
        await journal.until("begin");
        for (const payload of payloads) {
          await client.send.ping(payload);
          const frame = await client.frame();
          assert.deepEqual([frame.opcode, frame.text], [PONG, payload]);
        }
        held.resolve();
      },
    );
  });

  subject.test("R18 3,000 pings at once are all answered, in order, and the connection goes on", async () => {
    await subject.serve(
      () => ({ onTextMessage: (_caller, text) => text }),
      async ({ connect }) => {
        const client = await connect();
        void client.write(
          Buffer.concat(Array.from({ length: 3000 }, (_, i) => toFrame({ opcode: PING, payload: `${i}` }))),
        );
        for (let i = 0; i < 3000; i++) {
          const frame = await client.frame();
          assert.deepEqual([frame.opcode, frame.text], [PONG, `${i}`]);
        }
        await client.send.text("on");
        assert.equal(await client.message(), "on");
      },
    );
  });

  subject.gapTest("ping", "R18 onPing and onPong are told the payload as plain bytes", async () => {
    const told: unknown[] = [];
    await subject.serve(
      ({ journal }) => ({
        onPing(_caller, data) {
          told.push(["ping", Object.getPrototypeOf(data) === Uint8Array.prototype, new TextDecoder().decode(data)]);
          journal.add("told");
        },
        onPong(_caller, data) {
          told.push(["pong", Object.getPrototypeOf(data) === Uint8Array.prototype, new TextDecoder().decode(data)]);
          journal.add("told");
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        for (const payload of payloads) {
          await client.send.ping(payload);
          await client.send.pong(payload);
        }
        await journal.until("told", 2 * payloads.length);
        const expected = payloads.flatMap((payload) => [
          ["ping", true, payload],
          ["pong", true, payload],
        ]);
        assert.deepEqual(told, expected);
      },
    );
  });

  subject.gapTest("ping", "R18 caller.ping() and caller.pong() send, and the answer comes to onPong", async () => {
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(caller) {
          await caller.ping();
          await caller.ping(Buffer.from("one"));
          await caller.ping(new TextEncoder().encode("two").buffer);
          await caller.pong(Uint8Array.of(65));
          await caller.ping(new Uint8Array(125));
        },
        onPong: (_caller, data) => journal.add(`pong ${new TextDecoder().decode(data)}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.text("");
        const expected = [
          [PING, ""],
          [PING, "one"],
          [PING, "two"],
          [PONG, "A"],
          [PING, "\0".repeat(125)],
        ];
        for (const [opcode, text] of expected) {
          const frame = await client.frame();
          assert.deepEqual([frame.opcode, frame.text], [opcode, text]);
        }
        await journal.until(/^pong/, 4);
        assert.deepEqual(journal.entries, ["pong ", "pong one", "pong two", `pong ${"\0".repeat(125)}`]);
      },
    );
  });

  subject.test("R18 a ping or a pong of over 125 bytes throws a RangeError and sends nothing", async () => {
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          assert.throws(() => caller.ping(new Uint8Array(126)), RangeError);
          assert.throws(() => caller.pong(new ArrayBuffer(126)), RangeError);
          assert.throws(() => caller.ping("text" as never), TypeError);
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

  subject.test("R18 pings between the fragments of a message are answered, and the message stays whole", async () => {
    await subject.serve(
      () => ({ onTextMessage: (_caller, text) => text }),
      async ({ connect }) => {
        const client = await connect();
        await client.write(
          Buffer.concat([
            toFrame({ fin: false, payload: "a" }),
            toFrame({ opcode: PING, payload: "p" }),
            toFrame({ fin: false, opcode: 0, payload: "b" }),
            toFrame({ opcode: PING, payload: "q" }),
            toFrame({ opcode: 0, payload: "c" }),
          ]),
        );
        const seen = [await client.frame(), await client.frame(), await client.frame()];
        assert.deepEqual(
          seen.map(({ opcode, text }) => `${opcode} ${text}`),
          [`${PONG} p`, `${PONG} q`, "1 abc"],
        );
      },
    );
  });
}
