/** Serves connections and says, when it is told to count, how many of their objects are left. */
import process from "node:process";
import { type Caller, closeFrame, type EngineName, Listener, type Reply, type Service } from "../../../mod.ts";
import { collect, onTold, say } from "../../kit/child.ts";
import { turn } from "../../kit/raw_client.ts";

let made = 0;
let opened = 0;
let closed = 0;
let finalized = 0;
const registry = new FinalizationRegistry(() => {
  finalized += 1;
});

function track(object: object): void {
  made += 1;
  registry.register(object, undefined);
}

class Tracked implements Service {
  constructor() {
    track(this);
  }

  onOpen(caller: Caller): void {
    opened += 1;
    track(caller);
    track(caller.signal);
  }

  onTextMessage(_caller: Caller, text: string): Reply {
    return text === "end" ? closeFrame(4000, "as you wish") : text;
  }

  onClose(): void {
    closed += 1;
  }
}

const quiet = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (...line: unknown[]) => say({ error: String(line) }),
};
const engine = process.argv[2] as EngineName;
const listener = new Listener(0, { engine, host: "127.0.0.1", logger: quiet });
listener.attach("/", () => new Tracked());
// Deno keeps its own lost sockets until their idle timers end, which would be taken for ours.
listener.attach("/timeless", () => new Tracked(), { heartbeat: false });
await listener.start();

onTold(() => void count());

// The runtime calls back when it likes, some time after the collection.
async function count(): Promise<void> {
  for (let i = 0; i < 50 && (finalized < made || closed < opened); i++) await settle();
  // What the runtime itself has not let go of yet, or has compiled meanwhile, comes and goes: the least of some looks is what stays.
  let heap = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    await settle();
    heap = Math.min(heap, process.memoryUsage().heapUsed);
  }
  const open = [...listener.connections].length;
  say({ opened, closed, open, alive: made - finalized, heap });
}

async function settle(): Promise<void> {
  collect();
  for (let turns = 0; turns < 10; turns++) await turn();
}

say({ port: listener.port });
