/** R19: what is received and not handled. */
import assert from "node:assert/strict";
import { gate, type Subject, wait } from "./subject.ts";

export function inbound(subject: Subject): void {
  for (const [option, config, size] of [
    ["maxQueuedMessages", { maxQueuedMessages: 4 }, 60_000],
    ["maxQueuedBytes", { maxQueuedBytes: 100_000 }, 60_000],
  ] as const) {
    subject.gapTest("pause", `R19 over ${option} reading pauses, and nothing is lost`, async () => {
      const held = gate();
      let handled = 0;
      await subject.serve(
        ({ journal }) => ({
          async onBinaryMessage(_caller, data) {
            await held.promise;
            assert.equal(data[0], handled++ & 255);
            if (handled === 500) journal.add("all");
          },
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          for (let i = 0; i < 500; i++) void client.send.binary(new Uint8Array(size).fill(i & 255));
          await wait(300);
          // The kernel's buffers grow while they are filled.
          let stuck = client.unsent;
          let before = -1;
          for (let i = 0; stuck !== before && i < 50; i++) {
            before = stuck;
            await wait(100);
            stuck = client.unsent;
          }
          assert.equal(stuck, before);
          assert.ok(stuck > 1_000_000, `only ${stuck} of 30 MB are held back`);
          held.resolve();
          await journal.until("all");
          await client.send.close(1000);
          await journal.until("close 1000");
        },
        { config },
      );
    });
  }

  subject.test("R19 where reading cannot pause, the connection closes with 1013 at 16 times the mark", async () => {
    const held = gate();
    let pauses = true;
    await subject.serve(
      ({ journal }) => ({
        onOpen(caller) {
          pauses = caller.capabilities.pause;
        },
        async onTextMessage(_caller, text) {
          journal.add("begin");
          await held.promise;
          if (text === "64") journal.add("all");
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        for (let i = 0; i < 80; i++) await client.send.text(`${i}`);
        await journal.until("begin");
        await wait(50);
        held.resolve();
        await journal.until(pauses ? "all" : "close 1013");
      },
      { config: { maxQueuedMessages: 4 } },
    );
  });

  subject.gapTest("pause", "R19 a long burst of small messages is handled whole", async () => {
    let handled = 0;
    await subject.serve(
      ({ journal }) => ({
        async onTextMessage() {
          await Promise.resolve();
          if (++handled === 5000) journal.add("all");
        },
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        for (let i = 0; i < 5000; i++) void client.send.text("m");
        await journal.until("all");
        assert.deepEqual(journal.entries, ["all"]);
      },
    );
  });

  subject.test("R19 one message waits, however much larger than maxQueuedBytes it may be", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) => ({
        onOpen: () => held.promise,
        onBinaryMessage: (_caller, data) => journal.add(`${data.byteLength}`),
        onClose: (_caller, code) => journal.add(`close ${code}`),
      }),
      async ({ connect, journal }) => {
        const client = await connect();
        void client.send.binary(new Uint8Array(2_000_000));
        await wait(100);
        held.resolve();
        await journal.until("2000000");
        await client.send.close(1000);
        await journal.until("close 1000");
      },
      { config: { maxFrameSize: 4_194_304, maxQueuedBytes: 65_536 } },
    );
  });
}
