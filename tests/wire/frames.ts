/** Frames, right and wrong: RFC 6455, sections 5.2 to 5.6 and 8.1, and R10. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  type FrameOptions,
  PING,
  PONG,
  TEXT,
  toClosePayload,
  toFrame,
} from "../kit/raw_client.ts";
import type { Define, Seen, WireServer } from "./harness.ts";

/** The option `maxFrameSize` by default. */
const LIMIT = 65536;

const part = (payload: string | Uint8Array, fin = false): FrameOptions => ({ opcode: CONTINUATION, fin, payload });
const begin = (payload: string | Uint8Array, opcode = TEXT): FrameOptions => ({ opcode, fin: false, payload });
const bytes = (...values: number[]) => Uint8Array.from(values);

/** Frames and what the service must see of them. */
const right: readonly (readonly [title: string, frames: FrameOptions[], seen: Seen[]])[] = [
  ["a text message", [{ payload: "hello" }], [["text", "hello"]]],
  ["a binary message", [{ opcode: BINARY, payload: bytes(0, 255) }], [["binary", [0, 255]]]],
  ["an empty text message", [{ payload: "" }], [["text", ""]]],
  ["an empty binary message", [{ opcode: BINARY }], [["binary", []]]],
  ["text in three fragments", [begin("a"), part("b"), part("c", true)], [["text", "abc"]]],
  ["bytes in two fragments", [begin(bytes(1), BINARY), part(bytes(2), true)], [["binary", [1, 2]]]],
  ["fragments of which the first is empty", [begin(""), part("ab", true)], [["text", "ab"]]],
  ["fragments of which the middle is empty", [begin("a"), part(""), part("b", true)], [["text", "ab"]]],
  ["fragments of which the last is empty", [begin("ab"), part("", true)], [["text", "ab"]]],
  ["fragments that are all empty", [begin(""), part(""), part("", true)], [["text", ""]]],
  [
    "a fragmented message behind another",
    [begin("a"), part("b", true), begin("c"), part("d", true)],
    [
      ["text", "ab"],
      ["text", "cd"],
    ],
  ],
  ["a mask of zeros", [{ payload: "zero", mask: new Uint8Array(4) }], [["text", "zero"]]],
  ["U+0000 and U+10FFFF", [{ payload: "\0\u{10ffff}" }], [["text", "\0\u{10ffff}"]]],
  ["a byte order mark, which stays", [{ payload: "\ufeffa" }], [["text", "\ufeffa"]]],
  ["a pong that nobody asked for", [{ opcode: PONG, payload: "x" }, { payload: "a" }], [["text", "a"]]],
];

/** Frames that end the connection, the code of the close frame that says so, and the gap of an engine that lets them pass. */
type Wrong = readonly [title: string, frames: readonly FrameOptions[], code: number, passes?: string];

const wrong: readonly Wrong[] = [
  ["a text frame that is not masked", [{ payload: "a", mask: false }], 1002, "unmasked"],
  ["a ping that is not masked", [{ opcode: PING, mask: false }], 1002, "unmasked"],
  ...[1, 2, 4, 7].map((rsv): Wrong => [`reserved bits ${rsv} on text`, [{ rsv, payload: "a" }], 1002]),
  ["a reserved bit on a ping", [{ rsv: 4, opcode: PING }], 1002],
  ["a reserved bit on a continuation", [begin("a"), { ...part("b", true), rsv: 4 }], 1002],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Wrong => [`opcode ${opcode}`, [{ opcode, payload: "a" }], 1002]),
  ["a fragmented ping", [{ opcode: PING, fin: false, payload: "a" }], 1002],
  ["a fragmented pong", [{ opcode: PONG, fin: false, payload: "a" }], 1002],
  ["a fragmented close", [{ opcode: CLOSE, fin: false, payload: toClosePayload(1000) }], 1002],
  ["a ping of 126 bytes", [{ opcode: PING, payload: "a".repeat(126) }], 1002],
  ["a pong of 126 bytes", [{ opcode: PONG, payload: "a".repeat(126) }], 1002, "longControl"],
  ["a close of 126 bytes", [{ opcode: CLOSE, payload: toClosePayload(1000, "a".repeat(124)) }], 1002, "longControl"],
  ["a ping with a 64-bit length", [{ opcode: PING, lengthForm: 64, payload: "a" }], 1002, "longControl"],
  ["a continuation of nothing", [part("a", true)], 1002],
  ["a continuation of nothing that goes on", [part("a")], 1002],
  ["text inside a fragmented message", [begin("a"), { payload: "b" }], 1002],
  ["the beginning of another fragmented message", [begin("a"), begin("b")], 1002],
  ["binary inside fragmented text", [begin("a"), { opcode: BINARY, payload: "b" }], 1002],
  ["text with a stray byte 0x80", [{ payload: bytes(0x61, 0x80) }], 1007],
  ["text with a byte 0xff", [{ payload: bytes(0xff) }], 1007],
  ["text that ends within a character", [{ payload: bytes(0xe2, 0x82) }], 1007],
  ["text with a character that is too long", [{ payload: bytes(0xc0, 0xaf) }], 1007],
  ["text with a surrogate", [{ payload: bytes(0xed, 0xa0, 0x80) }], 1007],
  ["text over U+10FFFF", [{ payload: bytes(0xf4, 0x90, 0x80, 0x80) }], 1007],
  ["bad UTF-8 in the second fragment", [begin("a"), part(bytes(0xff), true)], 1007],
  ["fragments that end within a character", [begin(bytes(0xe2)), part(bytes(0x82), true)], 1007, "brokenText"],
  ["fragments that make a bad character", [begin(bytes(0xe2)), part("a"), part("", true)], 1007],
  ["a close frame of one byte", [{ opcode: CLOSE, payload: bytes(3) }], 1002],
  [
    "a close frame with a reason that is not UTF-8",
    [{ opcode: CLOSE, payload: toClosePayload(1000, bytes(0xff)) }],
    1007,
  ],
];

/** Registers the tests. */
export function testFrames(define: Define): void {
  for (const [title, frames, seen] of right) {
    define(`A service gets ${title}`, {}, async (server) => {
      const { client, peer } = await server.pair();
      for (const frame of frames) void client.send.frame(frame);
      void client.send.text("the end");
      await peer.event("text", seen.filter(([kind]) => kind === "text").length + 1);
      assert.deepEqual(peer.messages, [...seen, ["text", "the end"]]);
      for (const [, data] of seen) {
        const echo = await client.message();
        assert.deepEqual(typeof echo === "string" ? echo : [...echo], data);
      }
    });
  }
  for (const row of wrong) testWrong(define, row);
  testControlFrames(define);
  testLengths(define);
  testLimit(define);
  testUtf8(define);
}

function testWrong(define: Define, [title, frames, code, passes]: Wrong): void {
  const all = Buffer.concat([{ payload: "before" }, ...frames, { payload: "after" }].map(toFrame));
  const told = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    void client.write(all);
    assert.equal(await client.message(), "before");
    const frame = await client.frame();
    assert.equal(frame.opcode, CLOSE, `Got ${JSON.stringify(frame)}`);
    assert.equal(frame.code, code);
    assert.equal((await client.ended()).code, code);
    assert.equal((await peer.event("close"))[1], code);
    assert.equal(peer.all("error").length, 1);
    assert.deepEqual(peer.messages, [["text", "before"]]);
  };
  define(`R9: ${title} closes with ${code}, and onError and onClose(${code}) run`, {}, told, passes ?? "frameErrors");
  const cut = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    void client.write(all);
    const untilAfter = async () => {
      while ((await client.message()) !== "after");
    };
    await assert.rejects(untilAfter(), /^Error: (?:A close frame came|The connection ended) before/);
    const [, status] = await peer.event("close");
    assert.ok(status === code || status === 1006, `onClose(${status})`);
    assert.deepEqual(peer.messages, [["text", "before"]]);
    await client.ended();
    await server.lives();
  };
  define(`R13: ${title} is delivered to nobody, and onClose runs once`, {}, cut, passes);
}

function testControlFrames(define: Define): void {
  define("R18: pings between fragments are answered, and the message stays whole", {}, async (server) => {
    const { client, peer } = await server.pair();
    void client.send.frame(begin("a"));
    void client.send.ping("1");
    void client.send.frame(part("b"));
    void client.send.ping("x".repeat(125));
    void client.send.pong("3");
    void client.send.frame(part("c", true));
    const pongs = [await client.frame(), await client.frame()];
    assert.deepEqual(
      pongs.map(({ opcode, text }) => [opcode, text]),
      [
        [PONG, "1"],
        [PONG, "x".repeat(125)],
      ],
    );
    assert.equal(await client.message(), "abc");
    assert.deepEqual(peer.messages, [["text", "abc"]]);
  });
  define("R18: an empty ping is answered with an empty pong", {}, async (server) => {
    const { client } = await server.pair();
    void client.send.ping();
    const { opcode, payload, masked, fin, rsv } = await client.frame();
    assert.deepEqual(
      { opcode, length: payload.length, masked, fin, rsv },
      { opcode: PONG, length: 0, masked: false, fin: true, rsv: 0 },
    );
  });
  const observed = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    void client.send.ping("ping");
    void client.send.pong("pong");
    void client.send.text("text");
    await peer.event("text");
    assert.deepEqual(peer.seen, [["open"], ["ping", "ping"], ["pong", "pong"], ["text", "text"]]);
  };
  define("R18: onPing and onPong observe, in order of arrival", {}, observed, "ping");
  const sent = async (server: WireServer) => {
    const { client, peer } = await server.pair({ answersPings: false });
    await peer.caller.ping(new TextEncoder().encode("a"));
    await peer.caller.pong(new TextEncoder().encode("b"));
    const frames = [await client.frame(), await client.frame()];
    assert.deepEqual(
      frames.map(({ opcode, text, masked }) => [opcode, text, masked]),
      [
        [PING, "a", false],
        [PONG, "b", false],
      ],
    );
  };
  define("R18: caller.ping and caller.pong send what they are given", {}, sent, "ping");
}

function testLengths(define: Define): void {
  for (const size of [125, 126, 127, 65535, 65536]) {
    define(`A message of ${size} bytes comes and goes, as text and as bytes`, {}, async (server) => {
      const { client } = await server.pair();
      const text = "0123456789".repeat(6554).slice(0, size);
      void client.send.text(text);
      assert.equal(await client.message(), text);
      void client.send.binary(Buffer.from(text));
      assert.deepEqual(await client.message(), Buffer.from(text));
    });
  }
  for (const [lengthForm, size] of [
    [16, 5],
    [64, 5],
    [64, 1000],
  ] as const) {
    define(`A length of ${size} in ${lengthForm} bits is read right or refused`, {}, async (server) => {
      const { client, peer } = await server.pair();
      void client.send.text("x".repeat(size), { lengthForm });
      void client.send.text("after");
      const first = await client.frame();
      if (first.opcode === CLOSE) {
        assert.equal(first.code, 1002);
        await peer.event("close");
        assert.deepEqual(peer.messages, []);
      } else {
        assert.equal(first.text, "x".repeat(size));
        assert.equal(await client.message(), "after");
      }
    });
  }
  for (const [title, length] of [
    // Bun has one bound for compressed and other messages, which is a little larger.
    ["over the limit", BigInt(LIMIT + 4096)],
    ["of 1 TiB", 1n << 40n],
    ["of 2^53", 1n << 53n],
    ["with its highest bit set", 1n << 63n],
    ["of all ones", (1n << 64n) - 1n],
  ] as const) {
    const run = async (server: WireServer) => {
      const { client, peer } = await server.pair({ patience: 1000 });
      void client.send.frame({ opcode: BINARY, lengthForm: 64, length, payload: "abc" });
      const frame = await client.frame();
      assert.deepEqual([frame.opcode, frame.code], [CLOSE, 1009]);
      assert.deepEqual((await peer.event("close")).slice(0, 2), ["close", 1009]);
      assert.equal(peer.all("error").length, 1);
      await client.ended();
    };
    define(`R10: a length ${title} closes with 1009 before the payload has come`, {}, run, "messageLimit");
  }
}

function testLimit(define: Define): void {
  const config = { maxFrameSize: 1000 };
  for (const [title, frame] of [
    ["text", { payload: "x".repeat(1000) }],
    ["text of characters of three bytes", { payload: `${"€".repeat(333)}x` }],
    ["bytes", { opcode: BINARY, payload: Buffer.alloc(1000, 1) }],
  ] as const) {
    define(`R10: ${title} of exactly maxFrameSize bytes passes`, { config }, async (server) => {
      const { client, peer } = await server.pair();
      void client.send.frame(frame);
      const echo = await client.message();
      assert.equal(Buffer.byteLength(echo), 1000);
      assert.equal(peer.all("error").length, 0);
    });
  }
  define("R10: fragments of exactly maxFrameSize bytes pass", { config }, async (server) => {
    const { client } = await server.pair();
    for (const frame of [begin("x".repeat(400)), part("x".repeat(400)), part("x".repeat(200), true)]) {
      void client.send.frame(frame);
    }
    assert.equal(await client.message(), "x".repeat(1000));
  });
  for (const [title, frames] of [
    ["text", [{ payload: "x".repeat(1001) }]],
    ["text of characters of three bytes", [{ payload: "€".repeat(334) }]],
    ["bytes", [{ opcode: BINARY, payload: Buffer.alloc(1001, 1) }]],
    ["fragments together", [begin("x".repeat(600)), part("x".repeat(401), true)]],
  ] as const) {
    define(`R10: ${title} of one byte more than maxFrameSize closes with 1009`, { config }, async (server) => {
      const { client, peer } = await server.pair();
      void client.send.text("before");
      for (const frame of frames) void client.send.frame(frame);
      assert.equal(await client.message(), "before");
      const frame = await client.frame();
      assert.deepEqual([frame.opcode, frame.code], [CLOSE, 1009]);
      assert.deepEqual((await peer.event("close")).slice(0, 2), ["close", 1009]);
      assert.deepEqual(peer.all("error"), [["error", "payload_too_large"]]);
      assert.deepEqual(peer.messages, [["text", "before"]]);
    });
  }
  const endless = async (server: WireServer) => {
    const { client, peer } = await server.pair({ patience: 1000 });
    for (const frame of [begin("x".repeat(600)), part("x".repeat(600))]) void client.send.frame(frame);
    const frame = await client.frame();
    assert.deepEqual([frame.opcode, frame.code], [CLOSE, 1009]);
    assert.deepEqual((await peer.event("close")).slice(0, 2), ["close", 1009]);
  };
  define(
    "R10: fragments over maxFrameSize close with 1009 before the last has come",
    { config },
    endless,
    "messageLimit",
  );
  const countless = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    void client.write(Buffer.concat([begin(""), ...Array.from({ length: 16_384 }, () => part(""))].map(toFrame)));
    const frame = await client.frame();
    assert.deepEqual([frame.opcode, frame.code], [CLOSE, 1008]);
    assert.deepEqual((await peer.event("close")).slice(0, 2), ["close", 1008]);
    assert.deepEqual(peer.all("error"), [["error", "payload_too_large"]]);
  };
  define("R10: a message in more than 16,384 fragments closes with 1008", {}, countless, "fragmentLimit");
}

function testUtf8(define: Define): void {
  define("UTF-8 may be split between its bytes, in fragments and in frames", {}, async (server) => {
    const text = "aé€😀z";
    const encoded = Buffer.from(text);
    const { client } = await server.pair();
    for (let at = 0; at <= encoded.length; at++) {
      void client.send.frame(begin(encoded.subarray(0, at)));
      void client.send.frame(part(encoded.subarray(at), true));
      assert.equal(await client.message(), text);
    }
    for (let at = 0; at < encoded.length; at++) {
      const frame = { opcode: at === 0 ? TEXT : CONTINUATION, fin: at === encoded.length - 1 };
      void client.send.frame({ ...frame, payload: encoded.subarray(at, at + 1) });
    }
    assert.equal(await client.message(), text);
  });
  define("Bytes in a binary message need not be UTF-8", {}, async (server) => {
    const { client } = await server.pair();
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    void client.send.binary(all);
    assert.deepEqual(await client.message(), all);
  });
}
