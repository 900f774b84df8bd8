/**
 * A dashboard in the browser, whose numbers are pushed by a service. Stop the server and start it again: the page goes on by itself.
 *
 *     node examples/dashboard/main.ts
 *     deno run -A examples/dashboard/main.ts
 *     bun examples/dashboard/main.ts
 *
 * In a project of yours the import reads `from "@switchboard/websocket"`.
 */
import { readFile } from "node:fs/promises";
import os from "node:os";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { type Caller, Listener, type Reply, type Service } from "../../mod.ts";
import { clientSource } from "./client_source.ts";

/** What is measured four times a second. */
interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  /** Percent of all processors of the machine. */
  cpu: number;
  /** MiB that this process has. */
  memory: number;
  /** Milliseconds by which a timer is late. */
  delay: number;
  /** How many pages look. */
  pages: number;
}

const PERIOD = 250;
/** The samples of the last minute. */
const samples: Sample[] = [];
const pages = new Set<Caller>();

class Metrics implements Service {
  #interval = 1000;

  onOpen(caller: Caller): Reply {
    pages.add(caller);
    return this.#pushes();
  }

  // Called while the stream runs.
  onTextMessage(_caller: Caller, text: string): Reply {
    const { interval } = JSON.parse(text);
    if (!(interval >= PERIOD && interval <= 10_000)) return { error: `The interval is ${PERIOD} to 10000 ms` };
    this.#interval = interval;
  }

  onClose(caller: Caller): void {
    pages.delete(caller);
  }

  // Begins with the last minute, so that a page that was away misses nothing. Ends with the connection.
  async *#pushes(): AsyncGenerator<{ samples: Sample[] }> {
    for (let last = 0; ; await sleep(this.#interval)) {
      const fresh = samples.filter(({ at }) => at > last);
      if (fresh.length === 0) continue;
      yield { samples: fresh };
      last = fresh.at(-1)?.at ?? last;
    }
  }
}

const app = new Hono();
const html = await readFile(new URL("index.html", import.meta.url), "utf8");
const script = await readFile(new URL("page.js", import.meta.url), "utf8");
app.get("/", (context) => context.html(html));
app.get("/page.js", (context) => context.body(script, 200, { "content-type": "text/javascript" }));
app.route("/client", clientSource);

const listener = new Listener(app, { port: Number(process.env.PORT ?? 9090) });
listener.attach("/metrics", () => new Metrics());
await listener.start();
console.log(`Open http://localhost:${listener.port}`);

let [busy, idle] = toTimes();
let last = Date.now();
setInterval(() => {
  const at = Date.now();
  const [busyNow, idleNow] = toTimes();
  const cpu = (100 * (busyNow - busy)) / (busyNow - busy + idleNow - idle || 1);
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  samples.push({ at, cpu: Math.round(cpu), memory, delay: Math.max(0, at - last - PERIOD), pages: pages.size });
  if (samples.length > 60_000 / PERIOD) samples.shift();
  [busy, idle, last] = [busyNow, idleNow, at];
}, PERIOD);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await listener.gracefulStop({ deadline: 2 });
    process.exit();
  });
}

/** Milliseconds for which the processors have worked, and have not. */
function toTimes(): [busy: number, idle: number] {
  let [busy, idle] = [0, 0];
  for (const { times } of os.cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return [busy, idle];
}
