/** Holds a conversation of the table with an echo, from either end. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Conversation } from "./conversations.ts";
import { CLOSE, type Frame, TEXT, toFrame } from "./frames.ts";
import type { RawPeer } from "./raw_peer.ts";

/** How frames are cut into segments. */
export const cuts = ["together", "one by one", "byte by byte"] as const;

/** One of them. */
export type Cut = (typeof cuts)[number];

/** Who holds the conversation. */
export interface Side {
  /** Whether its frames are masked, as a client's are. */
  readonly masks: boolean;
  /** Whether the other one says why it ends a connection; else it may just end it. */
  readonly tellsWhy: boolean;
}

/**
 * Sends what is to be sent, and asserts that the answers come, no others, and then the end.
 *
 * @throws If something else comes
 */
export async function converse(peer: RawPeer, conversation: Conversation, cut: Cut, side: Side): Promise<void> {
  try {
    for (const [sent, answers] of conversation.exchanges) {
      await send(
        peer,
        sent.map((frame) => toFrame({ mask: side.masks, ...frame })),
        cut,
      );
      for (const expected of answers) checkAnswer(await answer(peer), expected, side);
    }
    if (!lastAnswer(conversation).startsWith("close")) {
      await peer.send.close(1000);
      checkAnswer(await answer(peer), "close 1000", side);
    }
    await peer.ended();
    assert.deepEqual(peer.frames.map(toText), []);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${conversation.title}, sent ${cut}: ${why}`, { cause });
  }
}

function lastAnswer({ exchanges }: Conversation): string {
  return exchanges.at(-1)?.[1].at(-1) ?? "";
}

async function send(peer: RawPeer, frames: readonly Buffer[], cut: Cut): Promise<void> {
  if (cut === "together") return peer.write(Buffer.concat(frames));
  for (const frame of frames) await peer.writeInParts(frame, cut === "byte by byte" ? 1 : frame.length);
}

/** The next frame, or "end". */
async function answer(peer: RawPeer): Promise<string> {
  try {
    return toText(await peer.frame());
  } catch (error) {
    if (peer.end !== undefined) return "end";
    throw error;
  }
}

function checkAnswer(got: string, expected: string, { tellsWhy }: Side): void {
  if (!expected.startsWith("close")) return assert.equal(got, expected);
  const [, ...codes] = expected.split(" ");
  const isFault = codes.every((code) => code === "1002" || code === "1007");
  const allowed = [...codes.map((code) => `close ${code}`), ...(isFault && !tellsWhy ? ["end"] : [])];
  assert.ok(allowed.includes(got), `Got ${got} instead of ${allowed.join(" or ")}`);
}

function toText({ opcode, fin, rsv, text, payload, code }: Frame): string {
  if (!fin || rsv !== 0) return `a frame with fin ${fin}, rsv ${rsv}`;
  if (opcode === CLOSE) return `close ${code}`;
  if (opcode === TEXT) return `text ${text}`;
  return `${opcode === 2 ? "binary" : opcode === 10 ? "pong" : `opcode ${opcode}`} ${payload.toString("hex")}`;
}
