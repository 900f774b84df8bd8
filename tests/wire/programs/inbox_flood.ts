/** Sleeps over the first message and says how its memory grew meanwhile. */
import process from "node:process";
import { type Caller, type EngineName, Listener, type Service } from "../../../mod.ts";
import { collect, resident, say } from "../../kit/child.ts";

const quiet = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (...line: unknown[]) => say({ error: String(line) }),
};

class Sleeper implements Service {
  #base = 0;
  #growth = 0;
  #handled = 0;
  #inOrder = true;

  onOpen(): void {
    collect();
    this.#base = resident();
  }

  async onTextMessage(_caller: Caller, text: string): Promise<string | undefined> {
    if (this.#handled === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      collect();
      this.#growth = resident() - this.#base;
    }
    this.#inOrder &&= Number.parseInt(text, 10) === this.#handled;
    this.#handled += 1;
    return text.endsWith("last") ? "done" : undefined;
  }

  onClose(_caller: Caller, code: number): void {
    say({
      code,
      handled: this.#handled,
      inOrder: this.#inOrder,
      growth: this.#growth,
    });
  }
}

const engine = process.argv[2] as EngineName;
const listener = new Listener(0, { engine, host: "127.0.0.1", logger: quiet });
listener.attach("/", () => new Sleeper(), { connectionClosureTimeout: 0.5 });
await listener.start();
say({ port: listener.port });
