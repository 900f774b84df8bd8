/** UTF-8, well-formed and not (RFC 3629, sections 3 and 4), in bytes: for what a text message and its reason may hold. */
import { Buffer } from "node:buffer";
import type { Conversation } from "./conversations.ts";
import { CONTINUATION, type FrameOptions, TEXT } from "./frames.ts";

/** Texts of one kind. */
export interface Texts {
  readonly title: string;
  readonly texts: readonly Buffer[];
  /** The gap of those who cannot. */
  readonly key?: string;
}

const hex = (...texts: readonly string[]): Buffer[] =>
  texts.map((text) => Buffer.from(text.replaceAll(" ", ""), "hex"));
const toHex = (value: number): string => value.toString(16).padStart(2, "0");
const range = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => toHex(from + i));

/** Every shape of code point between others: one, two, three and four bytes. */
const MIXED = "a\u00df\u03ba\u1f79\u20ac\u{1f600}z";

/** The last two code points of each plane, which are no characters and yet well-formed. */
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) => [0xfffe, 0xffff].map((low) => plane * 0x10000 + low));

/** What is text. */
export const wellFormed: readonly Texts[] = [
  { title: "the first code point of each length", texts: hex("00", "c2 80", "e0 a0 80", "f0 90 80 80") },
  { title: "the last code point of each length", texts: hex("7f", "df bf", "ef bf bf", "f4 8f bf bf") },
  { title: "the code points around the surrogates", texts: hex("ed 9f bf", "ee 80 80") },
  {
    title: "noncharacters",
    texts: [...NONCHARACTERS.flat(), 0xfdd0, 0xfdef].map((point) => Buffer.from(String.fromCodePoint(point))),
  },
  { title: "a byte order mark", texts: hex("efbbbf", "efbbbf61"), key: "byteOrderMark" },
  { title: "the specials and the replacement character", texts: hex("efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd") },
  {
    title: "every character before its end",
    texts: [...MIXED].map((_, i, all) => Buffer.from(all.slice(0, i + 1).join(""))),
  },
];

/** What is none, and that before its end. */
export const illFormed: readonly Texts[] = [
  { title: "continuation bytes that continue nothing", texts: hex("80", "bf", "80bf", "80bf80", "80bf80bf80bf") },
  { title: "every continuation byte in turn", texts: hex(range(0x80, 0xbf).join("")) },
  {
    title: "leading bytes that lead nothing",
    texts: hex(
      ...[range(0xc2, 0xdf), range(0xe0, 0xef), range(0xf0, 0xf4)].map((bytes) =>
        bytes.map((one) => `${one}20`).join(""),
      ),
    ),
  },
  { title: "bytes that are never used", texts: hex("c0", "c1", ...range(0xf5, 0xff), "fefeffff") },
  { title: "overlong forms of a slash", texts: hex("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af") },
  { title: "overlong forms of U+0000", texts: hex("c080", "e08080", "f0808080", "f880808080", "fc8080808080") },
  {
    title: "the last overlong form of each length",
    texts: hex("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"),
  },
  {
    title: "code points over U+10FFFF",
    texts: hex("f4908080", "f7bfbfbf", "f888808080", "fbbfbfbfbf", "fdbfbfbfbfbf"),
  },
  { title: "surrogates", texts: hex("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf") },
  {
    title: "pairs of surrogates",
    texts: hex(...["eda080", "edadbf", "edae80", "edafbf"].flatMap((high) => [`${high}edb080`, `${high}edbfbf`])),
  },
  { title: "sequences that another begins in", texts: hex("dfdf", "efbf61", "f48fbfe282ac", "e282e282ac", "f0908041") },
];

/** What could go on to be text, and ends. */
export const cutShort: Texts = {
  title: "sequences that end too soon",
  texts: hex("c2", "df", "e0a0", "ed9f", "efbf", "f09080", "f48fbf", "61e282", "f0"),
};

/** What an echo makes of texts that are well-formed, each whole and in fragments of one byte, on one connection. */
export function toEchoes({ title, texts, key }: Texts): Conversation {
  const exchanges = texts.flatMap((text) => toMessages(text).map((frames) => [frames, [`text ${text}`]] as const));
  return { title, exchanges, ...(key !== undefined && { key }) };
}

/** What an echo makes of others, each on a connection of its own, by itself and, unless it must end there, inside a text. */
export function toFaults({ title, texts }: Texts, isEnd = false): Conversation[] {
  const all = isEnd
    ? texts
    : texts.flatMap((text) => [text, Buffer.concat([Buffer.from("ü"), text, Buffer.from("z")])]);
  return all.flatMap((text) =>
    toMessages(text).map((frames) => ({
      title: `${title}: ${text.toString("hex")}${frames.length > 1 ? " in fragments" : ""}`,
      exchanges: [[[...frames, { payload: "behind" }], ["close 1007"]]],
    })),
  );
}

/** A message whole, and in fragments of one byte. */
function toMessages(payload: Uint8Array): FrameOptions[][] {
  const single = Array.from(payload, (_, i) => ({
    opcode: i === 0 ? TEXT : CONTINUATION,
    fin: i === payload.length - 1,
    payload: payload.subarray(i, i + 1),
  }));
  return payload.length > 1 ? [[{ payload }], single] : [[{ payload }]];
}
