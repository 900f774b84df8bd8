/** Takes messages of at most 1 MiB and says how its memory stood when a connection ended: the most it was, and what stays. */
import process from "node:process";
import { type EngineName, Listener, type Service } from "../../../mod.ts";
import { collect, onTold, resident, say } from "../../kit/child.ts";

const quiet = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (...line: unknown[]) => say({ error: String(line) }),
};

class Taker implements Service {
  readonly #base: number;

  constructor() {
    collect();
    this.#base = resident();
  }

  onTextMessage(): string {
    return "taken";
  }

  onBinaryMessage(): string {
    return "taken";
  }

  onClose(_caller: unknown, code: number): void {
    say({ code, growth: resident() - this.#base });
  }
}

const engine = process.argv[2] as EngineName;
const listener = new Listener(0, { engine, host: "127.0.0.1", logger: quiet });
listener.attach("/", () => new Taker(), { maxFrameSize: 1_048_576, connectionClosureTimeout: 0.5 });
listener.attach("/echo", () => ({ onTextMessage: (_caller, text) => text }), { maxFrameSize: 1_048_576 });
await listener.start();
say({ port: listener.port });
onTold(() => {
  collect();
  say({ resident: resident() });
});
