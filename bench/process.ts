/** The processes of a run: pinned to a core, spoken to in lines of JSON. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { root } from "../scripts/root.ts";

const hasTaskset = spawnSync("taskset", ["-V"]).status === 0;

/** The core of the servers. */
export const SERVER_CORE = 0;
/** The core of the generator. */
export const GENERATOR_CORE = 1;

const SILENCE = 60_000;

/** A child that answers each line with a line. */
export class Talker {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  /** Starts a command on a core, where `taskset` can. */
  constructor(core: number, command: readonly string[]) {
    const pinned = hasTaskset ? ["taskset", "-c", String(core), ...command] : command;
    const [file = "", ...args] = pinned;
    const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", NODE_OPTIONS: undefined };
    this.#child = spawn(file, args, { cwd: root, env, stdio: ["pipe", "pipe", "inherit"] });
    const { stdout, pid } = this.#child;
    if (stdout === null || pid === undefined) throw new Error(`Cannot start ${pinned.join(" ")}`);
    this.pid = pid;
    this.#interface = createInterface({ input: stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  /** The next line, as a value. */
  async read(): Promise<Record<string, unknown>> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error("A process of the bench has been silent for a minute")),
      SILENCE,
    );
    try {
      const { value, done } = await Promise.race([this.#lines.next(), late.promise]);
      if (done === true) throw new Error(`A process of the bench ended with code ${this.#child.exitCode}`);
      return JSON.parse(value) as Record<string, unknown>;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a line and returns the answer. */
  ask(line: string): Promise<Record<string, unknown>> {
    this.#child.stdin?.write(`${line}\n`);
    return this.read();
  }

  /** Ends the process and waits for its end. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    this.#child.stdin?.end("exit\n");
    await exited;
    clearTimeout(timer);
    this.#interface.close();
  }
}
