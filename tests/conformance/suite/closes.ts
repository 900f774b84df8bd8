/** R14, R15 and R21: what `caller.close()` does. */
import assert from "node:assert/strict";
import { type Caller, ConnectionClosureError, closeFrame } from "../../../mod.ts";
import { CLOSE, toClosePayload, toFrame } from "../../kit/raw_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

const unsendable = [-1, 0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535, 65536, 1000.5, Number.NaN];
const overlong = ["a".repeat(124), "€".repeat(42), "😀".repeat(31)];
const longest = ["a".repeat(123), "€".repeat(41), `${"😀".repeat(30)}abc`];
export function closes(subject: Subject): void {
  subject.test("R14 close() resolves when the connection is down", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await until(() => callers.length === 1);
        const caller = callers[0] as Caller;
        const first = caller.close(4000, "ours");
        assert.equal(caller.isOpen, false);
        assert.equal(caller.signal.aborted, true);
        const second = caller.close(4001, "again", 0);
        await subject.within("the first close", first);
        await subject.within("the second close", second);
        await subject.within("a third close", caller.close(1000));
        const { code, reason } = await client.ended();
        assert.deepEqual([code, reason], [4000, "ours"]);
        await journal.until("close 4000");
      },
    );
  });

  subject.gapTest("closeWaits", "R14 -1 waits for the peer for ever", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      () => ({ onOpen: (caller) => void callers.push(caller) }),
      async ({ connect }) => {
        const client = await connect({ answersClose: false, answersFin: false });
        await until(() => callers.length === 1);
        let down = false;
        const closed = callers[0]?.close(4000, "", -1).then(() => {
          down = true;
        });
        assert.equal((await client.frame()).code, 4000);
        await wait(150);
        assert.equal(down, false);
        await client.send.close(4000);
        await subject.within("the close", closed as Promise<void>);
      },
      { config: { connectionClosureTimeout: 0.01 } },
    );
  });

  for (const [title, config, timeout] of [
    ["a timeout", {}, 0.1],
    ["a timeout of 0", {}, 0],
    ["connectionClosureTimeout", { connectionClosureTimeout: 0.1 }, undefined],
  ] as const) {
    subject.test(`R14 close() with ${title} does not wait longer for a peer that does not answer`, async () => {
      const callers: Caller[] = [];
      await subject.serve(
        ({ journal }) => ({
          onOpen: (caller) => void callers.push(caller),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          await connect({ answersClose: false, answersFin: false });
          await until(() => callers.length === 1);
          await subject.within("the close", (callers[0] as Caller).close(4000, "", timeout), 2000);
          await journal.until("close 4000");
        },
        { config },
      );
    });
  }

  subject.gapTest("terminate", "R14 after the timeout the socket is gone", async () => {
    await subject.serve(
      () => ({ onOpen: (caller) => void caller.close(4000, "", 0.05) }),
      async ({ connect }) => {
        const client = await connect({ answersClose: false });
        const { code } = await client.ended();
        assert.equal(code, 4000);
      },
    );
  });

  subject.test("R14 R19 close() from elsewhere resolves although a callback runs and reading was paused", async () => {
    const held = gate();
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        async onTextMessage(_caller, text) {
          journal.add(text);
          await held.promise;
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        for (let i = 0; i < 8; i++) await client.send.text(`${i}`);
        await journal.until("0");
        await wait(20);
        await subject.within("the close", (callers[0] as Caller).close(4000), 2000);
        assert.equal((await client.ended()).code, 4000);
        assert.deepEqual(journal.entries, ["0"]);
        held.resolve();
        await journal.until("close 4000");
        assert.deepEqual(journal.entries, ["0", "close 4000"]);
      },
      { config: { maxQueuedMessages: 2 } },
    );
  });

  subject.test("R14 close() after the end resolves at once", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        async onClose(caller) {
          await caller.close(4000);
          journal.add("closed");
        },
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        await client.send.close(1000);
        await journal.until("closed");
        await subject.within("the close", (callers[0] as Caller).close(4001));
        assert.equal((await client.ended()).code, 1000);
      },
    );
  });

  for (const how of ["close()", "gracefulStop()"] as const) {
    subject.test(
      `R14 ${how} while much is unsent: a peer that reads late gets all of it, then the close frame`,
      async () => {
        await subject.serve(
          ({ journal }) => ({
            onTextMessage(caller) {
              for (let i = 0; i < 14; i++) void caller.writeBinaryMessage(new Uint8Array(1_000_000));
              if (how === "close()") void caller.close(1001);
              journal.add("written");
            },
            onClose: (_caller, code) => journal.add(`close ${code}`),
          }),
          async ({ connect, listener, journal }) => {
            const client = await connect();
            client.pause();
            await client.send.text("");
            await journal.until("written");
            const stopped = how === "close()" ? undefined : listener.gracefulStop();
            await wait(100);
            client.resume();
            for (let i = 0; i < 14; i++) assert.equal((await client.message()).length, 1_000_000);
            assert.equal((await client.ended()).code, 1001);
            await journal.until("close 1001");
            await stopped;
          },
          { config: { maxBufferedAmount: 20_000_000 } },
        );
      },
    );
  }

  subject.test(
    "R12 R14 close() while much is unsent: writes that wait are rejected, and the timeout holds",
    async () => {
      await subject.serve(
        ({ journal }) => ({
          async onTextMessage(caller) {
            const write = caller.writeBinaryMessage(new Uint8Array(14_000_000));
            const closed = caller.close(4000, "", 0.1);
            await assert.rejects(write, ConnectionClosureError);
            await closed;
            journal.add("closed");
          },
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          client.pause();
          await client.send.text("");
          await journal.until("close 4000");
          assert.deepEqual(journal.entries, ["closed", "close 4000"]);
        },
        { config: { maxBufferedAmount: 20_000_000 } },
      );
    },
  );

  subject.test("R15 what cannot be sent throws a RangeError before anything is written", async () => {
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          for (const code of unsendable) {
            assert.throws(() => caller.close(code), RangeError, `${code}`);
            assert.throws(() => closeFrame(code), RangeError, `${code}`);
          }
          for (const reason of overlong) {
            assert.throws(() => caller.close(1000, reason), RangeError);
            assert.throws(() => closeFrame(1000, reason), RangeError);
          }
          for (const timeout of [-2, -0.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
            assert.throws(() => caller.close(1000, "", timeout), RangeError, `${timeout}`);
          }
          assert.throws(() => caller.close("1000" as never), RangeError);
          return "still open";
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("");
        assert.equal(await client.message(), "still open");
      },
    );
  });

  subject.test("R15 a reason of 123 bytes passes whole", async () => {
    await subject.serve(
      () => ({ onTextMessage: (_caller, text) => closeFrame(4000, text) }),
      async ({ connect }) => {
        for (const reason of longest) {
          const client = await connect();
          await client.send.text(reason);
          assert.equal((await client.ended()).reason, reason);
        }
      },
    );
  });

  subject.test("R21 after our own close no message is delivered", async () => {
    await subject.serve(
      ({ journal }) => ({
        onTextMessage(_caller, text) {
          journal.add(text);
          return closeFrame(4000);
        },
        onPing: () => journal.add("ping"),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect({ answersClose: false });
        const more = Array.from({ length: 20 }, (_, i) => toFrame({ payload: `${i}` }));
        await client.write(Buffer.concat([toFrame({ payload: "end" }), ...more]));
        await wait(20);
        await client.write(Buffer.concat([...more, toFrame({ opcode: CLOSE, payload: toClosePayload(4000) })]));
        await journal.until(/close/);
        await wait(20);
        assert.deepEqual(journal.entries, ["end", "close 4000"]);
      },
    );
  });

  subject.test("R21 what waited in the inbox is forgotten when the service closes", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage(_caller, text) {
          journal.add(text);
          await held.promise;
          return text === "0" ? closeFrame(4000) : undefined;
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        for (let i = 0; i < 10; i++) await client.send.text(`${i}`);
        await journal.until("0");
        await wait(20);
        held.resolve();
        await journal.until(/close/);
        assert.deepEqual(journal.entries, ["0", "close 4000"]);
      },
      { config: { maxQueuedMessages: 2 } },
    );
  });
}
/** Waits, turn by turn, for what no event tells. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !isSo(); i++) await wait(2);
  assert.ok(isSo(), "it never became so");
}
