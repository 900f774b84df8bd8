/** The table, for the terminal and for docs/performance.md. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { root } from "../scripts/root.ts";
import { runtime } from "../scripts/runtimes.ts";
import type { DispatchResult } from "./dispatch.ts";
import type { TimersResult } from "./idle_timers.ts";
import { IDLE, IDLE_CONNECTIONS } from "./plan.ts";
import { type Row, summarize } from "./stats.ts";
import type { TokensResult } from "./tokens.ts";

const HEAD = [
  "| runtime | load | raw | ours | ratio to raw | least-most | wanted | | raw to raw |",
  "|---|---|---|---|---|---|---|---|---|",
];

const VERDICTS = { held: "held", missed: "**missed**", open: "in the noise", none: "" };

/** The rows as Markdown. */
export function toTable(rows: readonly Row[]): string {
  return [...HEAD, ...rows.map(toLine)].join("\n");
}

function toLine(row: Row): string {
  const unit = row.phase === IDLE ? `B a ${row.unit}` : `us a ${row.unit}`;
  const scale = row.phase === IDLE ? 1 : 1000;
  if (row.rounds.length === 0) {
    return cells(row.contest, row.phase, "", "", "**failed**", "", "", row.failures[0] ?? "", "");
  }
  const { raw, ours, ratio, span, nil, nilSpan, verdict } = summarize(row);
  const failed = row.failures.length > 0 ? ` (${row.failures.length} rounds failed)` : "";
  return cells(
    row.contest,
    row.phase,
    amount(raw / scale),
    `${amount(ours / scale)} ${unit}`,
    `**${ratio.toFixed(2)}**${failed}`,
    toSpan(span),
    row.bound === undefined ? "" : `<= ${row.bound.toFixed(2)}`,
    VERDICTS[verdict],
    `${nil.toFixed(2)} (${toSpan(nilSpan)})`,
  );
}

function cells(...texts: readonly string[]): string {
  return `| ${texts.join(" | ")} |`;
}

function toSpan([least, most]: readonly [number, number]): string {
  return `${least.toFixed(2)}-${most.toFixed(2)}`;
}

function amount(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}

/** The cost of the timers as Markdown. */
export function toTimersTable(results: readonly TimersResult[]): string {
  return [
    "| runtime | CPU, none | CPU, with idle timeout and heartbeat | longest tick | a connection |",
    "|---|---|---|---|---|",
    ...results.map(({ runtime, resting, ticking, longest, bytes }) =>
      cells(
        runtime,
        `${resting.toFixed(2)} ms/s`,
        `${ticking.toFixed(2)} ms/s`,
        `${longest.toFixed(1)} ms`,
        `${bytes} B`,
      ),
    ),
  ].join("\n");
}

/** Makes the table of tokens. */
export function toTokensTable(results: readonly TokensResult[]): string {
  return [
    "| runtime | without `auth` | a token seen before | the difference | a new token |",
    "|---|---|---|---|---|",
    ...results.map(({ runtime, open, cached, fresh }) =>
      cells(runtime, ...[open, cached, cached - open, fresh].map((figure) => `${figure.toFixed(1)} us`)),
    ),
  ].join("\n");
}

/** Makes the table of dispatch by a contract. */
export function toDispatchTable(results: readonly DispatchResult[]): string {
  return [
    "| runtime | parse, validate, write JSON | by a contract | the difference |",
    "|---|---|---|---|",
    ...results.map(({ runtime, bare, dispatched, difference }) =>
      cells(runtime, ...[bare, dispatched, difference].map((figure) => `${figure.toFixed(2)} us`)),
    ),
  ].join("\n");
}

/** What is measured in one process. */
interface Alone {
  readonly timers: readonly TimersResult[];
  readonly tokens: readonly TokensResult[];
  readonly dispatches: readonly DispatchResult[];
}

/** Writes docs/performance.md. */
export function writePage(
  rows: readonly Row[],
  clients: readonly Row[],
  { timers, tokens, dispatches }: Alone,
  rounds: number,
): void {
  const page = `# Performance

Written by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}; do not edit. How it is measured: [bench/README.md](../bench/README.md).

${versions()}. ${cpus().length} x ${cpus()[0]?.model.trim() ?? "CPU"}, Linux ${release()}.

"Raw" is competent use of the bare runtime: \`Bun.serve\` with its own publish, \`Deno.upgradeWebSocket\`, \`node:http\` with \`ws\`. "Ours" is
the public API. Figures are the CPU time of the server process, kernel included, medians of ${rounds} rounds; the ratio is the median of the rounds'
ratios. "Raw to raw" is the same server under two names: a difference inside its span is no finding.

p1 and p16 are messages in flight on each of 100 connections, 16 KiB is 4 in flight on each of 20; w1 and w8 are broadcasts of 128 B in
flight to 1,000 connections, a figure for each delivery; connect is handshake and close; idle memory is of ${IDLE_CONNECTIONS.toLocaleString("en")} open connections
(2 to 3 rounds).

${toTable(rows)}

On Bun the broadcast of a service is a loop of writes, raw is native publish ([why it is not much dearer](decisions/ticks-on-bun.md)). "Hono and checks alone" is raw with
its handshakes through a route of Hono and a look at each header that a server is asked to look at: the least that a service on Hono costs.

## The client

CPU time of the client's process for each message of 64 B that an echo server sends back to one of 20 connections. "Raw" is competent use of the bare
transport, by events: the platform's \`WebSocket\`, or \`ws\`. "Ours" is \`Client\` over the same one: p1 writes a message and reads the answer, p16 writes 16 and
one more for each that \`for await\` gives. "for await alone" is the platform's socket with a queue of messages and one of waiting readers: the least that \`for await\` costs.

${clients.length === 0 ? "Not measured in this run." : toTable(clients)}

## 100,000 idle timers

Connections over sockets that do nothing, in one process: the cost of waiting for their timeouts.

${timers.length === 0 ? "Not measured in this run." : toTimersTable(timers)}

## Tokens

CPU time of one upgrade, in one process and without sockets: \`jwtAuth\` with HS256. Wanted: under 50 us more for a token seen before.

${tokens.length === 0 ? "Not measured in this run." : toTokensTable(tokens)}

## Dispatch by a contract

CPU time of a request of 65 bytes with its reply, in one process and without sockets, schemas of valibot. Wanted: at most 1.5 us more than to parse the message,
validate it and write the reply as JSON.

${dispatches.length === 0 ? "Not measured in this run." : toDispatchTable(dispatches)}
`;
  writeFileSync(`${root}/docs/performance.md`, page);
}

function versions(): string {
  const node = spawnSync(runtime("node26").binary, ["--version"], { encoding: "utf8" }).stdout.trim().slice(1);
  const packages = ["ws", "hono", "bun", "deno"].map((name) => {
    const { version } = JSON.parse(readFileSync(`${root}/node_modules/${name}/package.json`, "utf8"));
    return `${name} ${version}`;
  });
  return [`Node ${node}`, ...packages].join(", ");
}
