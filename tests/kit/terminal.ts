/** A program in a real terminal, which `script` of util-linux lends. It runs on the runtime that runs the test. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { StringDecoder } from "node:string_decoder";
import { root } from "../../scripts/root.ts";
import { Screen } from "./screen.ts";
import { Waiter } from "./waiter.ts";

/** Milliseconds that a wait may take. */
const PATIENCE = 10_000;

/** Keys that are no characters. */
export const KEYS = {
  enter: "\r",
  up: "\u001b[A",
  left: "\u001b[D",
  home: "\u001b[H",
  end: "\u001b[F",
  ctrlC: "\u0003",
  ctrlD: "\u0004",
  ctrlU: "\u0015",
} as const;

/** Why there is no terminal, or `false`. */
export const noTerminal: string | false =
  spawnSync("script", ["--version"]).status === 0 ? false : "no script of util-linux";

/** How a program is started. */
export interface TerminalOptions {
  /** @default 80 */
  columns?: number;
  /** Environment variables besides those of the test. */
  env?: Record<string, string>;
}

/** A terminal with a program that runs in it. */
export class Terminal implements AsyncDisposable {
  readonly screen: Screen;
  readonly #process: ChildProcess;
  readonly #waiter = new Waiter();
  #fault: unknown;
  #exit: number | string | undefined;
  #tty = "";
  #writes = 0;

  private constructor(args: readonly string[], { columns = 80, env = {} }: TerminalOptions) {
    this.screen = new Screen(columns);
    const program = [...command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const line = `stty rows 24 cols ${columns}; tty; exec ${program}`;
    this.#process = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], {
      stdio: "pipe",
      env: { ...process.env, SHELL: "/bin/sh", TERM: "xterm", NO_COLOR: "", ...env },
    });
    const decoder = new StringDecoder("utf8");
    this.#process.stdout?.on("data", (chunk: Buffer) => this.#take(decoder.write(chunk)));
    this.#process.on("close", (code, signal) => {
      this.#exit = code ?? signal ?? "unknown";
      this.#waiter.wake();
    });
  }

  /** Starts `switchboard` with arguments. */
  static async start(args: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
    const terminal = new Terminal(args, options);
    await terminal.shows(/^\/dev\/\S+\n/);
    [terminal.#tty = ""] = terminal.screen.rows;
    return terminal;
  }

  /** Presses keys. */
  type(...keys: string[]): void {
    this.#process.stdin?.write(keys.join(""));
  }

  /** Waits until what is shown matches. */
  async shows(pattern: RegExp): Promise<void> {
    const isThere = () => pattern.test(this.screen.text) || this.#fault !== undefined || this.#exit !== undefined;
    await this.#waiter.until(`${pattern}`, isThere, PATIENCE, () => `it shows\n${this.screen.text}`);
    if (this.#fault !== undefined) throw this.#fault;
    if (!pattern.test(this.screen.text)) throw new Error(`It ended with ${this.#exit}, and shows\n${this.screen.text}`);
  }

  /** Waits until the cursor stands in a column, from 0. */
  async cursorIn(column: number): Promise<void> {
    const isThere = () => this.screen.cursor[1] === column || this.#exit !== undefined;
    await this.#waiter.until(`the cursor in ${column}`, isThere, PATIENCE, () => `it is at ${this.screen.cursor}`);
  }

  /** Makes the terminal narrower or wider, and waits until the program has drawn its prompt anew: the signal that tells it may come late. */
  async resize(columns: number): Promise<void> {
    this.screen.resize(columns);
    const before = this.#writes;
    const { status, stderr } = spawnSync("stty", ["-F", this.#tty, "cols", String(columns)]);
    if (status !== 0) throw new Error(`Cannot resize ${this.#tty}: ${stderr}`);
    const isDrawn = () => this.#writes > before || this.#exit !== undefined;
    await this.#waiter.until("a prompt in the new width", isDrawn, PATIENCE, () => `it shows\n${this.screen.text}`);
  }

  /** Waits for the end, and gives the exit code. */
  async exit(): Promise<number | string | undefined> {
    const describe = () => `it shows\n${this.screen.text}`;
    await this.#waiter.until("the end of the program", () => this.#exit !== undefined, PATIENCE, describe);
    if (this.#fault !== undefined) throw this.#fault;
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) this.#process.kill("SIGKILL");
    await this.#waiter.until("the end of the terminal", () => this.#exit !== undefined, PATIENCE);
  }

  #take(text: string): void {
    this.#writes++;
    try {
      this.screen.write(text);
    } catch (error) {
      this.#fault ??= error;
    }
    this.#waiter.wake();
  }
}

/** The words that start `switchboard` on the runtime that runs the test. */
export const command: readonly string[] = [
  process.execPath,
  ...(process.versions.deno === undefined ? [] : ["run", "-A", "--no-check"]),
  `${root}/cli/main.ts`,
];
