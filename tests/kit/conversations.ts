/** What an echo answers to frames, right and wrong (RFC 6455, sections 5.2 to 5.6, 7.1 and 7.4): one table for servers and clients. */
import { Buffer } from "node:buffer";
import { BINARY, CLOSE, CONTINUATION, type FrameOptions, PING, PONG, toClosePayload } from "./frames.ts";

/**
 * Frames, and what has to come back before more is sent: "text hello", "binary 00ff", "pong 3f", bytes in hex; "close 1000" is the end, with this code
 * or one of several.
 */
export type Exchange = readonly [sent: readonly FrameOptions[], answers: readonly string[]];

/** A conversation; unless it ends with a close, whoever holds it closes. */
export interface Conversation {
  readonly title: string;
  readonly exchanges: readonly Exchange[];
  /** The gap of those who cannot. */
  readonly key?: string;
}

const text = (payload: string, fin = true): FrameOptions => ({ payload, fin });
const part = (payload: string, fin = false): FrameOptions => ({ opcode: CONTINUATION, payload, fin });
const ping = (payload: string | Uint8Array = ""): FrameOptions => ({ opcode: PING, payload });
const pong = (payload: string | Uint8Array = ""): FrameOptions => ({ opcode: PONG, payload });
const close = (code?: number, reason: string | Uint8Array = ""): FrameOptions => ({
  opcode: CLOSE,
  payload: toClosePayload(code, reason),
});
const hex = (payload: string): string => Buffer.from(payload).toString("hex");
const odd = Uint8Array.of(0, 255, 254, 253, 252, 251, 0, 255);
const full = Buffer.alloc(125, 0xfe);
const ten = Array.from({ length: 10 }, (_, i) => `ping ${i}`);

const one = (title: string, ...exchange: Exchange): Conversation => ({ title, exchanges: [exchange] });

/** The answer to a text comes, and then the end; what stands behind the fault is lost. */
const fault = (title: string, frames: readonly FrameOptions[], key?: string): Conversation => ({
  title,
  exchanges: [
    [[text("hello")], ["text hello"]],
    [[...frames, ping("behind"), text("behind")], ["close 1002"]],
  ],
  ...(key !== undefined && { key }),
});

const pings: readonly Conversation[] = [
  one("a ping without a payload", [ping()], ["pong "]),
  one("a ping of bytes that are no text", [ping(odd)], ["pong 00fffefdfcfb00ff"]),
  one("a ping of 125 bytes", [ping(full)], [`pong ${full.toString("hex")}`]),
  one(
    "ten pings, in order",
    ten.map(ping),
    ten.map((payload) => `pong ${hex(payload)}`),
  ),
  one("pongs that nobody asked for, then a ping", [pong(), pong(odd), ping("?")], ["pong 3f"]),
  {
    title: "pings before and after a text",
    exchanges: [
      [
        [ping("1"), text("a")],
        ["pong 31", "text a"],
      ],
      [[ping("2")], ["pong 32"]],
    ],
  },
];

const fragments: readonly Conversation[] = [
  one("text in two fragments", [text("ab", false), part("cd", true)], ["text abcd"]),
  one("fragments that are all empty", [text("", false), part(""), part("", true)], ["text "]),
  one("fragments of which the middle holds all", [text("", false), part("abc"), part("", true)], ["text abc"]),
  one(
    "bytes in three fragments",
    [{ opcode: BINARY, fin: false, payload: odd }, part("a"), part("", true)],
    ["binary 00fffefdfcfb00ff61"],
  ),
  {
    title: "pings between fragments, answered before the message has ended",
    exchanges: [
      [[text("a", false), part("b"), ping("1")], ["pong 31"]],
      [[part("c"), part("d"), ping("2"), pong("3")], ["pong 32"]],
      [[part("e", true)], ["text abcde"]],
    ],
  },
];

const reserved: readonly Conversation[] = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv) => [
  fault(`reserved bits ${rsv} on text`, [{ rsv, payload: "a" }]),
  fault(`reserved bits ${rsv} on bytes`, [{ rsv, opcode: BINARY, payload: odd }]),
  fault(`reserved bits ${rsv} on a ping`, [{ rsv, ...ping("a") }]),
  fault(`reserved bits ${rsv} on a close frame`, [{ rsv, ...close() }]),
]);

const opcodes: readonly Conversation[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
  fault(`opcode ${opcode} without a payload`, [{ opcode }]),
  fault(`opcode ${opcode} with a payload`, [{ opcode, payload: "a" }]),
]);

const order: readonly Conversation[] = [
  fault("a ping in fragments", [{ ...ping("a"), fin: false }, part("b", true)]),
  fault("a pong in fragments", [{ ...pong("a"), fin: false }, part("b", true)]),
  fault("a close frame in fragments", [{ ...close(1000), fin: false }, part("b", true)]),
  fault("a ping of 126 bytes", [ping(Buffer.alloc(126, 0xfe))]),
  fault("the end of nothing, then text", [part("a", true), text("b")]),
  fault("a fragment of nothing, then text", [part("a"), text("b")]),
  fault("a fragment of nothing, then text in fragments", [part("a"), text("b", false), part("c", true)]),
  fault("text inside text", [text("a", false), text("b")]),
  fault("bytes inside text", [text("a", false), { opcode: BINARY, payload: "b" }]),
  {
    title: "a fragment behind the last one",
    exchanges: [
      [[text("a", false), part("b", true)], ["text ab"]],
      [[part("c"), text("d")], ["close 1002"]],
    ],
  },
];

const ends: readonly Conversation[] = [
  one("a close frame without a code", [close()], ["close 1000 1005"]),
  one("a close frame with a reason", [close(1000, "enough")], ["close 1000"]),
  one("a close frame with a reason of 123 bytes", [close(1000, "€".repeat(41))], ["close 1000"]),
  one("a close frame behind a close frame", [close(1000), close(1001), close()], ["close 1000"]),
  one("a ping behind a close frame", [close(1000), ping("?")], ["close 1000"]),
  one("text behind a close frame", [close(1000), text("late")], ["close 1000"]),
  one("a close frame between fragments", [text("a", false), close(1000), part("b", true)], ["close 1000"]),
  one("a close frame of one byte", [{ opcode: CLOSE, payload: Uint8Array.of(3) }], ["close 1002"]),
  { ...one("a close frame of 126 bytes", [close(1000, "x".repeat(124))], ["close 1002"]), key: "longControl" },
  one("a close frame with a reason that is no text", [close(1000, Uint8Array.of(0x61, 0xff))], ["close 1002 1007"]),
];

const sendable = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const unsendable = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];
const codes: readonly Conversation[] = [
  ...sendable.map((code) => ({
    ...one(`a close frame with ${code}`, [close(code)], [`close 1000 ${code}`]),
    ...(code === 1014 && { key: "close1014" }),
  })),
  ...unsendable.map((code) => one(`a close frame with ${code}`, [close(code)], ["close 1002"])),
];

/** All conversations, by what they are about. */
export const conversations: ReadonlyMap<string, readonly Conversation[]> = new Map([
  ["pings and pongs", pings],
  ["fragments", fragments],
  ["reserved bits that nobody negotiated", reserved],
  ["opcodes that are not defined", opcodes],
  ["frames where they must not stand", order],
  ["close frames", ends],
  ["close codes", codes],
]);
