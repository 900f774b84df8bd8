/** Compressed messages that arrive, right and wrong: RFC 7692, sections 6 and 7.2. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateRawSync } from "node:zlib";
import type { EngineName } from "../../mod.ts";
import { gapTest } from "../conformance/gaps.ts";
import { Child } from "../kit/child.ts";
import { assertNegotiated, bomb, offering, RSV1, unzip, zip, zipped, zippedParts } from "../kit/deflate.ts";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  connect,
  type FrameOptions,
  PING,
  type RawClient,
  TEXT,
  toFrame,
} from "../kit/raw_client.ts";
import type { Define, Seen } from "./harness.ts";

const MIB = 1_048_576;
const LIMIT = 65_536;
const text = "the same words, ".repeat(100);

/** Frames and what the service must see of them. */
const right: readonly (readonly [title: string, frames: readonly FrameOptions[], seen: readonly Seen[]])[] = [
  ["a compressed text", [zipped(text)], [["text", text]]],
  ["compressed bytes", [zipped(Uint8Array.of(0, 255), BINARY)], [["binary", [0, 255]]]],
  ["a small compressed text", [zipped("a")], [["text", "a"]]],
  ["an empty compressed text", [zipped("")], [["text", ""]]],
  ["an empty compressed message of no bytes at all", [{ rsv: RSV1, payload: "" }], [["text", ""]]],
  ["a plain text of a client that compresses", [{ payload: text }], [["text", text]]],
  ["compressed text in fragments of five bytes", zippedParts(text, 5), [["text", text]]],
  ["compressed text in fragments of one byte", zippedParts("abc", 1), [["text", "abc"]]],
  [
    "compressed text with empty fragments",
    [
      { rsv: RSV1, fin: false, payload: "" },
      { opcode: CONTINUATION, fin: false, payload: zip(text) },
      { opcode: CONTINUATION, payload: "" },
    ],
    [["text", text]],
  ],
  [
    "a ping between compressed fragments",
    zippedParts(text, 20).flatMap((part, i) => (i === 0 ? [part, { opcode: PING, payload: "?" }] : [part])),
    [["text", text]],
  ],
  ["text in stored blocks", [{ rsv: RSV1, payload: stored(text) }], [["text", text]]],
  [
    "text that ends its deflate stream (section 7.2.3.4), and the next",
    [{ rsv: RSV1, payload: Buffer.concat([deflateRawSync(text), Buffer.alloc(1)]) }, zipped("next")],
    [
      ["text", text],
      ["text", "next"],
    ],
  ],
  [
    "compressed and plain messages in turn, in order",
    [zipped(text), { payload: "b" }, ...zippedParts(text, 9), { payload: "d" }, zipped("e"), { payload: "f" }],
    [text, "b", text, "d", "e", "f"].map((data): Seen => ["text", data]),
  ],
];

type Wrong = readonly [title: string, frames: readonly FrameOptions[], code: number];

const [first = {}, ...rest] = zippedParts(text, 9);
const half = zip(text).subarray(0, 9);

const wrong: readonly Wrong[] = [
  ["a compressed frame that is not masked", [{ ...zipped(text), mask: false }], 1002],
  ["RSV1 on a continuation", [first, ...rest.map((part) => ({ ...part, rsv: RSV1 }))], 1002],
  [
    "RSV1 on a continuation of a plain message",
    [
      { fin: false, payload: "a" },
      { ...zipped(text), opcode: 0 },
    ],
    1002,
  ],
  ["RSV1 on a ping", [{ opcode: PING, rsv: RSV1, payload: zip("a") }], 1002],
  ["RSV2 beside RSV1", [{ ...zipped(text), rsv: RSV1 | 2 }], 1002],
  ["a compressed frame of an unknown opcode", [{ ...zipped(text), opcode: 3 }], 1002],
  ["corrupt compressed data", [{ rsv: RSV1, payload: Uint8Array.of(0xff, 0xff, 0xff, 1, 2, 3) }], 1007],
  [
    "corrupt compressed data in the second fragment",
    [
      { rsv: RSV1, fin: false, payload: half },
      { opcode: CONTINUATION, payload: Buffer.alloc(50, 0xff) },
    ],
    1007,
  ],
  ["plain text that says it is compressed", [{ rsv: RSV1, payload: "hello, hello" }], 1007],
  ["compressed text that is not UTF-8", [zipped(Uint8Array.of(0x61, 0xff))], 1007],
  ["compressed text that ends within a character", [zipped(Uint8Array.of(0xe2, 0x82))], 1007],
  ["a compressed message of one byte too many", [zipped(Buffer.alloc(LIMIT + 1, "a"))], 1009],
  ["a compressed message of 16 MiB", [{ rsv: RSV1, payload: bomb(16), opcode: BINARY }], 1009],
  ["compressed fragments of 16 MiB", zippedParts(Buffer.alloc(16 * MIB), 500, BINARY), 1009],
];

/** Registers the tests. */
export function testCompression(engine: EngineName, define: Define): void {
  for (const [title, frames, seen] of right) {
    define(
      `RFC 7692: a service gets ${title}`,
      {},
      async (server) => {
        const { client, peer } = await server.pair(offering());
        assertNegotiated(client);
        for (const frame of frames) void client.send.frame(frame);
        void client.send.text("the end");
        await peer.event("text", seen.filter(([kind]) => kind === "text").length + 1);
        assert.deepEqual(peer.messages, [...seen, ["text", "the end"]]);
        for (const [kind, data] of seen) {
          let echo = await client.frame();
          if (echo.opcode > CLOSE) echo = await client.frame();
          assert.deepEqual(kind === "text" ? unzip(echo).toString() : [...unzip(echo)], data);
        }
      },
      "compression",
    );
  }
  for (const [title, frames, code] of wrong) testWrong(define, title, frames, code);
  testLimits(define);
  testBomb(engine);
  testWindows(engine);
}

function testWrong(define: Define, title: string, frames: readonly FrameOptions[], code: number): void {
  define(
    `RFC 7692: ${title} closes with ${code}, and what came before is answered`,
    {},
    async (server) => {
      const { client, peer } = await server.pair(offering());
      assertNegotiated(client);
      void client.write(Buffer.concat([{ payload: "before" }, ...frames, { payload: "after" }].map(toFrame)));
      assert.equal(await client.message(), "before");
      const frame = await client.frame();
      assert.deepEqual([frame.opcode, frame.code], [CLOSE, code]);
      assert.deepEqual((await peer.event("close")).slice(0, 2), ["close", code]);
      assert.equal(peer.all("error").length, 1);
      assert.deepEqual(peer.messages, [["text", "before"]]);
      await client.ended();
      await server.lives();
    },
    "compression",
  );
}

function testLimits(define: Define): void {
  define(
    "RSV1 without negotiation closes with 1002",
    {},
    async (server) => {
      const { client, peer } = await server.pair();
      void client.send.frame(zipped(text));
      const frame = await client.frame();
      assert.deepEqual([frame.opcode, frame.code], [CLOSE, 1002]);
      await peer.event("close");
      assert.deepEqual(peer.messages, []);
    },
    "frameErrors",
  );
  const noise = crypto.getRandomValues(new Uint8Array(LIMIT));
  for (const [title, payload] of [
    ["that gets smaller", Buffer.alloc(LIMIT, "a")],
    ["that gets larger", Buffer.from(noise)],
  ] as const) {
    define(
      `R10: a compressed message of exactly maxFrameSize bytes ${title} passes`,
      { answer: (data) => `${data.length}` },
      async (server) => {
        const { client } = await server.pair(offering());
        assertNegotiated(client);
        void client.send.frame(zipped(payload, BINARY));
        assert.equal(await client.message(), `${LIMIT}`);
      },
      "compression",
    );
  }
}

/** What a program that inflates says of itself. */
interface Inflated {
  readonly code: number;
  readonly growth: number;
}

function testBomb(engine: EngineName): void {
  const payload = bomb(200);
  const ways = {
    "one frame": [{ opcode: BINARY, rsv: RSV1, payload }],
    fragments: [
      { opcode: BINARY, rsv: RSV1, fin: false, payload: payload.subarray(0, 70_000) },
      { opcode: CONTINUATION, fin: false, payload: payload.subarray(70_000, 140_000) },
      { opcode: CONTINUATION, payload: payload.subarray(140_000) },
    ],
    text: [{ opcode: TEXT, rsv: RSV1, payload }],
  };
  gapTest(
    engine,
    "compression",
    `C5, CVE-2026-42587, CVE-2026-1526: 200 MiB that arrive as ${payload.length} bytes, in whatever frames, close with 1009 and take no memory`,
    async () => {
      const child = new Child(new URL("./programs/inflated.ts", import.meta.url), engine);
      try {
        const { port } = await child.line<{ port: number }>();
        for (const [way, frames] of Object.entries(ways)) {
          // The first is for what the code itself needs.
          for (const most of [Number.POSITIVE_INFINITY, 16 * MIB, 16 * MIB]) {
            const client = assertNegotiated(await connect(port, offering()));
            for (const frame of frames) void client.send.frame(frame);
            assert.equal((await client.ended()).code, 1009, way);
            const { code, growth } = await child.line<Inflated>();
            assert.equal(code, 1009, way);
            assert.ok(growth < most, `The server grew by ${growth / MIB} MiB: ${way}`);
            client.destroy();
          }
        }
      } finally {
        await child.stop();
      }
    },
  );
}

function testWindows(engine: EngineName): void {
  const many = 600;
  // Inflating alone keeps 40 KiB for each that does not forget; what a connection has anyway was 3 to 14.
  const most = 24 * 1024;
  // It fills a window, and leaves little garbage.
  const long = "words and words ".repeat(2300);
  const messages = [zipped(long), zipped("small")];
  gapTest(engine, "compression", `${many} connections that have compressed and inflated keep no windows`, async () => {
    const child = new Child(new URL("./programs/inflated.ts", import.meta.url), engine);
    const clients: RawClient[] = [];
    const open = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const client = assertNegotiated(await connect(port, { path: "/echo", ...offering() }));
        clients.push(client);
        for (const message of messages) void client.send.frame(message);
        assert.equal(unzip(await client.frame()).length, long.length);
        assert.equal(await client.message(), "small");
        // What is freed is rarely given back to the system, so that no more than this may be garbage at a time.
        if (i % 20 === 19) await resident();
      }
    };
    const resident = async (): Promise<number> => {
      child.tell("count");
      return (await child.line<{ resident: number }>()).resident;
    };
    const { port } = await child.line<{ port: number }>();
    try {
      await open(200);
      const before = await resident();
      await open(many);
      let growth = Number.POSITIVE_INFINITY;
      // What a collection frees may go back to the system a little later; a window that is kept stays.
      for (let i = 0; i < 5 && growth >= most; i++) {
        await sleep(i * 20);
        growth = ((await resident()) - before) / many;
      }
      assert.ok(growth < most, `Each grew the server by ${growth / 1024} KiB`);
    } finally {
      for (const client of clients) client.destroy();
      await child.stop();
    }
  });
}

/** Deflate blocks that hold bytes as they are. */
function stored(payload: string): Buffer {
  return deflateRawSync(payload, { level: 0, finishFlush: 2 }).subarray(0, -4);
}
