/**
 * Compares the module with the bare runtimes: `npm run bench -- [--quick] [--write] [--rounds N] [word…]`.
 *
 * A word chooses rows whose name holds it: `node p16`, `bun connect`, `timers`.
 */
import { parseArgs } from "node:util";
import { root } from "../scripts/root.ts";
import { run } from "../scripts/spawn.ts";
import { measureClients } from "./clients.ts";
import type { DispatchResult } from "./dispatch.ts";
import type { TimersResult } from "./idle_timers.ts";
import {
  type Contest,
  contests,
  dispatches,
  generator,
  IDLE,
  IDLE_CONNECTIONS,
  type Phase,
  phases,
  timers,
  tokens,
} from "./plan.ts";
import { GENERATOR_CORE, SERVER_CORE, Talker } from "./process.ts";
import type { Command, Target, Window } from "./protocol.ts";
import { toDispatchTable, toTable, toTimersTable, toTokensTable, writePage } from "./report.ts";
import { cpuOf as cpuOfEach, NAMES, namesOf, type Round, type Row } from "./stats.ts";
import type { TokensResult } from "./tokens.ts";

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    rounds: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const idleRounds = Math.min(rounds, options.quick ? 1 : 3);
const slices = options.quick ? 2 : 5;
// Milliseconds, of which each of the three has its turns.
const slice = options.quick ? 300 : 750;
// What is wanted is the cost in a process that has run for a while, and not that of compiling it.
const warmUp = options.quick ? 750 : 4500;

type Name = keyof Round;

class Server {
  readonly name: Name;
  readonly target: Target;
  readonly talker: Talker;

  constructor(name: Name, talker: Talker, port: number) {
    this.name = name;
    this.talker = talker;
    this.target = { pid: talker.pid, port };
  }
}

interface Draft extends Row {
  readonly rounds: Round[];
  readonly failures: string[];
}

if (process.platform !== "linux") throw new Error("The bench reads CPU times from /proc: it runs on Linux");
await build();
const generators = new Map(NAMES.map((name) => [name, new Talker(GENERATOR_CORE, generator)]));
const rows: Draft[] = [];
for (const contest of contests) {
  const chosen = toRows(contest);
  if (chosen.length === 0) continue;
  rows.push(...chosen);
  for (let round = 0; round < rounds; round++) await play(contest, chosen, round);
}
for (const talker of generators.values()) await talker.end();
const clients = await measureClients(words, { rounds, slices, slice, warmUp });
const timed = words.length === 0 || words.includes("timers") ? await runEach<TimersResult>(timers) : [];
const asked = words.length === 0 || words.includes("tokens") ? await runEach<TokensResult>(tokens) : [];
const dispatched = words.length === 0 || words.includes("dispatch") ? await runEach<DispatchResult>(dispatches) : [];
if (rows.length > 0) console.log(`\n${toTable(rows)}`);
if (clients.length > 0) console.log(`\n${toTable(clients)}`);
if (timed.length > 0) console.log(`\n${toTimersTable(timed)}`);
if (asked.length > 0) console.log(`\n${toTokensTable(asked)}`);
if (dispatched.length > 0) console.log(`\n${toDispatchTable(dispatched)}`);
if (options.write) writePage(rows, clients, { timers: timed, tokens: asked, dispatches: dispatched }, rounds);
process.exitCode = [...rows, ...clients].some((row) => row.failures.length > 0) ? 1 : 0;

async function build(): Promise<void> {
  const { code, output } = await run(process.execPath, [
    `${root}/node_modules/typescript/bin/tsc`,
    ...["-p", "bench/tsconfig.servers.json"],
  ]);
  if (code !== 0) throw new Error(`The servers for Node cannot be built:\n${output}`);
}

function toRows(contest: Contest): Draft[] {
  const names = [...phases.map(({ name, unit }) => ({ name, unit })), { name: IDLE, unit: "connection" }];
  return names
    .filter(({ name }) => name in contest.bounds && words.every((word) => `${contest.name} ${name}`.includes(word)))
    .map(({ name, unit }) => ({
      contest: contest.name,
      phase: name,
      unit,
      bound: contest.bounds[name],
      rounds: [],
      failures: [],
    }));
}

/** One round: three fresh servers, and one phase after the other. */
async function play(contest: Contest, rows: readonly Draft[], round: number): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const name of namesOf(round)) servers.push(await start(contest, name));
    for (const { name, target } of servers) await tell(name, { op: "verify", target });
    for (const phase of phases) {
      const row = rows.find((candidate) => candidate.phase === phase.name);
      if (row !== undefined) await record(row, () => cpuOf(servers, phase));
    }
  } catch (error) {
    for (const row of rows) fail(row, error);
  } finally {
    for (const server of servers) await server.talker.end();
  }
  const idle = rows.find((row) => row.phase === IDLE);
  if (idle === undefined || round >= idleRounds) return;
  // One at a time and fresh: what a load has left behind would be counted.
  await record(idle, async () => {
    const found = { raw: 0, again: 0, ours: 0 };
    for (const name of namesOf(round)) found[name] = await bytesOf(contest, name);
    return found;
  });
}

async function record(row: Draft, measure: () => Promise<Round>): Promise<void> {
  try {
    const round = await measure();
    row.rounds.push(round);
    const [raw, again, ours] = NAMES.map((name) =>
      row.phase === IDLE ? round[name].toFixed(0) : (round[name] / 1000).toFixed(2),
    );
    console.log(`${row.contest}, ${row.phase}: raw ${raw}, again ${again}, ours ${ours}`);
  } catch (error) {
    fail(row, error);
  }
}

function fail(row: Draft, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  row.failures.push(reason);
  console.log(`${row.contest}, ${row.phase}: FAILED: ${reason}`);
}

async function start(contest: Contest, name: Name): Promise<Server> {
  const talker = new Talker(SERVER_CORE, name === "ours" ? contest.ours : contest.raw);
  const { port } = await talker.read();
  if (typeof port !== "number") throw new Error(`The server of ${contest.name} told no port`);
  return new Server(name, talker, port);
}

/** CPU time a message of each server. */
function cpuOf(servers: readonly Server[], { load, warmUp: longer = 1 }: Phase): Promise<Round> {
  const contestants = servers.map(({ name, target }) => ({
    name,
    pids: [target.pid, generatorOf(name).pid],
    tell: async (times: { warmUp: number; window: number }) =>
      (await tell(name, { op: "load", target, load, ...times })) as Window,
  }));
  return cpuOfEach(contestants, { slices, slice, warmUp: warmUp * longer });
}

async function bytesOf(contest: Contest, name: Name): Promise<number> {
  const server = await start(contest, name);
  const { target } = server;
  const settle = async (): Promise<number> => {
    await server.talker.ask("collect");
    return (await tell(name, { op: "resident", target })) as number;
  };
  try {
    // The code must be loaded and compiled before the empty server is looked at.
    await tell(name, { op: "hold", target, connections: 1000 });
    await tell(name, { op: "release" });
    const empty = await settle();
    await tell(name, { op: "hold", target, connections: IDLE_CONNECTIONS });
    const full = await settle();
    await tell(name, { op: "release" });
    return (full - empty) / IDLE_CONNECTIONS;
  } finally {
    await server.talker.end();
  }
}

/** Each server has a generator of its own, for they run by turns. */
function generatorOf(name: Name): Talker {
  const generator = generators.get(name);
  if (generator === undefined) throw new Error(`There is no generator ${name}`);
  return generator;
}

async function tell(name: Name, command: Command): Promise<unknown> {
  const { result, error } = await generatorOf(name).ask(JSON.stringify(command));
  if (error !== undefined) throw new Error(String(error));
  return result;
}

async function runEach<Result>(commands: readonly (readonly string[])[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const [file = "", ...args] of commands) {
    const { code, output } = await run(file, args);
    if (code !== 0) throw new Error(`${args.at(-1)} failed: ${output}`);
    results.push(JSON.parse(output) as Result);
  }
  return results;
}
