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
}

/** What a command writes to; `process.stdout` is one. */
export interface Output {
  /** Writes text. */
  write(text: string): unknown;
}

/** The three streams of a command. */
export interface Streams {
  /** What is read. */
  readonly input: Input;
  /** Where the result goes. */
  readonly output: Output;
  /** Where questions and complaints go. */
  readonly errors: Output;
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
