/** L9 and L10: reconnecting in the background, and what becomes of reads and writes meanwhile. */
import assert from "node:assert/strict";
import { ConnectionError } from "../../../entries/client.ts";
import { accepting, echoing } from "../../kit/answers.ts";
import { Random } from "../../kit/random.ts";
import { PONG } from "../../kit/raw_client.ts";
import { failure, type Subject, soon, wait } from "./subject.ts";

/** Bytes that a socket holds before writes wait. */
const FULL = 1_048_576;

export function reconnecting(subject: Subject): void {
  subject.test("L9 the client comes back with no read or write pending, and tells of it", async (scene) => {
    const server = await scene.serve([
      echoing({ protocol: "chat", headers: { "X-Node": "1" } }),
      echoing({ protocol: "talk", headers: { "X-Node": "2" } }),
    ]);
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { subProtocols: ["chat", "talk"], retryConfig: soon });
    assert.equal(client.negotiatedSubProtocol, "chat");
    client.setAttribute("user", "ada");
    const id = client.connectionId;
    const events = scene.watch(client);
    proxy.cutAll();
    await events.until("open");
    assert.deepEqual(events.entries, ["state reconnecting", "reconnecting 1", "state open", "open"]);
    assert.equal(events.reconnecting[0]?.wait, 0.02);
    assert.ok(events.reconnecting[0]?.cause instanceof ConnectionError);
    assert.equal(client.isOpen, true);
    assert.equal(client.negotiatedSubProtocol, "talk");
    assert.equal(client.responseHeaders["x-node"], scene.transport === "ws" ? "2" : undefined);
    assert.equal(client.removeAttribute("user"), "ada");
    assert.equal(client.getAttribute("user"), undefined);
    assert.notEqual(client.connectionId, id);
    await server.until("the end of the first", () => server.attempts[0]?.end !== undefined);
    assert.equal(server.open, 1);
  });

  subject.test("L9 hooks write before the writes that wait, in the order of their adding", async (scene) => {
    const server = await scene.serve(echoing());
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon });
    client.onReconnect(async (connection) => {
      await wait(20);
      await connection.writeTextMessage("subscribe a");
      await connection.writeTextMessage("subscribe b");
    });
    client.onReconnect((connection) => connection.writeMessage({ subscribe: "c" }));
    const remove = client.onReconnect(() => assert.fail("this hook was taken back"));
    remove();
    const events = scene.watch(client);
    proxy.cutAll();
    await events.until("state reconnecting");
    const writes = [client.writeTextMessage("one"), client.writeBinaryMessage(Uint8Array.of(2))];
    const attempt = await server.attempt(2);
    const third = server
      .until("a request", () => attempt.request !== undefined)
      .then(() => client.writeTextMessage("three"));
    await scene.within("the writes", Promise.all([...writes, third]));
    await events.until("open");
    await server.until("six messages", () => attempt.messages.length === 6);
    const [a, b, c, one, two, three] = attempt.messages;
    assert.deepEqual([a, b, c, one, three], ["subscribe a", "subscribe b", '{"subscribe":"c"}', "one", "three"]);
    assert.deepEqual([...(two ?? [])], [2]);
  });

  subject.test("L9 what is written while a hook runs goes out after what the hook writes", async (scene) => {
    const server = await scene.serve(echoing());
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon });
    const running = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    client.onReconnect(async (connection) => {
      running.resolve();
      await written.promise;
      await connection.writeTextMessage("subscribe");
    });
    proxy.cutAll();
    await scene.within("the hook", running.promise);
    const write = client.writeTextMessage("one");
    written.resolve();
    await scene.within("the write", write);
    const attempt = await server.attempt(2);
    await server.until("two messages", () => attempt.messages.length === 2);
    assert.deepEqual(attempt.messages, ["subscribe", "one"]);
  });

  subject.test("L9 a hook that fails gives the connection up, and another follows", async (scene) => {
    const server = await scene.serve(echoing());
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon });
    let calls = 0;
    client.onReconnect(async (connection) => {
      calls += 1;
      if (calls === 1) throw new Error("The first time it fails");
      await connection.writeTextMessage("subscribe");
    });
    proxy.cutAll();
    const attempt = await server.attempt(3);
    assert.equal(await attempt.nextMessage(), "subscribe");
    assert.equal(calls, 2);
  });

  subject.test("L10 a read that waits survives a reconnection", async (scene) => {
    const server = await scene.serve([
      accepting((attempt) => attempt.send.text("first")),
      accepting((attempt) => attempt.send.text("second")),
    ]);
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon });
    assert.equal(await scene.within("a read", client.readTextMessage()), "first");
    const read = client.readTextMessage();
    proxy.cutAll();
    assert.equal(await scene.within("a read", read), "second");
  });

  subject.test("L10 what was received and not read survives a reconnection", async (scene) => {
    const server = await scene.serve([accepting((attempt) => attempt.send.text("old")), echoing()]);
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon });
    const events = scene.watch(client);
    const attempt = await server.attempt(1);
    await attempt.send.text("older");
    assert.equal(await scene.within("a read", client.readTextMessage()), "old");
    // The answer to a ping says that what was sent before has come.
    await attempt.send.ping();
    await attempt.receivedFrame(PONG);
    proxy.cutAll();
    await events.until("open");
    assert.equal(await scene.within("a read", client.readTextMessage()), "older");
  });

  subject.test('L10 G10 whileDown "reject" rejects writes at once', async (scene) => {
    const server = await scene.serve(echoing());
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: soon, whileDown: "reject" });
    const events = scene.watch(client);
    proxy.cutAll();
    await events.until("state reconnecting");
    const error = await failure(scene.within("a write", client.writeTextMessage("lost"), 10));
    assert.ok(error instanceof ConnectionError);
    await events.until("open");
    await client.writeTextMessage("after");
    assert.equal(await scene.within("an echo", client.readTextMessage()), "after");
    assert.deepEqual(server.attempts[1]?.messages, ["after"]);
  });

  subject.test("L10 G10 the queue holds 1,000 messages and 1 MiB; what is over rejects, the newest", async (scene) => {
    const server = await scene.serve(echoing());
    const proxy = await scene.proxy(server);
    const client = await scene.connect(proxy, { retryConfig: { interval: 0.1, jitter: 0 } });
    const events = scene.watch(client);
    proxy.down = true;
    proxy.cutAll();
    await events.until("state reconnecting");
    const writes = Array.from({ length: 1001 }, (_, i) => client.writeTextMessage(`${i}`));
    assert.equal((await failure(scene.within("the newest", writes[1000] as Promise<void>))).code, "queue_full");
    proxy.down = false;
    await scene.within("the others", Promise.all(writes.slice(0, 1000)));
    await server.until("1,000 messages", () => server.attempts.at(-1)?.messages.length === 1000);
    assert.deepEqual(
      server.attempts.at(-1)?.messages,
      Array.from({ length: 1000 }, (_, i) => `${i}`),
    );

    proxy.down = true;
    proxy.cutAll();
    await events.until("state reconnecting", 2);
    const half = new Uint8Array(524_288);
    const large = [client.writeBinaryMessage(half), client.writeBinaryMessage(half)];
    assert.equal((await failure(scene.within("one more byte", client.writeTextMessage("x")))).code, "queue_full");
    await client.close();
    for (const write of large) await failure(scene.within("what waited", write));
  });

  subject.test("L10 G10 writes that wait for a full socket follow whileDown when it is lost", async (scene) => {
    const one = async (whileDown: "queue" | "reject"): Promise<unknown[]> => {
      const server = await scene.serve(accepting());
      const proxy = await scene.proxy(server);
      const client = await scene.connect(proxy, { retryConfig: soon, whileDown });
      const events = scene.watch(client);
      (await proxy.link(1)).stall();
      const full = new Uint8Array(65_536);
      // The kernel takes its part when we wait.
      while (client.bufferedAmount <= FULL) {
        while (client.bufferedAmount <= FULL) await client.writeBinaryMessage(full);
        await wait(20);
      }
      const rejected = () => "rejected";
      const waiting = [client.writeTextMessage("x"), client.writeTextMessage("y")];
      const outcomes = Promise.all(waiting.map((write) => write.then(() => "resolved", rejected)));
      proxy.cutAll();
      await events.until("open");
      await client.writeTextMessage("last");
      const attempt = await server.attempt(2);
      await server.until("the last", () => attempt.messages.at(-1) === "last");
      return [...(await scene.within("the writes", outcomes)), ...attempt.messages];
    };
    const [queued, rejected] = await Promise.all([one("queue"), one("reject")]);
    assert.deepEqual(queued, ["resolved", "resolved", "x", "y", "last"]);
    assert.deepEqual(rejected, ["rejected", "rejected", "last"]);
  });

  subject.alone(
    undefined,
    "L10 G10 2,000 writes over 20 cuts: each resolves or rejects, and none that was echoed failed",
    async (scene) => {
      const server = await scene.serve(echoing());
      const proxy = await scene.proxy(server);
      const client = await scene.connect(proxy, { retryConfig: { interval: 0.01 } });
      const events = scene.watch(client);
      const random = new Random(7);
      const cuts = new Set<number>();
      while (cuts.size < 20) cuts.add(random.integer(20, 1980));
      const outcomes = new Map<number, "resolved" | "rejected">();
      const echoed: number[] = [];
      const reading = (async () => {
        for await (const message of client) echoed.push(Number(message));
      })();
      const writes: Promise<void>[] = [];
      let opened = 0;
      for (let i = 0; i < 2000; i++) {
        if (cuts.has(i)) {
          await events.until("open", opened);
          opened += 1;
          proxy.cutAll();
        }
        const note = (outcome: "resolved" | "rejected") => () => void outcomes.set(i, outcome);
        writes.push(client.writeTextMessage(`${i}`).then(note("resolved"), note("rejected")));
        if (random.chance(0.2)) await wait(1);
      }
      await events.until("open", opened);
      await scene.within("every write", Promise.all(writes));
      await client.writeTextMessage("2000");
      await server.until("the last", () => server.attempts.at(-1)?.messages.at(-1) === "2000");
      await client.close();
      await scene.within("the reader", reading);
      assert.equal(outcomes.size, 2000);
      assert.equal(server.attempts.length, 21);
      const received = server.attempts.flatMap(({ messages }) => messages.map(Number));
      for (const list of [received, echoed]) {
        const sorted = [...new Set(list)].sort((a, b) => a - b);
        assert.deepEqual(list, sorted, "out of order, or twice");
      }
      for (const i of received) assert.notEqual(outcomes.get(i), "rejected", `${i} arrived and was reported as failed`);
      // What was handed over when the connection broke may be lost, and no more.
      assert.ok(received.length > 1000, `only ${received.length} arrived`);
    },
  );
}
