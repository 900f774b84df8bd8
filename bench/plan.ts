/** What is measured, and against which bound. */
import { runtime } from "../scripts/runtimes.ts";
import type { Load } from "./protocol.ts";

/** A pair of servers: ours, and competent use of the bare runtime. */
export interface Contest {
  readonly name: string;
  readonly raw: readonly string[];
  readonly ours: readonly string[];
  /** The largest ratio to raw that is wanted, by the name of the phase; `undefined` for one that is measured without a bound. */
  readonly bounds: Readonly<Record<string, number | undefined>>;
}

export interface Phase {
  readonly name: string;
  readonly load: Load;
  readonly unit: string;
  /** How many times the usual warm-up, for code that is compiled late because it runs less often than that of messages. */
  readonly warmUp?: number;
}

export const phases: readonly Phase[] = [
  {
    name: "echo 64 B p1",
    unit: "message",
    load: { kind: "echo", connections: 100, inFlight: 1, bytes: 64, binary: false },
  },
  {
    name: "echo 64 B p16",
    unit: "message",
    load: { kind: "echo", connections: 100, inFlight: 16, bytes: 64, binary: false },
  },
  {
    name: "echo 16 KiB",
    unit: "message",
    load: { kind: "echo", connections: 20, inFlight: 4, bytes: 16384, binary: true },
  },
  {
    name: "broadcast w1",
    unit: "delivery",
    load: { kind: "broadcast", connections: 1000, inFlight: 1, bytes: 128 },
  },
  {
    name: "broadcast w8",
    unit: "delivery",
    load: { kind: "broadcast", connections: 1000, inFlight: 8, bytes: 128 },
  },
  { name: "connect", unit: "connection", load: { kind: "churn", connections: 50 }, warmUp: 3 },
];

/** The name of the row for idle connections. */
export const IDLE = "idle memory";
/** How many connections are held open for it. */
export const IDLE_CONNECTIONS = 10_000;

/** Where the servers for Node are built: users of Node get JavaScript, and its loader of TypeScript slows typed arrays down. */
const BUILT = ".tmp/bench/bench";

const node = [runtime("node26").binary, "--expose-gc"];
const deno = [runtime("deno").binary, "run", "-A", "--no-check", "--v8-flags=--expose-gc"];
const bun = [runtime("bun").binary];

export const generator: readonly string[] = [...bun, "bench/generator/main.ts"];

export const contests: readonly Contest[] = [
  {
    name: "bun",
    raw: [...bun, "bench/servers/raw_bun.ts"],
    ours: [...bun, "bench/servers/ours.ts", "bun"],
    bounds: {
      "echo 64 B p1": 1.05,
      "echo 64 B p16": 1.1,
      "echo 16 KiB": 1.03,
      "broadcast w1": undefined,
      "broadcast w8": undefined,
      connect: 1.08,
      [IDLE]: 1.4,
    },
  },
  {
    name: "bun, Hono and checks alone",
    raw: [...bun, "bench/servers/raw_bun.ts"],
    ours: [...bun, "bench/servers/raw_bun.ts", "checked"],
    bounds: { connect: undefined },
  },
  {
    name: "deno",
    raw: [...deno, "bench/servers/raw_deno.ts"],
    ours: [...deno, "bench/servers/ours.ts", "deno"],
    bounds: {
      "echo 64 B p1": 1.03,
      "echo 64 B p16": 1.03,
      "echo 16 KiB": 1.03,
      "broadcast w1": undefined,
      "broadcast w8": undefined,
      connect: 1.08,
      [IDLE]: 1.06,
    },
  },
  {
    name: "node",
    raw: [...node, `${BUILT}/servers/raw_node.js`],
    ours: [...node, `${BUILT}/servers/ours.js`, "node"],
    bounds: {
      "echo 64 B p1": 1,
      "echo 64 B p16": 0.25,
      "echo 16 KiB": 0.97,
      "broadcast w1": 0.88,
      "broadcast w8": 0.25,
      connect: 1.08,
      [IDLE]: 1.1,
    },
  },
  {
    name: "deno, engine node",
    raw: [...deno, "bench/servers/raw_node.ts"],
    ours: [...deno, "bench/servers/ours.ts", "node"],
    bounds: { "echo 64 B p1": undefined, "echo 64 B p16": undefined, "echo 16 KiB": undefined },
  },
];

/** A client over a transport, and competent use of the bare transport. */
export interface ClientContest {
  readonly name: string;
  readonly client: readonly string[];
  readonly transport: "platform" | "ws";
  /** Which client is held against raw: ours, or the least that gives its messages to `for await`. */
  readonly who: "ours" | "least";
  /** The largest ratio to raw that is wanted. */
  readonly bound: number | undefined;
}

/** The loads of a client. */
export const clientPhases: readonly {
  readonly name: string;
  readonly load: { connections: number; inFlight: number };
}[] = [
  { name: "client 64 B p1", load: { connections: 20, inFlight: 1 } },
  { name: "client 64 B p16", load: { connections: 20, inFlight: 16 } },
];

export const clientContests: readonly ClientContest[] = [
  { name: "bun", command: [...bun, "bench/clients/echo.ts"] },
  { name: "deno", command: [...deno, "bench/clients/echo.ts"] },
  { name: "node", command: [...node, `${BUILT}/clients/echo.js`] },
].flatMap(({ name, command }) => [
  { name: `${name}, platform`, client: command, transport: "platform", who: "ours", bound: 1.15 },
  { name: `${name}, for await alone`, client: command, transport: "platform", who: "least", bound: undefined },
  { name: `${name}, ws`, client: command, transport: "ws", who: "ours", bound: 1.15 },
]);

/** What the clients speak to: it must not be what limits them. */
export const echoServer: readonly string[] = [...bun, "bench/servers/raw_bun.ts"];

/** The commands that measure the idle timers. */
export const timers: readonly (readonly string[])[] = onAll("idle_timers");
/** The commands that measure dispatch by a contract. */
export const dispatches: readonly (readonly string[])[] = onAll("dispatch");
/** The commands that measure tokens. */
export const tokens: readonly (readonly string[])[] = onAll("tokens");

function onAll(name: string): readonly (readonly string[])[] {
  return [
    [...bun, `bench/${name}.ts`],
    [...deno, `bench/${name}.ts`],
    [...node, `${BUILT}/${name}.js`],
  ];
}
