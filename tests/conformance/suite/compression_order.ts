/** Compressed messages keep their order, their bounds and their bytes. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assertNegotiated, offering, unzip, zipped } from "../../kit/deflate.ts";
import { CLOSE, type Frame, PING, toFrame } from "../../kit/raw_client.ts";
import { calling, dataFrame, toNoise, toText, withCaller } from "./compressing.ts";
import type { Subject } from "./subject.ts";

export function compressionOrder(subject: Subject): void {
  const test = (title: string, fn: () => unknown): void => subject.gapTest("compression", title, fn);

  test("R20 awaited writes of long messages settle and arrive in order, and none is left unsent", () =>
    withCaller(subject, async (client, caller) => {
      const writing = (async () => {
        for (let i = 0; i < 20; i++) await caller.writeTextMessage(`${i} ${toNoise(200_000)}`, { compress: true });
      })();
      for (let i = 0; i < 20; i++) assert.match(unzip(await dataFrame(client)).toString(), new RegExp(`^${i} `));
      await subject.within("the writes", writing);
    }));

  test("R20 a peer that reads nothing is closed with 1013 while long messages are compressed", async () => {
    const { service, caller } = calling();
    await subject.serve(
      ({ journal }) => ({ ...service, onClose: (_caller, code) => journal.add(`close ${code}`) }),
      async ({ connect, journal }) => {
        const client = assertNegotiated(await connect(offering()));
        client.pause();
        const peer = await caller;
        const noise = toNoise(300_000);
        let most = 0;
        for (let i = 0; i < 200 && peer.isOpen; i++) {
          peer.writeTextMessage(noise, { compress: true }).catch(() => {});
          most = Math.max(most, peer.bufferedAmount);
        }
        assert.equal(peer.isOpen, false, "200 messages of 300 kB were taken");
        assert.ok(most > 0 && most < 3 * 1_048_576, `${most} bytes were unsent`);
        client.resume();
        await journal.until("close 1013");
      },
      { config: { connectionClosureTimeout: 2 } },
    );
  });

  test("R14 a close, and R18 a ping, do not overtake messages that are being compressed", () =>
    withCaller(subject, async (client, caller) => {
      void caller.writeTextMessage(toText(500_000));
      void caller.ping(new TextEncoder().encode("behind"));
      void caller.writeTextMessage("small");
      void caller.writeTextMessage(toText(2000));
      void caller.close(4000, "the end");
      const frames: Frame[] = [];
      for (let i = 0; i < 5; i++) frames.push(await client.frame());
      const seen = frames.map((frame) => (frame.opcode < CLOSE ? unzip(frame).length : frame.opcode));
      assert.deepEqual(seen, [500_000, PING, 5, 2000, CLOSE]);
      assert.equal((await client.ended()).code, 4000);
    }));

  test("R27 gracefulStop sends what is being compressed before its close frame", () =>
    withCaller(subject, async (client, caller, { listener }) => {
      for (let i = 0; i < 3; i++) void caller.writeTextMessage(toText(400_000));
      const stopping = listener.gracefulStop({ deadline: 5 });
      for (let i = 0; i < 3; i++) assert.equal(unzip(await dataFrame(client)).length, 400_000);
      assert.equal((await client.ended()).code, 1001);
      await stopping;
    }));

  test("bytes that are changed after a write arrive as they were", () =>
    withCaller(subject, async (client, caller) => {
      for (const length of [2000, 100_000, 200_000]) {
        const data = new Uint8Array(length).fill(1);
        void caller.writeBinaryMessage(data);
        data.fill(2);
        // Its `slice` makes no copy.
        const copy = Buffer.alloc(length, 3);
        void caller.writeBinaryMessage(copy, { compress: false });
        copy.fill(4);
        for (const value of [1, 3]) {
          const bytes = unzip(await dataFrame(client));
          assert.ok(bytes.length === length && bytes.every((byte) => byte === value), `${length} of ${value}`);
        }
      }
    }));

  test("R26 a compressed message that comes with the handshake is kept", () =>
    subject.serve(
      () => ({ onTextMessage: (_caller, text) => `${text.length}` }),
      async ({ connect }) => {
        const client = assertNegotiated(await connect({ ...offering(), early: toFrame(zipped(toText(5000))) }));
        assert.equal(await client.message(), "5000");
      },
    ));
}
