/** The bytes of a connection arrive in whatever pieces TCP makes of them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  connect,
  PING,
  PONG,
  toClosePayload,
  toFrame,
  toHandshake,
  turn,
} from "../kit/raw_client.ts";
import { Random } from "../kit/random.ts";
import type { Define, WireServer } from "./harness.ts";

const frames = Buffer.concat([
  toFrame({ payload: "a" }),
  toFrame({ payload: "b".repeat(126) }),
  toFrame({ fin: false, payload: Buffer.from([0xe2, 0x82]) }),
  toFrame({ opcode: PING, payload: "ping" }),
  toFrame({ opcode: CONTINUATION, payload: Buffer.from([0xac]) }),
  toFrame({ opcode: BINARY }),
  toFrame({ opcode: BINARY, lengthForm: 7, payload: Buffer.from([1, 2]) }),
  toFrame({ opcode: CLOSE, payload: toClosePayload(4321, "bye") }),
]);
const seen = [
  ["text", "a"],
  ["text", "b".repeat(126)],
  ["text", "€"],
  ["binary", []],
  ["binary", [1, 2]],
];

/** Connections at a time. */
const WIDTH = 16;

/** Registers the tests. */
export function testSplits(define: Define): void {
  define("A handshake and frames arrive whole when they are split at any byte", {}, async (server) => {
    const bytes = Buffer.concat([Buffer.from(toHandshake(server.port)), frames]);
    const offsets = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
    const work = async () => {
      for (let at = offsets.shift(); at !== undefined; at = offsets.shift()) await converse(server, bytes, at);
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
    assert.equal(server.peers.length, bytes.length - 1);
    await check(server);
  });
  define("Frames arrive whole when each byte comes in a segment of its own", {}, async (server) => {
    const { client } = await server.pair({ answersClose: false });
    await client.writeInParts(frames);
    assert.equal((await client.ended()).code, 4321);
    await check(server);
  });
  define("A handshake arrives whole when each byte comes in a segment of its own", {}, async (server) => {
    const handshake = Buffer.from(toHandshake(server.port));
    const client = await server.connect({ raw: handshake, partSize: 1, answersClose: false });
    await client.write(frames);
    assert.equal((await client.ended()).code, 4321);
    await check(server);
  });
  define("Large messages arrive whole, whatever their mask and wherever they are split", {}, async (server) => {
    const random = new Random(42);
    const { client } = await server.pair();
    const sizes = [1016, 1023, 1024, 1025, 1031, 4093, 16_384, 40_001, 65_535, 65_536];
    for (const size of sizes) {
      const payload = Buffer.from(Array.from({ length: size }, () => random.integer(0, 255)));
      const cut = random.integer(1, size - 1);
      const parts = random.chance(0.5) ? [payload] : [payload.subarray(0, cut), payload.subarray(cut)];
      const bytes = Buffer.concat(
        parts.map((part, i) =>
          toFrame({
            fin: i === parts.length - 1,
            opcode: i === 0 ? BINARY : CONTINUATION,
            mask: Uint8Array.from({ length: 4 }, () => random.integer(0, 255)),
            payload: part,
          }),
        ),
      );
      await client.writeInParts(bytes, random.integer(1 + (size >> 4), size + 40));
      const echo = await client.message();
      assert.ok(typeof echo !== "string" && payload.equals(echo), `${size} bytes, split at ${cut}`);
    }
  });
}

async function converse(server: WireServer, bytes: Buffer, at: number): Promise<void> {
  const client = await connect(server.port, {
    raw: bytes.subarray(0, at),
    answersClose: false,
    afterwards: async () => {
      // So that the server has read the first part.
      await turn();
      await turn();
      return bytes.subarray(at);
    },
  });
  try {
    const { code, end } = await client.ended();
    assert.deepEqual({ at, code, end }, { at, code: 4321, end: "fin" });
    const pongs = client.frames.filter(({ opcode }) => opcode === PONG);
    assert.deepEqual(
      pongs.map(({ text }) => text),
      ["ping"],
      `Split at byte ${at}`,
    );
  } finally {
    client.destroy();
  }
}

async function check(server: WireServer): Promise<void> {
  for (const peer of server.peers) {
    assert.deepEqual(await peer.event("close"), ["close", 4321, "bye"]);
    assert.deepEqual(peer.messages, seen);
  }
}
