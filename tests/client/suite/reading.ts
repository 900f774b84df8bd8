/** L1 to L4: reads, their order, their time-out, and what happens without them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  ConnectionClosureError,
  ConnectionError,
  PayloadBindingError,
  PayloadValidationError,
  ReadTimedOutError,
} from "../../../entries/client.ts";
import { accepting, closing, echoing } from "../../kit/answers.ts";
import type { FaultOptions } from "../../kit/fault_proxy.ts";
import { LARGEST, large, roundTrip } from "../../kit/large.ts";
import { BINARY, CLOSE, CONTINUATION, PONG, TEXT } from "../../kit/raw_client.ts";
import { failure, type Subject } from "./subject.ts";

function unlessLate(error: unknown): undefined {
  if (!(error instanceof ReadTimedOutError)) throw error;
}

export function reading(subject: Subject): void {
  subject.test("L1 reads give messages in order, whether they came before or come after", async (scene) => {
    const server = await scene.serve(echoing());
    const client = await scene.connect(server);
    const first = [client.readTextMessage(), client.readTextMessage(), client.readMessage()];
    for (const text of ["a", "b", "c", "d", "", "ü€😀"]) await client.writeTextMessage(text);
    assert.deepEqual(await scene.within("three reads", Promise.all(first)), ["a", "b", "c"]);
    await client.writeBinaryMessage(Uint8Array.of(0, 255));
    assert.equal(await client.readMessage(), "d");
    assert.equal(await client.readTextMessage(), "");
    assert.equal(await client.readTextMessage(), "ü€😀");
    const bytes = await scene.within("binary", client.readBinaryMessage());
    assert.deepEqual([...bytes], [0, 255]);
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  });

  subject.test("L1 a message of the other kind rejects the read and is not lost", async (scene) => {
    const server = await scene.serve(accepting((attempt) => attempt.send.binary(Uint8Array.of(7))));
    const client = await scene.connect(server);
    const waiting = [client.readTextMessage(), client.readTextMessage(), client.readBinaryMessage()] as const;
    assert.ok((await failure(waiting[0])) instanceof PayloadBindingError);
    assert.ok((await failure(waiting[1])) instanceof PayloadBindingError);
    assert.deepEqual([...(await scene.within("the message", waiting[2]))], [7]);
    const attempt = await server.attempt(1);
    await attempt.send.text("eight");
    assert.equal(await scene.within("a read", client.readMessage()), "eight");
    await attempt.send.text("nine");
    await attempt.send.text("ten");
    const ninth = client.readTextMessage();
    assert.ok((await failure(client.readBinaryMessage())) instanceof PayloadBindingError);
    assert.equal(await ninth, "nine");
    assert.equal(await scene.within("a read", client.readTextMessage()), "ten");
  });

  subject.test(
    "L1 the iterator gives text and binary, joins fragments, and ends with the connection",
    async (scene) => {
      const server = await scene.serve(
        accepting(async (attempt) => {
          await attempt.sendTogether(
            { opcode: TEXT, payload: "one" },
            { opcode: BINARY, payload: Uint8Array.of(2) },
            { opcode: TEXT, fin: false, payload: "th" },
            { opcode: CONTINUATION, fin: false, payload: "" },
            { opcode: CONTINUATION, payload: "ree" },
          );
          await attempt.send.close(1000, "done");
        }),
      );
      const client = await scene.connect(server);
      const seen: unknown[] = [];
      for await (const message of client) seen.push(typeof message === "string" ? message : [...message]);
      assert.deepEqual(seen, ["one", [2], "three"]);
      assert.deepEqual(await scene.within("closed", client.closed), { code: 1000, reason: "done" });
      assert.equal(client.bufferedAmount, 0);
      assert.ok((await failure(client.ping())) instanceof ConnectionError);
    },
  );

  subject.test("L1 a loop may be left, and another goes on where it was", async (scene) => {
    const server = await scene.serve(accepting((attempt) => attempt.send.text("one")));
    const client = await scene.connect(server);
    const iterator = client[Symbol.asyncIterator]();
    assert.equal(iterator[Symbol.asyncIterator](), iterator);
    for await (const message of iterator) {
      assert.equal(message, "one");
      break;
    }
    assert.equal(client.isOpen, true);
    await (await server.attempt(1)).send.text("two");
    assert.deepEqual(await scene.within("a step", iterator.next()), { done: false, value: "two" });
  });

  subject.test(
    "L1 a read with a schema gives what that makes of the JSON, and says what does not fit",
    async (scene) => {
      const server = await scene.serve(echoing());
      const client = await scene.connect(server);
      const validate = (value: unknown) =>
        typeof value === "number" ? { value: value + 1 } : { issues: [{ message: "no number" }] };
      const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
      for (const text of ["1", "no JSON", '"x"']) await client.writeTextMessage(text);
      await client.writeBinaryMessage(new TextEncoder().encode("2"));
      assert.equal(await scene.within("a read", client.readMessage(schema)), 2);
      assert.ok((await failure(client.readMessage(schema))) instanceof PayloadBindingError);
      const invalid = await failure(client.readMessage(schema));
      assert.ok(invalid instanceof PayloadValidationError);
      assert.equal(invalid.message, "Invalid message: no number");
      assert.equal(await scene.within("a read", client.readMessage(schema)), 3);
      const unchecked = await scene.connect(server, { validation: false });
      await unchecked.writeTextMessage('"x"');
      assert.equal(await scene.within("a read", unchecked.readMessage(schema)), "x");
    },
  );

  subject.test("L2 a read that takes too long rejects, and a later read gets the message", async (scene) => {
    const server = await scene.serve(echoing());
    const client = await scene.connect(server, { readTimeout: 0.05 });
    const started = performance.now();
    const [first, second] = await Promise.all([failure(client.readTextMessage()), failure(client.readMessage())]);
    assert.ok(first instanceof ReadTimedOutError && second instanceof ReadTimedOutError);
    assert.ok(performance.now() - started >= 45);
    assert.equal(client.state, "open");
    await client.writeTextMessage("late");
    const attempt = await server.attempt(1);
    assert.equal(await attempt.nextMessage(), "late");
    let text: string | undefined;
    // On a slow machine the message may take longer than a read waits.
    while (text === undefined) text = await client.readTextMessage().catch(unlessLate);
    assert.equal(text, "late");
    assert.equal(attempt.closeFrame, undefined);
  });

  subject.test("L3 after the end reads give what was received, then reject with code and reason", async (scene) => {
    const server = await scene.serve(
      accepting(async (attempt) => {
        await attempt.send.text("a");
        await attempt.send.text("b");
        await attempt.send.close(4000, "bye");
      }),
    );
    const client = await scene.connect(server);
    assert.deepEqual(await scene.within("closed", client.closed), { code: 4000, reason: "bye" });
    assert.equal(client.state, "closed");
    assert.equal(client.isOpen, false);
    assert.equal(await client.readTextMessage(), "a");
    assert.equal(await client.readMessage(), "b");
    for (const read of [client.readTextMessage(), client.readBinaryMessage(), client.readMessage()]) {
      const error = await failure(read);
      assert.ok(error instanceof ConnectionClosureError);
      assert.equal(error.code, "connection_closed");
      assert.equal(error.statusCode, 4000);
      assert.equal(error.reason, "bye");
    }
    assert.ok((await failure(client.writeTextMessage("too late"))) instanceof ConnectionClosureError);
    for await (const message of client) assert.fail(`there was a message: ${String(message)}`);
  });

  subject.test("L3 a read that waits rejects when the connection ends, however it ends", async (scene) => {
    const server = await scene.serve([
      closing(1001, "away"),
      closing(),
      accepting((attempt) => attempt.fin()),
      accepting((attempt) => attempt.reset()),
    ]);
    const codes: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const client = await scene.connect(server);
      const error = await failure(scene.within("a read", client.readTextMessage()));
      assert.ok(error instanceof ConnectionClosureError);
      codes.push(error.statusCode);
      assert.deepEqual(await client.closed, { code: error.statusCode, reason: error.reason });
    }
    assert.deepEqual(codes, [1001, 1005, 1006, 1006]);
  });

  subject.test("L4 pings are answered and a close is seen though nobody reads", async (scene) => {
    const server = await scene.serve(accepting());
    const client = await scene.connect(server);
    const attempt = await server.attempt(1);
    await attempt.send.text("unread");
    await attempt.send.ping("are you there");
    assert.equal((await attempt.receivedFrame(PONG)).text, "are you there");
    await attempt.send.close(1001, "away");
    assert.equal((await attempt.receivedFrame(CLOSE)).code, 1001);
    assert.deepEqual(await scene.within("closed", client.closed), { code: 1001, reason: "away" });
    assert.equal((await attempt.ended()).code, 1001);
  });

  subject.test("L4 large messages arrive whole in both directions, compressed or not", async (scene) => {
    const text = "0123456789abcdef".repeat(4095);
    for (const webSocketCompressionEnabled of scene.transport === "ws" ? [true, false] : [true]) {
      const server = await scene.serve(echoing());
      const client = await scene.connect(server, { webSocketCompressionEnabled });
      await client.writeTextMessage(text);
      await client.writeBinaryMessage(Buffer.from(text));
      assert.equal(await scene.within("text", client.readTextMessage()), text);
      assert.equal(Buffer.from(await scene.within("binary", client.readBinaryMessage())).toString(), text);
    }
  });

  subject.alone(undefined, "L4 messages of 0 bytes to 16 MiB arrive whole, in one frame or many", async (scene) => {
    const server = await scene.serve(accepting());
    const client = await scene.connect(server, { maxFrameSize: LARGEST, maxQueuedBytes: 2 * LARGEST });
    const echo = (async () => {
      for await (const message of client) await client.writeMessage(message);
    })();
    const attempt = await server.attempt(1);
    for (const message of large) await roundTrip(attempt, message, false);
    await attempt.send.close(1000);
    await scene.within("the end", echo);
  });

  subject.alone(
    "promptness",
    "a message of 4 KiB is not held back until the server acknowledges a part",
    async (scene) => {
      const server = await scene.serve(echoing());
      const client = await scene.connect(server);
      const text = "x".repeat(4096);
      const times: number[] = [];
      for (let i = 0; i < 20; i++) {
        const started = performance.now();
        await client.writeTextMessage(text);
        assert.equal(await scene.within("an echo", client.readTextMessage()), text);
        times.push(performance.now() - started);
      }
      // Not the mean: a busy machine holds up some of them.
      const median = times.sort((a, b) => a - b)[10] ?? 0;
      assert.ok(median < 30, `a round trip took ${median} ms`);
    },
  );

  subject.test("L1 messages arrive whole and in order however TCP cuts them up", async (scene) => {
    const one = async (options: FaultOptions): Promise<void> => {
      const server = await scene.serve(echoing());
      const proxy = await scene.proxy(server, options);
      const client = await scene.connect(proxy);
      const texts = ["", "a", "ü€😀", "x".repeat(126), "y".repeat(700)];
      for (const text of texts) await client.writeTextMessage(text);
      for (const text of texts) assert.equal(await scene.within("an echo", client.readTextMessage()), text);
      await scene.within("close", client.close());
    };
    await Promise.all([one({ split: "bytes" }), one({ split: "random", seed: 5 }), one({ latency: 15 })]);
  });
}
