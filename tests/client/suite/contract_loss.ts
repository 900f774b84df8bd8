/** What becomes of requests, streams and pushes of a client with a contract when the connection ends, and when it is lost. */
import assert from "node:assert/strict";
import { ConnectionClosureError, ConnectionError } from "../../../entries/contract.ts";
import { connect, Market } from "./market.ts";
import { failure, type Subject, soon } from "./subject.ts";

export function contractLoss(subject: Subject): void {
  subject.test(
    "contract: close() ends every request, stream and push, and so does a close of the service",
    async (scene) => {
      const service = await Market.start(scene);
      for (const isOurs of [true, false]) {
        const client = await connect(scene, service);
        const prices = client.stream("prices", { symbol: "slow", count: 2 });
        await prices.next();
        const item = prices.next();
        const alert = client.pushes("alert").next();
        const request = isOurs ? client.request("wait", {}) : client.request("fail", { how: "close" });
        if (isOurs) await service.until("waits");
        const ending = isOurs ? client.close() : client.closed;
        for (const promise of [request, item]) {
          const error = await failure(promise);
          assert.ok(error instanceof ConnectionClosureError, String(error));
          if (!isOurs) assert.deepEqual([error.statusCode, error.reason], [4001, "As you wish"]);
        }
        assert.equal((await scene.within("the end of the pushes", alert)).done, true);
        assert.equal((await prices.next()).done, true);
        await scene.within<unknown>("the end", ending);
        assert.ok((await failure(client.request("beat", {}))) instanceof ConnectionClosureError);
        await service.until("ends slow", isOurs ? 1 : 2);
      }
    },
  );

  subject.test("contract: without retryConfig a loss rejects what waits", async (scene) => {
    const service = await Market.start(scene);
    const proxy = await scene.proxy(service);
    const client = await connect(scene, proxy);
    const request = client.request("wait", {});
    await service.until("waits");
    proxy.cutAll();
    assert.ok((await failure(request)) instanceof ConnectionClosureError);
    assert.equal((await client.closed).code, 1006);
  });

  subject.test(
    "contract: after a loss what was handed over is rejected, resubscribe goes on, and new requests are answered",
    async (scene) => {
      const service = await Market.start(scene);
      const proxy = await scene.proxy(service);
      const client = await connect(scene, proxy, { retryConfig: soon });
      const events = scene.watch(client);
      const once = client.stream("prices", { symbol: "slow", count: 2 });
      const again = client.stream("prices", { symbol: "slow", count: 2 }, { resubscribe: true });
      const alerts = client.pushes("alert");
      await once.next();
      await again.next();
      for (const round of [1, 2]) {
        const lost = [client.request("wait", {}), ...(round === 1 ? [once.next()] : [])];
        await service.until("waits", round);
        const item = again.next();
        proxy.cutAll();
        for (const promise of lost) {
          const error = await failure(promise);
          assert.ok(error instanceof ConnectionError, String(error));
          assert.equal(error.code, "connection_lost");
        }
        const waiting = client.request("quote", { symbol: "four" });
        assert.deepEqual(await scene.within("the item", item), { done: false, value: { price: 1 } });
        assert.deepEqual(await scene.within("the reply", waiting), { price: 4 });
        await events.until("open", round);
      }
      assert.equal((await once.next()).done, true);
      await client.request("alarm", { count: 1 });
      assert.deepEqual((await alerts.next()).value, { text: "1" });
      const { length } = service.log;
      await again.return?.();
      await client.request("beat", {});
      assert.deepEqual(service.log.slice(length), ["ends slow"]);
      assert.equal(client.droppedMessages, 1, "the complete that follows the cancel");
    },
  );

  subject.test(
    "contract: under losses at random each request settles once, and a stream with resubscribe lives on",
    async (scene) => {
      const service = await Market.start(scene);
      const proxy = await scene.proxy(service, { split: "random" });
      const client = await connect(scene, proxy, { retryConfig: soon });
      const outcomes: string[] = [];
      let settled = 0;
      const live = client.stream("prices", { symbol: "slow", count: 2 }, { resubscribe: true });
      await live.next();
      for (let round = 0; round < 8; round++) {
        const burst = Array.from({ length: 20 }, (_, index) =>
          client
            .request("quote", { symbol: "x".repeat(index % 9) })
            .then(
              ({ price }) => outcomes.push(price === index % 9 ? "right" : "wrong"),
              (error) => outcomes.push(error instanceof ConnectionError ? "lost" : String(error)),
            )
            .finally(() => (settled += 1)),
        );
        const item = round % 2 === 1 ? live.next() : undefined;
        if (item !== undefined) proxy.cutAll(round % 4 === 1 ? "reset" : "fin");
        await scene.within("all to settle", Promise.all(burst));
        if (item !== undefined) assert.deepEqual((await scene.within("an item", item)).value, { price: 1 });
      }
      assert.equal(settled, 160);
      assert.deepEqual(
        outcomes.filter((outcome) => outcome !== "right" && outcome !== "lost"),
        [],
      );
    },
  );
}
