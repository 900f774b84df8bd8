/** A program of a test in a process of its own, on the runtime that runs the test. They speak lines of JSON. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Waiter } from "./waiter.ts";

/** Milliseconds that a wait may take. */
const PATIENCE = 30_000;

/** A running program. */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiter = new Waiter();
  readonly #lines: string[] = [];
  #rest = "";
  #errors = "";
  #exit: string | undefined;

  /** Starts a program with its garbage collector at hand. */
  constructor(program: URL, ...args: string[]) {
    this.#process = spawn(process.execPath, [...flags(), fileURLToPath(program), ...args], { stdio: "pipe" });
    this.#process.stdout?.on("data", (chunk: Buffer) => this.#take(chunk.toString()));
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#errors += chunk;
    });
    this.#process.on("close", (code, signal) => {
      this.#exit = `exit ${code ?? signal}`;
      this.#waiter.wake();
    });
  }

  /**
   * Waits for the next line.
   *
   * @throws If the program ends before
   */
  async line<Line>(): Promise<Line> {
    const there = () => this.#lines.length > 0 || this.#exit !== undefined;
    await this.#waiter.until("a line", there, PATIENCE, () => `stderr: ${this.#errors}`);
    const line = this.#lines.shift();
    if (line === undefined) throw new Error(`The program ended (${this.#exit}): ${this.#errors}`);
    return JSON.parse(line) as Line;
  }

  /**
   * Waits until the program has ended by itself, and gives its exit code or the signal.
   *
   * @throws If that takes longer than `patience` milliseconds
   */
  async ended(patience: number = PATIENCE): Promise<string> {
    const describe = () => `stdout: ${this.#lines.join(" ")}, stderr: ${this.#errors}`;
    await this.#waiter.until("the program to end by itself", () => this.#exit !== undefined, patience, describe);
    return this.#exit ?? "";
  }

  /** Gives the program a line. */
  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Sends the program a signal. */
  signal(signal: "SIGTERM"): void {
    const { pid } = this.#process;
    // Not the child's own kill(), after which Deno reports an end by that signal, whatever the end was.
    if (pid !== undefined) process.kill(pid, signal);
  }

  /** Kills the program and waits for its end. */
  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#waiter.until("the end of the program", () => this.#exit !== undefined, PATIENCE);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#lines.push(...lines);
    this.#waiter.wake();
  }
}

function flags(): string[] {
  if (process.versions.bun !== undefined) return ["run"];
  if (process.versions.deno !== undefined) return ["run", "-A", "--no-check", "--v8-flags=--expose-gc"];
  return ["--expose-gc"];
}

/** In the program: prints a line. */
export function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** In the program: calls back for each line that it is told. */
export function onTold(listener: (line: string) => void): void {
  process.stdin.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n")) if (line !== "") listener(line);
  });
}

/** In the program: collects garbage. */
export function collect(): void {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(sync: boolean): void } };
  if (Bun !== undefined) Bun.gc(true);
  else if (gc !== undefined) gc();
  else throw new Error("There is no gc to call");
}

/** In the program: bytes of memory that the process holds. */
export function resident(): number {
  return process.memoryUsage().rss;
}
