/** Frames that arrive with the handshake, before the 101: R26. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { UpgradeError } from "../../mod.ts";
import { BINARY, CLOSE, PING, PONG, request, toClosePayload, toFrame, toHandshake } from "../kit/raw_client.ts";
import type { Define, WireServer } from "./harness.ts";

const LAST = `last ${"x".repeat(300)}`;
const eager = Buffer.concat([
  toFrame({ payload: "first" }),
  toFrame({ opcode: PING, payload: "p" }),
  toFrame({ opcode: BINARY, payload: Uint8Array.of(1, 2, 3) }),
  toFrame({ payload: LAST }),
]);
const messages = [
  ["text", "first"],
  ["binary", [1, 2, 3]],
  ["text", LAST],
];

/** Milliseconds that a slow handler takes. */
const SLOW = 200;
const wait = (): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), SLOW));

/** Registers the tests. */
export function testEarlyFrames(define: Define): void {
  const handlers = [
    ["decides at once", undefined, undefined],
    [`takes ${SLOW} ms`, wait, "earlyFrames"],
  ] as const;
  for (const [title, decide, key] of handlers) {
    const setup = decide === undefined ? {} : { decide };
    const whole = async (server: WireServer) => {
      const client = await server.connect({ early: eager });
      const peer = await server.peer();
      await peer.event("text", 2);
      assert.deepEqual(peer.messages, messages);
      await checkAnswers(client);
    };
    define(`R26: frames in the segment of the handshake are kept for a handler that ${title}`, setup, whole, key);

    const withClose = async (server: WireServer) => {
      const close = toFrame({ opcode: CLOSE, payload: toClosePayload(4001, "bye") });
      const client = await server.connect({ early: Buffer.concat([eager, close]) });
      const peer = await server.peer();
      assert.deepEqual(await peer.event("close"), ["close", 4001, "bye"]);
      assert.deepEqual(peer.messages, messages);
      assert.deepEqual(await client.ended(), { code: 4001, reason: "bye", end: "fin" });
    };
    define(`R26: a close frame behind early frames is seen by a handler that ${title}`, setup, withClose, key);

    const half = async (server: WireServer) => {
      const client = await server.connect({ early: eager.subarray(0, eager.length - 200) });
      await client.write(eager.subarray(eager.length - 200));
      const peer = await server.peer();
      await peer.event("text", 2);
      assert.deepEqual(peer.messages, messages);
    };
    define(`R26: half a frame before the 101 and half after it make one, when the handler ${title}`, setup, half, key);
  }

  const { promise: called, resolve: call } = Promise.withResolvers<void>();
  const decide = () => {
    call();
    return wait();
  };
  const between = async (server: WireServer) => {
    const client = await server.connect({ afterwards: () => called.then(() => eager) });
    const peer = await server.peer();
    await peer.event("text", 2);
    assert.deepEqual(peer.messages, messages);
    await checkAnswers(client);
  };
  define("R26: frames that arrive while the handler works are kept", { decide }, between, "earlyFrames");

  const refuse = () => wait().then(() => new UpgradeError("Log in first", { status: 401 }));
  const refused = async (server: WireServer) => {
    const bytes = Buffer.concat([Buffer.from(toHandshake(server.port)), eager]);
    const answer = await request(server.port, bytes);
    assert.equal(answer.status, 401);
    assert.equal(answer.body, "Log in first\n");
    assert.equal(server.peers.length, 0);
  };
  define(
    "R26: early frames of a client that is refused are handled by nobody",
    { decide: refuse },
    refused,
    "earlyFrames",
  );
}

async function checkAnswers(client: { frame(): Promise<{ opcode: number; text: string }> }): Promise<void> {
  const got: { opcode: number; text: string }[] = [];
  for (let i = 0; i < 4; i++) got.push(await client.frame());
  assert.deepEqual(
    got.filter(({ opcode }) => opcode === PONG).map(({ text }) => text),
    ["p"],
  );
  assert.deepEqual(
    got.filter(({ opcode }) => opcode !== PONG).map(({ text }) => text),
    ["first", "\x01\x02\x03", LAST],
  );
}
