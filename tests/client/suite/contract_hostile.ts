/** A client with a contract, and servers that break it. */
import assert from "node:assert/strict";
import { ConnectionError } from "../../../entries/contract.ts";
import { accepting } from "../../kit/answers.ts";
import { connect } from "./market.ts";
import { failure, type Subject } from "./subject.ts";

/** Frames that answer nothing that was asked, while requests "1" and "2" wait. */
const strange = [
  "",
  "no json",
  "[1]",
  "null",
  '{"event":"quote","id":1,"price":1}',
  '{"event":"quote","id":"17","price":1}',
  '{"event":"quote","id":"constructor","price":1}',
  '{"event":"quote","id":{"a":1},"price":1}',
  '{"event":["quote"],"id":"1"}',
  '{"id":"1","price":1}',
  '{"event":"error","code":"x"}',
  '{"event":"complete"}',
  '{"event":"cancel","id":"1"}',
  '{"event":"alert","text":"unasked"}',
  '{"event":"toString"}',
  `${'{"event":'.repeat(5000)}1${"}".repeat(5000)}`,
  `{"event":"quote","id":"18","x":"${"y".repeat(60_000)}"}`,
  `[${"[],".repeat(20_000)}[]]`,
];

export function contractHostile(subject: Subject): void {
  subject.test(
    "contract: what a server sends that answers nothing is dropped and counted, and disturbs nothing",
    async (scene) => {
      const server = await scene.serve(
        accepting(async (attempt) => {
          await attempt.nextMessage();
          await attempt.nextMessage();
          for (const text of strange) await attempt.send.text(text);
          await attempt.send.binary(Uint8Array.of(1, 2, 3));
          await attempt.send.text('{"event":"quote","id":"1","__proto__":{"polluted":1},"price":1}');
          for (let price = 1; price <= 3; price++)
            await attempt.send.text(`{"event":"prices","id":"2","price":${price}}`);
          await attempt.send.text('{"event":"complete","id":"2"}');
          // Once more, and after the end.
          await attempt.send.text('{"event":"quote","id":"1","price":2}');
          await attempt.send.text('{"event":"error","id":"1","code":"x"}');
          await attempt.send.text('{"event":"prices","id":"2","price":4}');
          await attempt.send.text('{"event":"complete","id":"2"}');
          await attempt.nextMessage();
          await attempt.send.text('{"event":"complete","id":"3"}');
        }),
      );
      const client = await connect(scene, server);
      const request = client.request("quote", { symbol: "A" });
      const prices: number[] = [];
      const loop = (async () => {
        for await (const { price } of client.stream("prices", { symbol: "A", count: 3 })) prices.push(price);
      })();
      loop.catch(() => {});
      assert.deepEqual(await scene.within("the reply", request), { price: 1 });
      await scene.within("the stream", loop);
      assert.deepEqual(prices, [1, 2, 3]);
      assert.equal(await scene.within("another reply", client.request("beat", {})), undefined);
      assert.equal(client.droppedMessages, strange.length + 5);
      assert.equal(Object({}).polluted, undefined);
      assert.equal(client.isOpen, true);
    },
  );

  subject.test(
    "contract: a flood that nobody asked for, or that nobody takes, is bounded, and a reply comes through",
    async (scene) => {
      const count = 4000;
      const server = await scene.serve(
        accepting(async (attempt) => {
          await attempt.nextMessage();
          await attempt.nextMessage();
          for (let number = 0; number < count; number++) {
            const text = `{"event":"alert","text":"${number}"}{"event":"prices","id":"1","price":${number}}`;
            const [push = "", item = ""] = text.split(/(?<=})(?={)/);
            void attempt.send.text(push);
            await attempt.send.text(item);
          }
          await attempt.send.text('{"event":"quote","id":"2","price":1}');
        }),
      );
      const client = await connect(scene, server);
      const alerts = client.pushes("alert");
      const prices = client.stream("prices", { symbol: "A", count });
      const first = prices.next();
      const reply = client.request("quote", { symbol: "A" });
      assert.deepEqual(await scene.within("the reply", reply), { price: 1 });
      assert.deepEqual((await first).value, { price: 0 });
      let items = 0;
      const drained = (async () => {
        for await (const item of prices) items += Math.sign(1 + item.price);
      })();
      const error = await failure(drained);
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.code, "queue_full");
      await client.close();
      let pushes = 0;
      for await (const { text } of alerts) pushes += text === "" ? 0 : 1;
      assert.equal(items + pushes, 1024, "what was kept");
      assert.equal(items + pushes + client.droppedMessages, 2 * count - 1);
    },
  );
}
