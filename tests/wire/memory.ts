/** What peers may cost: R19, R20, and no object for a connection that has ended. The servers are processes of their own. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { EngineName } from "../../mod.ts";
import { gapTest } from "../conformance/gaps.ts";
import { Child } from "../kit/child.ts";
import { CLOSE, connect, dial, toClosePayload, toFrame, toHandshake } from "../kit/raw_client.ts";

const MIB = 1_048_576;

/** Registers the tests. */
export function testMemory(engine: EngineName): void {
  testSlowReaders(engine);
  testInboxes(engine);
  testLeaks(engine);
}

/** Runs a test against a program that serves. */
async function serve(
  engine: EngineName,
  name: string,
  run: (port: number, child: Child) => Promise<void>,
): Promise<void> {
  const child = new Child(new URL(`./programs/${name}.ts`, import.meta.url), engine);
  try {
    const { port } = await child.line<{ port: number }>();
    await run(port, child);
  } finally {
    await child.stop();
  }
}

/** Less than an inbox may hold where reading cannot pause. */
const requests = Buffer.concat(Array.from({ length: 900 }, () => toFrame({ payload: "x" })));

/** How 200 MiB are written: see the program. The first is for what the code itself needs. */
const ways = ["burst", "burst", "text", "turns", "awaited", "replies", "stream"];

function testSlowReaders(engine: EngineName): void {
  gapTest(
    engine,
    undefined,
    "R20: a client that does not read is closed with 1013, however 200 MiB are written to it",
    () =>
      serve(engine, "slow_reader", async (port, child) => {
        for (const [round, way] of ways.entries()) {
          const client = await connect(port, { path: `/flood/${way}`, answersClose: false });
          client.pause();
          if (way === "replies") void client.write(requests);
          if (way === "stream") assert.deepEqual(await child.line(), { returned: true });
          const { growth, ...rest } = await child.line<Record<string, unknown>>();
          assert.deepEqual({ way, ...rest }, { way, code: 1013, reason: "Slow consumer" });
          const most = round === 0 ? 32 : 9;
          assert.ok(Number(growth) <= most * MIB, `The server grew by ${Number(growth) / MIB} MiB: ${way}`);
          client.destroy();
        }
      }),
  );
}

interface Flooded {
  readonly code: number;
  readonly handled: number;
  readonly inOrder: boolean;
  readonly growth: number;
}

const COUNT = 10_000;

/** Messages that say which they are, of `size` bytes and a few. */
function toFlood(size: number): Buffer {
  const filler = "x".repeat(size);
  const toText = (i: number) => `${i} ${filler}${i === COUNT - 1 ? "last" : ""}`;
  return Buffer.concat(Array.from({ length: COUNT }, (_, i) => toFrame({ payload: toText(i) })));
}

function testInboxes(engine: EngineName): void {
  const title = `R19: ${COUNT} messages to a handler that sleeps`;
  gapTest(engine, "pause", `${title} are all handled, in order`, () =>
    serve(engine, "inbox_flood", async (port, child) => {
      const client = await connect(port, { patience: 30_000 });
      void client.write(toFlood(64));
      assert.equal(await client.message(), "done");
      void client.send.close(1000);
      const { code, handled, inOrder } = await child.line<Flooded>();
      assert.deepEqual({ code, handled, inOrder }, { code: 1000, handled: COUNT, inOrder: true });
    }),
  );
  gapTest(
    engine,
    undefined,
    `${title} do not fill the memory: they are handled, or the connection is closed with 1013`,
    () =>
      serve(engine, "inbox_flood", async (port, child) => {
        const client = await connect(port, { patience: 30_000 });
        void client.write(toFlood(4096));
        // A close frame comes where the engine cannot pause.
        await client.message().catch(() => {});
        void client.send.close(1000);
        const { code, handled, inOrder, growth } = await child.line<Flooded>();
        assert.ok((code === 1000 && handled === COUNT) || code === 1013, `onClose(${code}) after ${handled} messages`);
        assert.ok(inOrder);
        assert.ok(growth <= 16 * MIB, `The server grew by ${growth / MIB} MiB`);
        client.destroy();
      }),
  );
}

interface Counted {
  readonly opened: number;
  readonly closed: number;
  readonly open: number;
  readonly alive: number;
  readonly heap: number;
}

function testLeaks(engine: EngineName): void {
  const many = 10_000;
  gapTest(engine, undefined, `${many} connections that have come and gone leave no object behind`, () =>
    serve(engine, "leaks", async (port, child) => {
      await comeAndGo(port, "/", 400);
      await comeAndGo(port, "/timeless", 400);
      const before = await count(child, 800);
      await comeAndGo(port, "/timeless", many);
      const after = await count(child, 800 + many);
      const growth = after.heap - before.heap;
      assert.ok(growth < 2 * MIB, `The heap grew by ${growth / MIB} MiB`);
    }),
  );
}

async function count(child: Child, opened: number): Promise<Counted> {
  child.tell("count");
  const counted = await child.line<Counted>();
  assert.equal(counted.opened, opened);
  assert.equal(counted.closed, opened);
  assert.equal(counted.open, 0);
  // A conservative collector keeps what happens to lie on the stack.
  assert.ok(counted.alive <= 30, `${counted.alive} objects are alive`);
  return counted;
}

/** What is sent once the connection is open, to leave in one of four ways; the second is a reset. */
const LEAVING = [toFrame({ opcode: CLOSE, payload: toClosePayload(1000) }), undefined, "", toFrame({ payload: "end" })];
const ANSWER = toFrame({ opcode: CLOSE, payload: toClosePayload(4000) });

/** Connects and leaves, 32 at a time. */
async function comeAndGo(port: number, path: string, count: number): Promise<void> {
  const handshake = toHandshake(port, { path });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const way = next++ % LEAVING.length;
      await leave(await dial(port), handshake, way);
    }
  };
  await Promise.all(Array.from({ length: 32 }, work));
}

/** A client that looks at nothing but what it needs, for there are many. */
function leave(socket: Socket, handshake: string, way: number): Promise<void> {
  return new Promise((resolve) => {
    const frame = LEAVING[way];
    socket.once("data", () => {
      if (frame === undefined) return void socket.resetAndDestroy();
      if (frame === "") return void socket.end();
      socket.write(frame);
      // The server's close frame, to be answered where it came first.
      if (way === 3) socket.once("data", () => socket.write(ANSWER));
    });
    socket.once("end", () => socket.end());
    socket.once("close", () => resolve());
    socket.write(handshake);
  });
}
