/** What dispatch by a contract costs beside JSON and the schema, in this process and over a socket that does nothing. Prints one line of JSON. */
import process from "node:process";
import * as v from "valibot";
import { contract } from "../entries/contract.ts";
import { ENGINE_CAPABILITIES } from "../src/capabilities.ts";
import { Host } from "../src/host.ts";
import { toServiceRules } from "../src/service_config.ts";
import { Upgrade } from "../src/slot.ts";
import type { Connection, RuntimeSocket } from "../src/socket.ts";

const MESSAGES = 100_000;
const ROUNDS = 9;

export interface DispatchResult {
  readonly runtime: string;
  /** Microseconds of CPU to parse a message, validate it and write the text of the reply. */
  readonly bare: number;
  /** The same by a contract: parse, find the handler, validate, call it, write the reply with type and id, send it. */
  readonly dispatched: number;
  /** The median of the differences, round by round. */
  readonly difference: number;
}

class Sink implements RuntimeSocket {
  readonly readyState: number = 1;
  readonly bufferedAmount: number = 0;
  length = 0;
  send(data: string | Uint8Array): void {
    this.length += data.length;
  }
  close(): void {}
  ping(): void {}
}

const order = v.object({ symbol: v.string(), quantity: v.number() });
const quote = v.object({ price: v.number(), at: v.number() });
const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    place_order: { message: order, reply: quote },
    un_subscribe: { message: v.object({ symbol: v.string() }), reply: v.object({ ok: v.boolean() }) },
  },
  // As in production.
  validateReplies: false,
});
const service = market.service({
  onPlaceOrder: (_caller, { quantity }) => ({ price: quantity * 2, at: 1_700_000_000 }),
  onUnSubscribe: (_caller, { symbol }) => ({ ok: symbol === "ACME" }),
});

if (import.meta.main) {
  const name = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
  console.log(JSON.stringify({ runtime: name, ...measure() }));
  process.exit(0);
}

function measure(): Omit<DispatchResult, "runtime"> {
  const texts = Array.from({ length: 1000 }, (_, n) =>
    JSON.stringify({ event: "place_order", id: String(n), symbol: "ACME", quantity: n }),
  );
  const sink = new Sink();
  const host = new Host(ENGINE_CAPABILITIES.node);
  const rules = toServiceRules({ heartbeat: false });
  const upgrade = new Upgrade(service, rules, host, { protocol: "", peer: {}, isSecure: false }, []);
  const connection = upgrade.open(sink);
  const found = { bare: [] as number[], dispatched: [] as number[], difference: [] as number[] };
  for (let round = -2; round < ROUNDS; round++) {
    const bare = cpuOf(() => answerBare(texts, sink));
    const dispatched = cpuOf(() => answerByContract(texts, connection));
    // Until the compiler is done.
    if (round < 0) continue;
    found.bare.push(bare);
    found.dispatched.push(dispatched);
    found.difference.push(dispatched - bare);
  }
  return { bare: median(found.bare), dispatched: median(found.dispatched), difference: median(found.difference) };
}

function answerBare(texts: readonly string[], sink: Sink): void {
  for (const text of texts) {
    const result = v.safeParse(order, JSON.parse(text));
    if (!result.success) throw new Error("The message does not fit");
    sink.send(JSON.stringify({ price: result.output.quantity * 2, at: 1_700_000_000 }));
  }
}

function answerByContract(texts: readonly string[], connection: Connection): void {
  for (const text of texts) connection.text(text);
}

function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  for (let n = 0; n < MESSAGES / 1000; n++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / MESSAGES;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
