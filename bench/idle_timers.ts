/** The cost of 100,000 idle timeouts and heartbeats, in this process and over sockets that do nothing. Prints one line of JSON. */
import process from "node:process";
import { ENGINE_CAPABILITIES } from "../src/capabilities.ts";
import { systemClock } from "../src/clock.ts";
import { Host } from "../src/host.ts";
import { toServiceRules } from "../src/service_config.ts";
import { Upgrade } from "../src/slot.ts";
import type { RuntimeSocket } from "../src/socket.ts";

const CONNECTIONS = 100_000;
const SECONDS = 3;

export interface TimersResult {
  readonly runtime: string;
  /** Milliseconds of CPU a second that the runtime takes with no connection. */
  readonly resting: number;
  /** The same with all of them. */
  readonly ticking: number;
  /** Milliseconds that the longest tick took. */
  readonly longest: number;
  /** Bytes that the core takes for a connection: heap after collection. */
  readonly bytes: number;
}

class IdleSocket implements RuntimeSocket {
  readonly readyState: number = 1;
  readonly bufferedAmount: number = 0;
  send(): void {}
  close(): void {}
  ping(): void {}
}

if (import.meta.main) {
  const name = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
  console.log(JSON.stringify({ runtime: name, ...(await measure()) }));
  process.exit(0);
}

async function measure(): Promise<Omit<TimersResult, "runtime">> {
  let longest = 0;
  const clock = {
    now: () => systemClock.now(),
    schedule(callback: () => void, delay: number): () => void {
      return systemClock.schedule(() => {
        const start = performance.now();
        callback();
        longest = Math.max(longest, performance.now() - start);
      }, delay);
    },
  };
  const host = new Host(ENGINE_CAPABILITIES.node, {}, clock);
  const rules = toServiceRules({ idleTimeout: 120, heartbeat: { interval: 60, timeout: 10 } });
  await cpuFor(0.5);
  const resting = await cpuFor(SECONDS);
  const details = { protocol: "", peer: {}, isSecure: false };
  const upgrade = new Upgrade({}, rules, host, details, []);
  const empty = heap();
  for (let i = 0; i < CONNECTIONS; i++) upgrade.open(new IdleSocket());
  const bytes = Math.round((heap() - empty) / CONNECTIONS);
  await cpuFor(2);
  longest = 0;
  return { resting, ticking: await cpuFor(SECONDS), longest, bytes };
}

function heap(): number {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  Bun === undefined ? gc?.() : Bun.gc(true);
  return process.memoryUsage().heapUsed;
}

async function cpuFor(seconds: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / seconds;
}
