/**
 * Random conversations, and a model that tells what a server must make of them.
 *
 *     FUZZ_SEED=123 FUZZ_RUNS=1 npm test -- wire     repeats the one that failed
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { ENGINE_CAPABILITIES, type EngineName } from "../../mod.ts";
import { Random } from "../kit/random.ts";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  type FrameOptions,
  PING,
  PONG,
  type RawClient,
  TEXT,
  toClosePayload,
  toFrame,
  turn,
} from "../kit/raw_client.ts";
import type { Define, Peer, Seen, WireServer } from "./harness.ts";

/** The option of the service; a message over it is one of the faults. */
const MAX = 2000;

/** Conversations at a time. */
const WIDTH = 8;

const CHARACTERS = ["a", "Z", "0", " ", "\0", "\n", "é", "€", "\u07ff", "\uffff", "😀", "\u{10ffff}"];

/** How a conversation ends. */
interface End {
  /** Frames that end it; none if the socket does. */
  readonly frames: readonly FrameOptions[];
  /** What then happens to the socket. */
  readonly socket?: "fin" | "reset";
  /** The code that must be on the wire, where the engine can tell one. */
  readonly wire?: number | undefined;
  /** The code that `onClose` must be told, or one of several. */
  readonly told: readonly number[];
}

/** One conversation and what must become of it. */
interface Plan {
  readonly bytes: Buffer;
  readonly messages: readonly Seen[];
  readonly pings: readonly string[];
  readonly end: End;
}

/** Registers the tests. */
export function testFuzz(engine: EngineName, define: Define): void {
  const runs = Number(process.env.FUZZ_RUNS ?? 200);
  const first = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const config = { maxFrameSize: MAX };
  const late = async (data: string | Uint8Array) => {
    await turn();
    return data;
  };
  const { frameErrors } = ENGINE_CAPABILITIES[engine];
  for (const [title, answer] of [
    ["at once", undefined],
    ["after a turn", late],
  ] as const) {
    const setup = answer === undefined ? { config } : { config, answer };
    define(
      `${runs} random conversations go as the model says, with a service that answers ${title}`,
      setup,
      async (server) => {
        const bystander = await server.pair();
        let next = 0;
        const work = async () => {
          while (next < runs) {
            const seed = first + next++;
            await converse(server, seed, frameErrors).catch((error: unknown) => {
              throw new Error(
                `FUZZ_SEED=${seed} FUZZ_RUNS=1 fails: ${error instanceof Error ? error.message : error}`,
                { cause: error },
              );
            });
            void bystander.client.send.text(`${seed}`);
            await bystander.client.message();
          }
        };
        await Promise.all(Array.from({ length: WIDTH }, work));
        assert.equal(bystander.peer.messages.length, runs);
      },
    );
  }
}

async function converse(server: WireServer, seed: number, frameErrors: boolean): Promise<void> {
  const random = new Random(seed);
  const plan = toPlan(random);
  const { client, peer } = await server.pair();
  await send(client, plan, random);
  const [, told] = await peer.event("close");
  assert.ok(plan.end.told.includes(told as number), `onClose(${told}) is none of ${plan.end.told}`);
  checkMessages(peer, plan);
  if (plan.end.socket === "reset") return client.destroy();
  const ended = await client.ended();
  if (plan.end.wire !== undefined && frameErrors) assert.equal(ended.code, plan.end.wire, "The close frame");
  if (plan.end.socket === undefined && frameErrors) checkAnswers(client, plan);
  client.destroy();
}

// A reset may overtake what the server has not read.
function checkMessages(peer: Peer, { messages, end }: Plan): void {
  const expected = end.socket === "reset" ? messages.slice(0, peer.messages.length) : messages;
  assert.deepEqual(peer.messages, expected);
}

function checkAnswers(client: RawClient, { pings }: Plan): void {
  const pongs = client.frames.filter(({ opcode }) => opcode === PONG).map(({ text }) => text);
  assert.deepEqual(pongs, pings);
}

/** Writes the bytes in pieces of any size, some of them in segments of their own. */
async function send(client: RawClient, { bytes, end }: Plan, random: Random): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.chance(0.3) ? random.integer(1, 4) : random.integer(1, 2 * MAX);
    const written = client.write(bytes.subarray(at, at + size));
    at += size;
    if (!random.chance(0.5)) continue;
    await written;
    await turn();
  }
  if (end.socket === "fin") client.fin();
  if (end.socket === "reset") client.reset();
}

function toPlan(random: Random): Plan {
  const frames: FrameOptions[] = [];
  const messages: Seen[] = [];
  const pings: string[] = [];
  const ping = () => {
    const payload = toText(random, random.pick([0, 1, 30]));
    frames.push({ opcode: PING, payload });
    pings.push(payload);
  };
  for (let count = random.integer(0, 12); count > 0; count--) {
    if (random.chance(0.2)) ping();
    else if (random.chance(0.1)) frames.push({ opcode: PONG, payload: "x" });
    else messages.push(addMessage(random, frames, ping));
  }
  const end = toEnd(random);
  const all = [...frames, ...end.frames].map((frame) => {
    const mask = Uint8Array.from({ length: 4 }, () => random.integer(0, 255));
    return toFrame(frame.mask === false ? frame : { ...frame, mask });
  });
  return { bytes: Buffer.concat(all), messages, pings, end };
}

/** Adds the frames of one message, with pings between them, and gives what the service must see. */
function addMessage(random: Random, frames: FrameOptions[], ping: () => void): Seen {
  const size = random.pick([0, 1, 2, 20, 125, 126, 127, 500, MAX]);
  const isText = random.chance(0.5);
  const text = toText(random, size);
  const payload = isText ? Buffer.from(text) : Buffer.from(Array.from({ length: size }, () => random.integer(0, 255)));
  let opcode = isText ? TEXT : BINARY;
  let at = 0;
  while (random.chance(0.4)) {
    const end = random.integer(at, payload.length);
    frames.push({ opcode, fin: false, payload: payload.subarray(at, end) });
    opcode = CONTINUATION;
    at = end;
    if (random.chance(0.3)) ping();
  }
  frames.push({ opcode, payload: payload.subarray(at) });
  return isText ? ["text", text] : ["binary", [...payload]];
}

/** Text of at most `bytes` bytes. */
function toText(random: Random, bytes: number): string {
  let text = "";
  for (let left = bytes; left > 0; ) {
    const character = random.pick(CHARACTERS);
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    text += character;
  }
  return text;
}

function toEnd(random: Random): End {
  const fault = (wire: number, ...frames: FrameOptions[]): End => ({ frames, wire, told: [wire, 1006] });
  const ends: readonly (() => End)[] = [
    () => {
      const code = random.pick([1000, 1001, 1003, 1008, 1011, 3000, 4999]);
      const reason = toText(random, random.pick([0, 5, 123]));
      return { frames: [{ opcode: CLOSE, payload: toClosePayload(code, reason) }], wire: code, told: [code] };
    },
    () => ({ frames: [{ opcode: CLOSE }], told: [1005] }),
    () => ({ frames: [], socket: "fin", told: [1006] }),
    () => ({ frames: [], socket: "reset", told: [1006] }),
    () => ({ frames: [{ opcode: TEXT, fin: false, payload: "unfinished" }], socket: "fin", told: [1006] }),
    () => fault(1002, { opcode: random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), payload: "x" }),
    () => fault(1002, { rsv: random.integer(1, 7), payload: "x" }),
    () => fault(1002, { opcode: PING, fin: false }),
    () => fault(1002, { opcode: CONTINUATION, payload: "x" }),
    () => fault(1002, { fin: false, payload: "x" }, { payload: "y" }),
    () => fault(1002, { opcode: CLOSE, payload: toClosePayload(random.pick([0, 999, 1004, 1005, 1006, 2000, 5000])) }),
    () => fault(1002, { opcode: CLOSE, payload: Uint8Array.of(3) }),
    () => fault(1007, { payload: Uint8Array.of(0x61, random.integer(0x80, 0xff)) }),
    () => fault(1007, { opcode: CLOSE, payload: toClosePayload(1000, Uint8Array.of(0xff)) }),
    () => fault(1009, { payload: "x".repeat(MAX + random.integer(1, 500)) }),
    () =>
      fault(1009, { opcode: BINARY, fin: false, payload: Buffer.alloc(MAX) }, { opcode: CONTINUATION, payload: "x" }),
  ];
  return random.pick(ends)();
}
