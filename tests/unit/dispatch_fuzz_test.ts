/**
 * Random messages, cancels and answers: whatever comes, each request with an id gets one last frame, and nothing behind it.
 *
 *     FUZZ_SEED=123 FUZZ_RUNS=1 npm test -- unit dispatch_fuzz_test.ts     repeats the one that failed
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { contract, RequestError } from "../../entries/contract.ts";
import type { Service } from "../../src/service.ts";
import type { StandardSchema } from "../../src/standard_schema.ts";
import { Random } from "../kit/random.ts";
import { open } from "./support.ts";

const WALKS = Number(process.env.FUZZ_RUNS ?? 200);
const FIRST = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 40;

function schema(isLate: boolean): StandardSchema {
  const check = (value: unknown) => {
    const { n } = value as { n?: unknown };
    return n === undefined || typeof n === "number" ? { value } : { issues: [{ message: "No number", path: ["n"] }] };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "tests",
      validate: (value) => (isLate ? Promise.resolve().then(() => check(value)) : check(value)),
    },
  };
}

const [now, late] = [schema(false), schema(true)];
const line = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  validateReplies: true,
  messages: {
    value: { message: now, reply: late },
    nothing: { message: late },
    later: { message: now, reply: now },
    items: { message: late, reply: late, stream: true },
    forever: { message: now, stream: true },
    fault: { message: now },
    broken: { message: now, reply: now, stream: true },
  },
});
const types = [
  "value",
  "nothing",
  "later",
  "items",
  "forever",
  "fault",
  "broken",
  "cancel",
  "cancel",
  "nobody",
  "complete",
];
const ids: readonly unknown[] = [1, 2, 3, "1", "2", "", undefined, null, 1.5];

/** The service of one walk; `held` are the answers that wait. */
function serve(random: Random, held: (() => void)[]): Service {
  const hold = (): Promise<void> => new Promise((resolve) => held.push(resolve));
  const fail = (): unknown => {
    const error = random.chance(0.5) ? new RequestError("No", { code: "no" }) : new Error("secret");
    if (random.chance(0.5)) throw error;
    return random.chance(0.5) ? error : Promise.reject(error);
  };
  const handlers = {
    onValue: () => random.pick<unknown>([{ n: 1 }, { n: "x" }, "text", null, undefined, Promise.resolve(5)]),
    onNothing: () => {},
    async onLater() {
      await hold();
      return random.pick<unknown>([{ n: 1 }, { n: "x" }, undefined]);
    },
    async *onItems() {
      for (let n = 0; n < 3; n++) {
        if (random.chance(0.3)) await hold();
        yield { n };
      }
    },
    async *onForever(_caller: unknown, _message: unknown, { signal }: { signal: AbortSignal }) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    onFault: fail,
    async *onBroken() {
      yield { n: 1 };
      if (random.chance(0.5)) yield { n: "x" };
      throw await fail();
    },
    onError: () => {},
  };
  return line.service(handlers as never) as Service;
}

/** A message, at times with a few characters changed. */
function toText(random: Random): string {
  const message = { event: random.pick(types), id: random.pick(ids), n: random.pick<unknown>([undefined, 1, "x"]) };
  let text = JSON.stringify(message);
  while (random.chance(0.1)) {
    const at = random.integer(0, text.length);
    text = text.slice(0, at) + random.pick(["{", "}", '"', "\\", "0", "__proto__", ",", ""]) + text.slice(at + 1);
  }
  return text;
}

/** The id that a message has to be answered with, if any. */
function idOf(text: string): string | undefined {
  let message: { event?: unknown; id?: unknown };
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== "object" || message === null || message.event === "cancel") return undefined;
  const { id } = message;
  return typeof id === "string" || Number.isSafeInteger(id) ? JSON.stringify(id) : undefined;
}

test("each request with an id gets one last frame and nothing behind it, whatever comes", async () => {
  let answered = 0;
  for (let seed = FIRST; seed < FIRST + WALKS; seed++) {
    const random = new Random(seed);
    const held: (() => void)[] = [];
    const opened = open(serve(random, held));
    const waiting = new Map<string, number>();
    let read = 0;
    const look = (): void => {
      for (; read < opened.socket.sent.length; read++) {
        const frame = JSON.parse(String(opened.socket.sent[read]));
        if (frame.id === undefined) continue;
        const id = JSON.stringify(frame.id);
        const count = waiting.get(id) ?? 0;
        assert.ok(count > 0, `FUZZ_SEED=${seed} FUZZ_RUNS=1 fails: ${opened.socket.sent[read]} answers nothing`);
        if (["items", "forever", "broken"].includes(frame.event)) continue;
        waiting.set(id, count - 1);
        answered++;
      }
    };
    for (let step = 0; step < STEPS && opened.socket.readyState === 1; step++) {
      const what = random.next();
      if (what < 0.7) {
        const text = toText(random);
        const id = idOf(text);
        if (id !== undefined) waiting.set(id, (waiting.get(id) ?? 0) + 1);
        opened.connection.text(text);
      } else if (what < 0.85) {
        held.splice(random.integer(0, Math.max(0, held.length - 1)), 1)[0]?.();
      } else {
        await opened.clock.advance(0);
      }
      look();
    }
    // What is left is let go, and what has no end is cancelled.
    for (let round = 0; round < 30 && opened.socket.readyState === 1; round++) {
      for (const release of held.splice(0)) release();
      await opened.clock.advance(0);
      for (const id of waiting.keys()) opened.connection.text(`{"event":"cancel","id":${id}}`);
      look();
    }
    if (opened.socket.readyState !== 1) continue;
    assert.deepEqual(
      [...waiting.entries()].filter(([, count]) => count !== 0),
      [],
      `FUZZ_SEED=${seed} FUZZ_RUNS=1 fails`,
    );
  }
  if (WALKS > 10) assert.ok(answered > WALKS * 10, `${answered} answers`);
});
