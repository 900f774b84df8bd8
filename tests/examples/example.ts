/** Runs an example as its reader does: with a plain command, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { TestContext } from "node:test";
import { root } from "../../scripts/root.ts";
import { type ConnectOptions, connect, type RawClient } from "../kit/raw_client.ts";

/** Milliseconds that a wait may take. */
const PATIENCE = 10_000;

/** The runtime that runs this test. */
export const runtime: "node" | "deno" | "bun" =
  process.versions.bun !== undefined ? "bun" : process.versions.deno !== undefined ? "deno" : "node";

/** A runtime and what it is told before the file. */
export interface Command {
  readonly binary: string;
  readonly args: readonly string[];
}

/** How to start an example. */
export interface StartOptions {
  /** @default own */
  readonly command?: Command;
  /** @default 0 */
  readonly port?: number;
  /** What follows the file on the command line. */
  readonly args?: readonly string[];
  /** Further variables of its environment. */
  readonly env?: Record<string, string>;
  /** What it prints when it is ready. @default its address */
  readonly ready?: RegExp;
}

/** The command of the runtime that runs this test. */
export const own: Command = { binary: process.execPath, args: runtime === "deno" ? ["run", "-A"] : [] };

/** An example that runs and has printed its address. */
export class Example {
  /** The port that it printed. */
  port = 0;
  /** All it has printed. */
  output = "";
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #clients: RawClient[] = [];
  #wake: () => void = () => {};

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#exited = once(process, "close").then(() => this.#wake());
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#wake();
      });
    }
  }

  /** Starts `examples/<name>.ts`, waits for the address, and ends it with the test. */
  static async start(t: TestContext, name: string, options: StartOptions = {}): Promise<Example> {
    const { command = own, port = 0, args = [], ready = /\/\/localhost:\d+.*\n/ } = options;
    const example = new Example(
      spawn(command.binary, [...command.args, `examples/${name}.ts`, ...args], {
        cwd: root,
        env: { ...process.env, PORT: String(port), NO_COLOR: "1", ...options.env },
        stdio: ["pipe", "pipe", "pipe"],
      }),
    );
    t.after(() => example.#end());
    await example.printed(ready);
    example.port = Number(/\/\/localhost:(\d+)/.exec(example.output)?.[1]);
    return example;
  }

  /** Waits until what it has printed matches. */
  async printed(pattern: RegExp): Promise<void> {
    const timeout = AbortSignal.timeout(PATIENCE);
    timeout.addEventListener("abort", () => this.#wake());
    while (!pattern.test(this.output)) {
      const { exitCode, signalCode } = this.#process;
      if (exitCode !== null || signalCode !== null || timeout.aborted) {
        throw new Error(`${pattern} was not printed (exit ${exitCode ?? signalCode}):\n${this.output}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Types a line. */
  type(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Ends what is typed, as Ctrl+D does, and gives the exit code. */
  async endInput(): Promise<number | null> {
    this.#process.stdin?.end();
    return await this.exited();
  }

  /** Waits until it has ended by itself, and gives the exit code; a process that stays is killed, which gives `null`. */
  async exited(): Promise<number | null> {
    const killer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    await this.#exited;
    clearTimeout(killer);
    return this.#process.exitCode;
  }

  /** Opens a WebSocket; it is closed with the example. */
  async connect(path: string, options: ConnectOptions = {}): Promise<RawClient> {
    const client = await connect(this.port, { path, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Sends a signal and gives the exit code, `null` if it had to be killed. */
  async stop(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null> {
    // Deno's `ChildProcess.kill` reports the signal as the end, even of a process that exits by itself.
    const { pid, exitCode, signalCode } = this.#process;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, signal);
    return await this.exited();
  }

  async #end(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.stop("SIGKILL");
  }
}

/** Parses a message that is JSON text. */
export async function json(client: RawClient): Promise<unknown> {
  return JSON.parse(String(await client.message()));
}
