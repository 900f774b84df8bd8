/** Requests, streams and pushes of a client with a contract, with a service of the same contract at the other end. */
import assert from "node:assert/strict";
import { RequestError } from "../../../entries/contract.ts";
import { connect, Market } from "./market.ts";
import { failure, type Subject, wait } from "./subject.ts";

export function contracts(subject: Subject): void {
  subject.test("contract: requests are answered with a reply, with nothing, and with errors", async (scene) => {
    const service = await Market.start(scene);
    const client = await connect(scene, service);
    assert.deepEqual(await client.request("quote", { symbol: "ACME" }), { price: 4 });
    assert.equal(await client.request("beat", {}), undefined);
    const refused = await failure(client.request("fail", { how: "refuse" }));
    assert.ok(refused instanceof RequestError);
    assert.deepEqual([refused.code, refused.message], ["busy", "Not today"]);
    assert.deepEqual(refused.issues, [{ message: "Too many", path: ["a", "0"] }]);
    const failed = await failure(client.request("fail", { how: "throw" }));
    assert.deepEqual([failed.code, failed.message], ["internal", "Internal error"]);
    const invalid = await failure(client.request("quote", { symbol: "far too long" }));
    assert.ok(invalid instanceof RequestError);
    assert.equal(invalid.code, "invalid_message");
    assert.deepEqual(invalid.issues[0]?.path, ["symbol"]);
    assert.ok(service.errors.includes("a secret"));
    assert.deepEqual([client.droppedMessages, client.isOpen], [0, true]);
    await client.send("beat", {});
    await client.close();
  });

  subject.test("contract: a stream is read to its end, or cancelled when its loop is left", async (scene) => {
    const service = await Market.start(scene);
    const client = await connect(scene, service);
    const prices: number[] = [];
    for await (const { price } of client.stream("prices", { symbol: "all", count: 300 })) prices.push(price);
    assert.deepEqual(
      prices,
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
    for await (const { price } of client.stream("prices", { symbol: "some", count: 1e9 })) if (price === 20) break;
    await service.until("ends some");
    assert.deepEqual(await client.request("quote", { symbol: "A" }), { price: 1 });
    const items: number[] = [];
    const loop = (async () => {
      for await (const item of client.stream("broken", {})) items.push(item);
    })();
    assert.equal((await failure(loop)).code, "internal");
    assert.deepEqual(items, [1, 2]);
    assert.equal(client.isOpen, true);
  });

  subject.alone(
    undefined,
    "contract: timeout and signal end requests and streams, and the service's streams with them",
    async (scene) => {
      const service = await Market.start(scene);
      const client = await connect(scene, service);
      const slow = client.stream("prices", { symbol: "slow", count: 2 }, { timeout: 0.5 });
      assert.deepEqual((await slow.next()).value, { price: 1 });
      assert.equal((await failure(slow.next())).code, "read_timed_out");
      await service.until("ends slow");
      const aborter = new AbortController();
      const { signal } = aborter;
      const aborted = client.stream("prices", { symbol: "slow", count: 2 }, { signal });
      await aborted.next();
      const item = aborted.next();
      const request = client.request("wait", {}, { signal });
      await service.until("waits");
      // The service is busy with one request, and takes the next one later.
      const late = client.request("wait", {}, { timeout: 0.1 });
      aborter.abort(new Error("enough"));
      for (const promise of [item, request]) await assert.rejects(promise, { message: "enough" });
      assert.equal((await failure(late)).code, "read_timed_out");
      // The one that was being handled is cancelled.
      await service.until("waits no more");
      await client.close();
      await service.until("ends slow", 2);
    },
  );

  subject.test("contract: pushes go to every iterator, while requests and streams go on", async (scene) => {
    const service = await Market.start(scene);
    const client = await connect(scene, service);
    const read = async (count: number): Promise<string[]> => {
      const texts: string[] = [];
      for await (const { text } of client.pushes("alert")) if (texts.push(text) === count) break;
      return texts;
    };
    const both = [read(3), read(2)];
    const prices = client.stream("prices", { symbol: "A", count: 2 });
    await prices.next();
    await client.request("alarm", { count: 3 });
    assert.deepEqual(await Promise.all(both), [
      ["1", "2", "3"],
      ["1", "2"],
    ]);
    assert.deepEqual((await prices.next()).value, { price: 2 });
    assert.equal(client.droppedMessages, 0);
    await client.request("alarm", { count: 2 });
    assert.equal(client.droppedMessages, 2);
    const rest = client.pushes("alert");
    await client.close();
    assert.equal((await rest.next()).done, true);
  });

  subject.test("contract: 1,000 requests and 200 streams at once, each with its own answers", async (scene) => {
    const service = await Market.start(scene);
    const client = await connect(scene, service);
    const requests = Array.from({ length: 1000 }, (_, index) =>
      client.request("quote", { symbol: "x".repeat(index % 9) }),
    );
    const streams = Array.from({ length: 200 }, async (_, index) => {
      let sum = 0;
      for await (const { price } of client.stream("prices", { symbol: `${index}`, count: 5 + (index % 3) }))
        sum += price;
      return sum;
    });
    const replies = await scene.within("all replies", Promise.all(requests));
    assert.deepEqual(
      replies.map(({ price }) => price),
      replies.map((_, index) => index % 9),
    );
    const sums = await scene.within("all streams", Promise.all(streams));
    assert.deepEqual(
      sums,
      sums.map((_, index) => [15, 21, 28][index % 3]),
    );
    assert.equal(client.droppedMessages, 0);
  });

  subject.test(
    "contract: a consumer that asks in its loop, more slowly than the service sends, gets all",
    async (scene) => {
      const service = await Market.start(scene);
      const client = await connect(scene, service);
      let sum = 0;
      const loop = (async () => {
        for await (const { price } of client.stream("prices", { symbol: "A", count: 500 })) {
          if (price % 50 === 0) sum += (await client.request("quote", { symbol: "four" })).price;
          sum += price;
        }
      })();
      await scene.within("the loop", loop);
      assert.equal(sum, (500 * 501) / 2 + 40);
    },
  );

  subject.alone("pause", "contract: a stream that nobody reads is held up, and none of it is lost", async (scene) => {
    // More than the kernel's buffers hold.
    const count = 1000;
    const service = await Market.start(scene);
    const client = await connect(scene, service);
    const prices = client.stream("prices", { symbol: "large", count });
    assert.equal((await prices.next()).value?.price, 1);
    let sent = 0;
    while (sent < service.sent) {
      sent = service.sent;
      await wait(50);
    }
    assert.ok(sent < count, "nothing held it up");
    const all = async (): Promise<void> => {
      for (let price = 2; price <= count; price++) assert.equal((await prices.next()).value?.price, price);
    };
    await scene.within("the rest", all());
    assert.equal((await prices.next()).done, true);
  });
}
