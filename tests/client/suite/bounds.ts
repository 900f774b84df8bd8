/** L5: what was received and not read is bounded. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ConnectionClosureError } from "../../../entries/client.ts";
import { accepting } from "../../kit/answers.ts";
import { CLOSE, PING, PONG, toFrame } from "../../kit/raw_client.ts";
import type { Attempt } from "../../kit/raw_server.ts";
import { failure, type Subject, wait } from "./subject.ts";

/** More than the kernel's buffers hold. */
const COUNT = 9000;

async function flood(attempt: Attempt): Promise<void> {
  const rest = "x".repeat(1000);
  for (let i = 0; i < COUNT; i++) void attempt.send.text(`${i} ${rest}`);
}

export function bounds(subject: Subject): void {
  for (const [what, config] of [
    ["messages", { maxQueuedMessages: 16 }],
    ["bytes", { maxQueuedBytes: 16_384 }],
  ] as const) {
    subject.alone("pause", `L5 reading pauses at the bound of ${what}, and nothing is lost`, async (scene) => {
      const server = await scene.serve(accepting(flood));
      const paused = await scene.connect(server, config);
      const attempt = await server.attempt(1);
      await wait(150);
      const stuck = attempt.unsent;
      assert.ok(stuck > 1_000_000, `${stuck} bytes are unsent`);
      await wait(50);
      assert.equal(attempt.unsent, stuck, "it went on reading");
      assert.equal(paused.state, "open");
      const all = async () => {
        for (let i = 0; i < COUNT; i++) assert.equal(Number.parseInt(await paused.readTextMessage(), 10), i);
      };
      await scene.within("every message", all());
      await attempt.send.text("after");
      assert.equal(await scene.within("a read", paused.readTextMessage()), "after");
    });
  }

  if (subject.transport === "platform") {
    subject.alone(undefined, "L5 where reading cannot pause, the connection closes with 1013", async (scene) => {
      const server = await scene.serve(accepting(flood));
      const client = await scene.connect(server, { maxQueuedMessages: 16 });
      const { code } = await scene.within("closed", client.closed);
      assert.equal(code, 1013);
      for (let i = 0; i < 256; i++) assert.equal(Number.parseInt(await client.readTextMessage(), 10), i);
      const error = await failure(Promise.all(Array.from({ length: 300 }, () => client.readTextMessage())));
      assert.ok(error instanceof ConnectionClosureError);
      assert.equal(error.statusCode, 1013);
      // Which codes a platform sends is its own affair.
      await (await server.attempt(1)).receivedFrame(CLOSE);
    });
  }

  subject.test(
    "L5 a message over maxFrameSize ends the connection with PayloadTooLargeError and 1009",
    async (scene) => {
      const server = await scene.serve(
        accepting(async (attempt) => {
          await attempt.send.text("x".repeat(1000));
          await attempt.send.text("y".repeat(1001));
        }),
      );
      const client = await scene.connect(server, { maxFrameSize: 1000 });
      assert.equal((await scene.within("a read", client.readTextMessage())).length, 1000);
      const error = await failure(scene.within("a read", client.readTextMessage()));
      assert.ok(error instanceof ConnectionClosureError);
      assert.equal((error.cause as { code?: string } | undefined)?.code, "payload_too_large");
      assert.ok([1006, 1009].includes(error.statusCode ?? 0), `${error.statusCode}`);
    },
  );

  subject.test("L5 one message waits, however much larger than maxQueuedBytes it may be", async (scene) => {
    const server = await scene.serve(accepting((attempt) => void attempt.send.text("x".repeat(2_000_000))));
    const client = await scene.connect(server, { maxFrameSize: 4_194_304, maxQueuedBytes: 65_536 });
    await wait(200);
    assert.equal(client.state, "open");
    assert.equal((await scene.within("a read", client.readTextMessage())).length, 2_000_000);
    await (await server.attempt(1)).send.text("after");
    assert.equal(await scene.within("a read", client.readTextMessage()), "after");
  });

  subject.test("L4 3,000 pings at once are all answered, and the connection goes on", async (scene) => {
    const server = await scene.serve(accepting());
    const client = await scene.connect(server);
    const attempt = await server.attempt(1);
    void attempt.write(
      Buffer.concat(Array.from({ length: 3000 }, (_, i) => toFrame({ opcode: PING, payload: `${i}`, mask: false }))),
    );
    for (let i = 0; i < 3000; i++) {
      const frame = await scene.within("a pong", attempt.frame());
      assert.deepEqual([frame.opcode, frame.text], [PONG, `${i}`]);
    }
    await attempt.send.text("on");
    assert.equal(await scene.within("a read", client.readTextMessage()), "on");
  });
}
