/** Compares the client with the bare transport under it: the CPU time of the client's process for each message that comes back. */
import { type ClientContest, clientContests, clientPhases, echoServer } from "./plan.ts";
import { GENERATOR_CORE, SERVER_CORE, Talker } from "./process.ts";
import type { ClientLoad, ClientWindow } from "./protocol.ts";
import { cpuOf, NAMES, namesOf, OPENING, type Round, type Row } from "./stats.ts";

/** Messages that a client has had before it is looked at, each time. */
const LEAST = 10_000;

/** How often it opens its connections before: on Deno a message cost 12 us over the first ones and 6 from the tenth time on. */
const OPENINGS = 8;

/** How long it is measured. */
export interface ClientOptions {
  readonly rounds: number;
  readonly slices: number;
  /** Milliseconds. */
  readonly slice: number;
  readonly warmUp: number;
}

interface Draft extends Row {
  readonly load: Pick<ClientLoad, "connections" | "inFlight">;
  readonly rounds: Round[];
  readonly failures: string[];
}

/** Measures the rows whose names hold every word. */
export async function measureClients(words: readonly string[], options: ClientOptions): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (const contest of clientContests) {
    const rows = toRows(contest, words);
    all.push(...rows);
    for (let round = 0; rows.length > 0 && round < options.rounds; round++) await play(contest, rows, round, options);
  }
  return all;
}

function toRows({ name, bound }: ClientContest, words: readonly string[]): Draft[] {
  return clientPhases
    .filter((phase) => words.every((word) => `${name} ${phase.name}`.includes(word)))
    .map(({ name: phase, load }) => ({
      contest: name,
      phase,
      unit: "message",
      bound,
      load,
      rounds: [],
      failures: [],
    }));
}

/** One round: a fresh server and three fresh clients, which run by turns. */
async function play(
  contest: ClientContest,
  rows: readonly Draft[],
  round: number,
  options: ClientOptions,
): Promise<void> {
  const server = new Talker(GENERATOR_CORE, echoServer);
  const clients = new Map<keyof Round, Talker>();
  try {
    const { port } = await server.read();
    for (const name of namesOf(round)) {
      const who = name === "ours" ? contest.who : "raw";
      const client = new Talker(SERVER_CORE, [...contest.client, who, contest.transport, String(port)]);
      clients.set(name, client);
      await client.read();
    }
    for (const row of rows) {
      const contestants = [...clients].map(([name, client]) => ({
        name,
        pids: [client.pid],
        tell: (times: Pick<ClientLoad, "warmUp" | "window">) =>
          ask(client, { ...row.load, ...times, least: times.warmUp < OPENING ? 0 : LEAST }),
      }));
      const found = await cpuOf(contestants, { ...options, openings: OPENINGS });
      row.rounds.push(found);
      const [raw, again, ours] = NAMES.map((name) => (found[name] / 1000).toFixed(2));
      console.log(`${row.contest}, ${row.phase}: raw ${raw}, again ${again}, ours ${ours}`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    for (const row of rows) row.failures.push(reason);
    console.log(`${contest.name}: FAILED: ${reason}`);
  } finally {
    for (const client of clients.values()) await client.end();
    await server.end();
  }
}

async function ask(client: Talker, load: ClientLoad): Promise<ClientWindow> {
  const { result, error } = await client.ask(JSON.stringify(load));
  if (error !== undefined) throw new Error(String(error));
  return result as ClientWindow;
}
