/** Writes 200 MiB to a peer, in one of several ways, and says how its memory grew and how the connection ended. */
import process from "node:process";
import { type Caller, type EngineName, Listener, type Reply, type Service } from "../../../mod.ts";
import { collect, resident, say } from "../../kit/child.ts";
import { turn } from "../../kit/raw_client.ts";

const SIZE = 65_536;
const COUNT = 3200;
const bytes = new Uint8Array(SIZE).fill(97);
const text = "a".repeat(SIZE);

const quiet = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (...line: unknown[]) => say({ error: String(line) }),
};

class Flood implements Service {
  readonly #way: string;
  #base = 0;
  #peak = 0;
  #count = 0;
  #ended = false;

  constructor(way: string) {
    this.#way = way;
  }

  onOpen(caller: Caller): Reply {
    collect();
    this.#base = resident();
    if (this.#way === "stream") return this.#stream();
    void this.#flood(caller);
    return undefined;
  }

  onTextMessage(): Reply {
    if (this.#count++ % 256 === 0) this.#look();
    return this.#way === "replies" ? bytes : undefined;
  }

  onClose(_caller: Caller, code: number, reason: string): void {
    this.#ended = true;
    this.#look();
    // What is written after the end must not stay either.
    setTimeout(() => {
      this.#look();
      say({ code, reason, growth: this.#peak - this.#base });
    }, 100);
  }

  async #flood(caller: Caller): Promise<void> {
    for (let i = 0; i < COUNT; i++) {
      if (this.#way === "replies") return;
      const written = this.#way === "text" ? caller.writeTextMessage(text) : caller.writeBinaryMessage(bytes);
      if (this.#way === "awaited") await written.catch(() => {});
      if (this.#way === "turns") await turn();
      if (i % 256 === 0) this.#look();
    }
  }

  async *#stream(): AsyncGenerator<Reply> {
    try {
      for (let i = 0; i < COUNT && !this.#ended; i++) {
        if (i % 256 === 0) this.#look();
        yield bytes;
      }
    } finally {
      say({ returned: true });
    }
  }

  // What is garbage does not count.
  #look(): void {
    collect();
    this.#peak = Math.max(this.#peak, resident());
  }
}

const engine = process.argv[2] as EngineName;
const listener = new Listener(0, { engine, host: "127.0.0.1", logger: quiet });
listener.attach("/flood/:way", ({ params }) => new Flood(params.way), {
  connectionClosureTimeout: 0.1,
  writeTimeout: 0.3,
});
await listener.start();
say({ port: listener.port });
