/** Servers that mean harm, each a mode by its name. */
import { Buffer } from "node:buffer";
import { accepting, answering, dripping, hangingUp } from "./answers.ts";
import type { Attempt } from "./attempt.ts";
import { bomb, RSV1 } from "./deflate.ts";
import { BINARY, CLOSE, CONTINUATION, type FrameOptions, PING, TEXT, toFrame } from "./frames.ts";
import type { Answer } from "./raw_server.ts";

/** A way to do harm. */
export interface Hostility {
  readonly name: string;
  readonly answer: Answer;
  /** Whether there is a 101, so that the client is open before the harm. */
  readonly opens: boolean;
}

const head = (line: string, ...headers: string[]): string => `${[line, ...headers].join("\r\n")}\r\n\r\n`;
const SWITCH = "HTTP/1.1 101 Switching Protocols";

/** Harm in the handshake: none of these opens a connection. */
export const badHandshakes: readonly Hostility[] = [
  { name: "a wrong Sec-WebSocket-Accept", answer: accepting(undefined, { accept: "d3Jvbmc=" }) },
  { name: "no Sec-WebSocket-Accept", answer: answering(head(SWITCH, "Upgrade: websocket", "Connection: Upgrade")) },
  { name: "a 101 without Upgrade", answer: accepting(undefined, { upgrade: null }) },
  { name: "a 101 to another protocol", answer: accepting(undefined, { upgrade: "h2c" }) },
  { name: "a 101 without Connection", answer: accepting(undefined, { connection: null }) },
  { name: "a subprotocol that nobody asked for", answer: accepting(undefined, { protocol: "foreign" }) },
  {
    name: "an extension that nobody asked for",
    answer: accepting(undefined, { headers: { "Sec-WebSocket-Extensions": "x-unknown" } }),
  },
  {
    name: "server_max_window_bits=99",
    answer: accepting(undefined, {
      headers: { "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=99" },
    }),
  },
  { name: "what is no HTTP", answer: answering("220 mail.example ESMTP\r\n\r\n") },
  { name: "bytes at random", answer: answering(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 167) & 255))) },
  { name: "a frame instead of an answer", answer: answering(toFrame({ payload: "hello", mask: false })) },
  { name: "a status of 200", answer: answering(`${head("HTTP/1.1 200 OK", "Content-Length: 2")}ok`) },
  { name: "a redirect", answer: answering(head("HTTP/1.1 302 Found", "Location: /elsewhere", "Content-Length: 0")) },
  { name: "a header of 1 MiB", answer: answering(head(SWITCH, `x: ${"y".repeat(1_048_576)}`)) },
  {
    name: "100,000 headers",
    answer: answering(head(SWITCH, ...Array.from({ length: 100_000 }, (_, i) => `x${i}: y`))),
  },
  { name: "a head that never ends", answer: dripping(20) },
  { name: "an end without an answer", answer: hangingUp("fin") },
  { name: "a reset without an answer", answer: hangingUp("reset") },
].map((mode) => ({ ...mode, opens: false }));

/** Harm by frames: the connection has opened. */
export const badFrames: readonly (Hostility & { readonly codes: readonly number[] })[] = [
  frames("a length of 2^63", [1002, 1009], { length: 2n ** 63n, lengthForm: 64, payload: "x" }),
  frames("a length of 2^62", [1009, 1002], { opcode: BINARY, length: 2n ** 62n, lengthForm: 64, payload: "x" }),
  frames("a message over the limit", [1009], { opcode: BINARY, payload: new Uint8Array(70_000) }),
  { ...mode("1,000,000 fragments", (attempt) => attempt.write(fragments(1_000_000))), codes: [1009, 1008] },
  frames("bad UTF-8", [1007], { payload: Uint8Array.of(0x61, 0xff, 0xfe) }),
  frames("an unknown opcode", [1002], { opcode: 3, payload: "x" }),
  frames("an unknown control frame", [1002], { opcode: 11, payload: "x" }),
  frames("a masked frame", [1002], { mask: true, payload: "x" }),
  frames("reserved bits", [1002], { rsv: 2, payload: "x" }),
  frames("a continuation of nothing", [1002], { opcode: CONTINUATION, payload: "x" }),
  frames("a message inside a message", [1002], { fin: false, payload: "x" }, { payload: "y" }),
  frames("a long ping", [1002], { opcode: PING, payload: "x".repeat(126) }),
  frames("a ping in fragments", [1002], { opcode: PING, fin: false, payload: "x" }),
  frames("a close frame of one byte", [1002], { opcode: CLOSE, payload: "x" }),
  frames("a close code of 999", [1002], { opcode: CLOSE, payload: Uint8Array.of(3, 231) }),
  frames("a reason that is not UTF-8", [1007, 1002], { opcode: CLOSE, payload: Uint8Array.of(3, 232, 0xff) }),
];

/** A message of 200 MiB in 200 kB, where permessage-deflate is offered; else a frame with RSV1 set. */
export const deflateBomb: Hostility = {
  name: "a deflate bomb",
  opens: true,
  answer: async (attempt) => {
    const offered = (await attempt.requested()).header("sec-websocket-extensions") !== undefined;
    await attempt.accept(offered ? { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } } : {});
    await attempt.send.frame({ opcode: BINARY, rsv: RSV1, payload: (squeezed ??= bomb(200)) });
  },
};

let squeezed: Buffer | undefined;

function mode(name: string, then: (attempt: Attempt) => unknown): Hostility {
  return { name, answer: accepting(then), opens: true };
}

function frames(name: string, codes: readonly number[], ...options: FrameOptions[]): (typeof badFrames)[number] {
  return { ...mode(name, (attempt) => attempt.sendTogether(...options)), codes };
}

/** A text message that has begun, in fragments of one byte, without an end. */
function fragments(count: number): Buffer {
  const first = toFrame({ opcode: TEXT, fin: false, payload: "a", mask: false });
  const next = toFrame({ opcode: CONTINUATION, fin: false, payload: "a", mask: false });
  return Buffer.concat([first, Buffer.alloc((count - 1) * next.length, next)]);
}
