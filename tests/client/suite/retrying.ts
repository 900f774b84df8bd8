/** L6, L7, G1, G2, G6, G7: waits, and how they grow and begin anew. */
import assert from "node:assert/strict";
import { HandshakeTimedOut } from "../../../entries/client.ts";
import { accepting, closing, echoing, saysNothing } from "../../kit/answers.ts";
import { Random } from "../../kit/random.ts";
import type { RawServer } from "../../kit/raw_server.ts";
import { type Subject, soon, wait } from "./subject.ts";

/** Measures the longest time for which the event loop has stood still, beyond 20 ms. */
function lagging(): () => number {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 10);
  return () => {
    clearInterval(timer);
    return Math.max(0, Math.round(longest - 30));
  };
}

export function retrying(subject: Subject): void {
  subject.test("L6 waits grow by backOffFactor up to maxWaitInterval", async (scene) => {
    const server = await scene.serve(closing(1012));
    const retryConfig = { interval: 0.04, backOffFactor: 2, maxWaitInterval: 0.15, jitter: 0, maxCount: 5 };
    const client = await scene.connect(server, { retryConfig });
    const events = scene.watch(client);
    await scene.within("the end", client.closed);
    const announced = events.reconnecting.map((event) => Math.round(event.wait * 1000)).slice(-4);
    assert.deepEqual(announced, [80, 150, 150, 150]);
    assert.equal(server.attempts.length, 6);
    // One by one they would tell how busy the machine is.
    const [first, last] = [server.attempts[0], server.attempts[5]];
    const took = (last?.at ?? 0) - (first?.at ?? 0);
    assert.ok(took >= 40 + 80 + 3 * 150 - 10 && took < 3000, `five waits took ${took} ms`);
  });

  subject.test("L7 attempts are counted until a connection has lasted stableAfter", async (scene) => {
    const lasting = (ms: number) =>
      accepting(async (attempt) => {
        await wait(ms);
        await attempt.send.close(1012);
      });
    const told = accepting((attempt) => {
      attempt.onMessage = () => void attempt.send.close(1012);
    });
    const server = await scene.serve([told, lasting(20), lasting(20), lasting(800), echoing()]);
    const retryConfig = { interval: 0.02, backOffFactor: 2, jitter: 0, stableAfter: 0.6 };
    const client = await scene.connect(server, { retryConfig });
    const events = scene.watch(client);
    await client.writeTextMessage("end");
    await server.attempt(5);
    await events.until("open", 4);
    const steps = events.reconnecting.map((event) => [event.attempt, Math.round(event.wait * 1000)]);
    assert.deepEqual(steps, [
      [1, 20],
      [2, 40],
      [3, 80],
      [1, 20],
    ]);
  });

  subject.gapTest(
    "giveUp",
    "L6 G6 a silent server is given up after handShakeTimeout, and tried again",
    async (scene) => {
      const server = await scene.serve([saysNothing(), saysNothing(), echoing()]);
      const causes: Error[] = [];
      const note = (cause: Error): undefined => void causes.push(cause);
      const config = { handShakeTimeout: 0.25, retryConfig: { ...soon, retryOn: note } };
      const started = performance.now();
      await scene.connect(server, config);
      assert.ok(performance.now() - started >= 2 * 250 + 2 * 20 - 10);
      assert.ok(causes.length >= 2 && causes.every((cause) => cause instanceof HandshakeTimedOut));
      const [first, second] = server.attempts;
      await first?.ended();
      await second?.ended();
      await wait(30);
      assert.equal(server.attempts.length, causes.length + 1, "there were other requests");
    },
  );

  subject.alone(
    undefined,
    "G1 L6 of 100 clients that are cut at once, at most 25 come back in any 100 ms",
    async (scene) => {
      const server = await scene.serve(echoing());
      const proxy = await scene.proxy(server);
      const random = new Random(20);
      const original = Math.random;
      Math.random = () => random.next();
      try {
        const all = Array.from({ length: 100 }, () => scene.connect(proxy, { retryConfig: {} }));
        await Promise.all(all);
        const lag = lagging();
        const cut = performance.now();
        proxy.cutAll();
        await server.attempt(200);
        const times = server.attempts.slice(100).map(({ at }) => at - cut);
        const most = Math.max(
          ...times.map((time) => times.filter((other) => other >= time && other < time + 100).length),
        );
        // A machine that stands still for a moment lets those through together that were due in it, about one in 10 ms.
        const pause = lag();
        assert.ok(most <= 25 + pause / 5, `${most} came back within 100 ms, with a pause of ${pause} ms`);
        assert.ok(Math.min(...times) >= 480, `the first after ${Math.min(...times)} ms`);
        assert.ok(Math.max(...times) < 6000, `the last after ${Math.max(...times)} ms`);
      } finally {
        Math.random = original;
      }
    },
  );

  subject.alone(
    undefined,
    "G2 L7 a server that accepts and closes sees at most 1.5 attempts a second",
    async (scene) => {
      // The defaults, 20 times as fast.
      const retryConfig = { interval: 1 / 20, maxWaitInterval: 30 / 20, stableAfter: 5 / 20 };
      const one = async (code: number): Promise<RawServer> => {
        const server = await scene.serve(closing(code));
        await scene.connect(server, { retryConfig });
        return server;
      };
      const servers = await Promise.all([1001, 1012, 1013, 4503].map(one));
      const started = performance.now();
      await wait(800);
      const seconds = ((performance.now() - started) * 20) / 1000;
      for (const { attempts } of servers) {
        const rate = attempts.length / seconds;
        assert.ok(rate <= 1.5, `${rate.toFixed(2)} attempts a second`);
        assert.ok(attempts.length >= 5, `only ${attempts.length} attempts`);
      }
    },
  );

  subject.gapTest("ping", "L6 the heartbeat finds a dead connection, and another one follows", async (scene) => {
    const server = await scene.serve(echoing());
    const proxy = await scene.proxy(server);
    const heartbeat = { interval: 0.1, timeout: 0.5 };
    const client = await scene.connect(proxy, { heartbeat, retryConfig: soon });
    const events = scene.watch(client);
    await wait(250);
    assert.deepEqual(events.entries, [], "a live connection was given up");
    const stalled = performance.now();
    (await proxy.link(1)).stall();
    await events.until("open");
    const took = performance.now() - stalled;
    assert.ok(took >= 490 && took < 4000, `found after ${took} ms`);
    await client.writeTextMessage("alive");
    assert.equal(await scene.within("an echo", client.readTextMessage()), "alive");
    assert.equal(server.attempts.length, 2);
  });
}
