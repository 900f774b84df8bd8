/**
 * What a subcommand of `switchboard` is.
 *
 * @module
 */

/** What a command reads from; `process.stdin` is one. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  /** Whether somebody types. */
  readonly isTTY?: boolean;
  /** Makes each key arrive at once, and none be shown. */
  setRawMode?(raw: boolean): unknown;
  /** Reads without closing the stream when the reader stops. */
  iterator?(options: { destroyOnReturn: boolean }): AsyncIterator<Uint8Array | string>;
}

/** What a command writes to; `process.stdout` is one. */
export interface Output {
  /** Whether somebody reads it at a terminal. */
  readonly isTTY?: boolean;
  /** Writes text; `false` says that "drain" will tell when there is room for more. */
  write(text: string): unknown;
  /** Calls back on "drain", and on "error" when nobody reads any more. */
  on?(event: "drain" | "error", listener: () => void): unknown;
}

/** What somebody does at the prompt. */
export interface Keys {
  /** A line was typed. */
  line(text: string): void;
  /** Ctrl+C was pressed. */
  interrupt(): void;
  /** Ctrl+D was pressed. */
  end(): void;
}

/** A prompt at the foot of a terminal. */
export interface Editor {
  /** Writes whole lines above the prompt. */
  print(text: string): void;
  /** Takes the prompt away. */
  close(): void;
}

/** What ends a program from outside. */
export type Signal = "SIGINT" | "SIGTERM";

/** The three streams of a command, and what else it has of its process. */
export interface Streams {
  /** What is read. */
  readonly input: Input;
  /** Where the result goes. */
  readonly output: Output;
  /** Where questions and complaints go. */
  readonly errors: Output;
  /** The environment variables. @default none */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Opens a prompt. Absent where nobody types, or nobody sees it. */
  edit?(keys: Keys): Editor;
  /** Calls back instead of ending the process, until the returned function is called. */
  onSignal?(listener: (signal: Signal) => void): () => void;
}

/** A subcommand. */
export interface Command {
  /** What it does, in one line. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /**
   * Runs it and gives the exit code.
   *
   * @throws {UsageError} If the arguments are wrong: exit code 2
   * @throws {CommandError} If it cannot do its work: the exit code of the error
   */
  run(args: readonly string[], streams: Streams): Promise<number>;
}

/** A command could not do its work; the message is the one line that is printed. */
export class CommandError extends Error {
  /** The exit code of the process. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The arguments are wrong. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, 2);
  }
}
