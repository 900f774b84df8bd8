/** The order on the wire, whatever is compressed, by whom and when: fuzzed by a seed. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Caller, Reply } from "../../mod.ts";
import { assertNegotiated, offering, unzip, zipped, zippedParts } from "../kit/deflate.ts";
import { Random } from "../kit/random.ts";
import { CLOSE, type FrameOptions, PING, PONG, type RawClient, TEXT, turn } from "../kit/raw_client.ts";
import type { Define } from "./harness.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

const config = {
  maxFrameSize: 1 << 20,
  maxBufferedAmount: 1 << 28,
  maxQueuedMessages: 10_000,
  maxQueuedBytes: 1 << 28,
  heartbeat: false,
} as const;

/** What one write sends: its number is the first word. */
interface Step {
  readonly kind: "text" | "binary" | "json" | "ping";
  readonly size: number;
  readonly compress: boolean | undefined;
  /** What the service does before the next step. */
  readonly rest: "nothing" | "await" | "turn" | "microtask";
}

function toSteps(random: Random): Step[] {
  return Array.from({ length: random.integer(20, 80) }, () => ({
    kind: random.pick(["text", "text", "binary", "json", "ping"] as const),
    size: toSize(random),
    compress: random.pick([undefined, undefined, true, false] as const),
    rest: random.pick(["nothing", "nothing", "nothing", "await", "turn", "microtask"] as const),
  }));
}

// About the bounds of what is compressed, joined, compressed at once and handed to ws.
function toSize(random: Random): number {
  const most = random.pick([10, 130, 1030, 5000, 70_000, 70_000, 300_000]);
  return random.chance(0.1) ? random.pick([1023, 1024, 4096, 65_536, 65_537]) : random.integer(0, most);
}

/** A body that is half noise, of about `size` bytes; the same for the same number. */
function toBody(index: number, size: number): string {
  const random = new Random(index);
  let body = `${index} `;
  while (body.length < size) {
    body += random.chance(0.5) ? `${random.next()}` : "some words that repeat, some words that repeat; ".repeat(3);
  }
  return body.slice(0, Math.max(size, `${index} `.length));
}

/** Registers the tests. */
export function testCompressionOrder(define: Define): void {
  for (const seed of SEEDS) {
    testWrites(define, seed);
    testEchoes(define, seed);
  }
}

/** Writes of one service, and its close, arrive in the order in which they were made. */
function testWrites(define: Define, seed: number): void {
  const bits = new Random(seed).pick([9, 12, 15]);
  define(
    `the order of compressed and plain writes, pings and the close is kept: seed ${seed}`,
    { config, answer: (_data, caller) => run(caller, seed) },
    async (server) => {
      const offer = `permessage-deflate; server_max_window_bits=${bits}, permessage-deflate`;
      const { client, peer } = await server.pair(offering(offer));
      assertNegotiated(client);
      const window = /window_bits/.test(client.response.header("sec-websocket-extensions") ?? "") ? bits : 15;
      const random = new Random(seed + 1000);
      void client.send.text("go");
      for (const [index, step] of toSteps(new Random(seed)).entries()) {
        if (random.chance(0.05)) await stall(client, random);
        const frame = await nextFrame(client);
        if (step.kind === "ping") {
          assert.deepEqual([frame.opcode, frame.text], [PING, `${index}`]);
          continue;
        }
        const expected = toBody(index, step.size);
        const data = unzip(frame, window).toString();
        assert.equal(frame.opcode === TEXT, step.kind !== "binary");
        assert.ok((step.kind === "json" ? JSON.parse(data).body : data) === expected, `message ${index} is another`);
        if (step.compress === false) assert.equal(frame.rsv, 0);
      }
      const last = await nextFrame(client);
      assert.deepEqual([last.opcode, last.code, last.reason], [CLOSE, 4000, `${seed}`]);
      assert.deepEqual(await peer.event("close"), ["close", 4000, `${seed}`]);
    },
    "compression",
  );
}

async function run(caller: Caller, seed: number): Promise<void> {
  for (const [index, { kind, size, compress, rest }] of toSteps(new Random(seed)).entries()) {
    const options = compress === undefined ? undefined : { compress };
    const done = write(caller, kind, index, toBody(index, size), options);
    if (rest === "await") await done;
    if (rest === "turn") await turn();
    if (rest === "microtask") await Promise.resolve();
  }
  void caller.close(4000, `${seed}`);
}

function write(
  caller: Caller,
  kind: Step["kind"],
  index: number,
  body: string,
  options: { compress: boolean } | undefined,
): Promise<void> {
  switch (kind) {
    case "text":
      return caller.writeTextMessage(body, options);
    case "json":
      return caller.writeMessage({ body }, options);
    case "ping":
      return caller.ping(new TextEncoder().encode(`${index}`));
    case "binary": {
      const data = new TextEncoder().encode(body);
      const done = caller.writeBinaryMessage(data, options);
      data.fill(0);
      return done;
    }
  }
}

/** Messages of every form are answered in their order, by handlers that wait and that do not. */
function testEchoes(define: Define, seed: number): void {
  const random = new Random(seed * 7919);
  const answers = new Random(seed * 104_729);
  define(
    `the order of replies to compressed and plain messages is kept: seed ${seed}`,
    { config, answer: (data, caller) => answer(data, caller, answers) },
    async (server) => {
      const { client, peer } = await server.pair(offering());
      assertNegotiated(client);
      const count = random.integer(30, 90);
      const bodies = Array.from({ length: count }, (_, index) => toBody(index, Math.min(toSize(random), 100_000)));
      for (const body of bodies) {
        for (const frame of toFrames(body, random)) void client.send.frame(frame);
        if (random.chance(0.1)) void client.send.ping("?");
        if (random.chance(0.2)) await turn();
      }
      for (const [index, body] of bodies.entries()) {
        if (random.chance(0.05)) await stall(client, random);
        assert.ok(unzip(await nextFrame(client)).toString() === body, `reply ${index} is another`);
      }
      void client.send.close(1000);
      await peer.event("close");
      assert.equal(peer.all("error").length, 0);
    },
    "compression",
  );
}

function answer(data: string | Uint8Array, caller: Caller, random: Random): Reply | Promise<Reply> {
  switch (random.integer(0, 5)) {
    case 0:
      return Promise.resolve(data);
    case 1:
      return turn().then(() => data);
    case 2:
      void (typeof data === "string" ? caller.writeTextMessage(data) : caller.writeBinaryMessage(data));
      return undefined;
    case 3:
      return caller.writeMessage(data, { compress: random.chance(0.5) });
    default:
      return data;
  }
}

function toFrames(body: string, random: Random): FrameOptions[] {
  const opcode = random.pick([TEXT, 2]);
  const form = random.integer(0, 3);
  if (form === 0) return [{ opcode, payload: body }];
  if (form === 1) return [zipped(body, opcode)];
  if (form === 2) return zippedParts(body, random.integer(50, 5000), opcode);
  const bytes = Buffer.from(body);
  const at = random.integer(0, bytes.length);
  return [
    { opcode, fin: false, payload: bytes.subarray(0, at) },
    { opcode: 0, payload: bytes.subarray(at) },
  ];
}

async function nextFrame(client: RawClient) {
  for (;;) {
    const frame = await client.frame();
    if (frame.opcode !== PONG) return frame;
  }
}

/** Reads nothing for a while. */
async function stall(client: RawClient, random: Random): Promise<void> {
  client.pause();
  for (let i = random.integer(1, 20); i > 0; i--) await turn();
  client.resume();
}
