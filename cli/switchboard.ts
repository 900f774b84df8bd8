/**
 * The command `switchboard` and its subcommands.
 *
 * @module
 */

import { asyncApiCommand } from "./asyncapi.ts";
import { type Command, CommandError, type Streams, UsageError } from "./command.ts";
import { connectCommand } from "./connect.ts";
import { hashPasswordCommand } from "./hash_password.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["connect", connectCommand],
  ["hash-password", hashPasswordCommand],
  ["asyncapi", asyncApiCommand],
]);

/**
 * Runs the subcommand that the arguments name, and gives the exit code: 0, 1 when it failed, 2 when the arguments are wrong, others as its help says.
 *
 * @param args What follows the name of the program
 */
export async function switchboard(args: readonly string[], streams: Streams): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === "--help" || name === "-h") return print(streams, toHelp());
    if (name === undefined) throw new UsageError(`Name a command: ${[...COMMANDS.keys()].join(", ")}`);
    const command = COMMANDS.get(name);
    if (command === undefined) {
      throw new UsageError(
        `Unknown command ${JSON.stringify(name)}: must be one of ${[...COMMANDS.keys()].join(", ")}`,
      );
    }
    if (rest.includes("--help") || rest.includes("-h")) return print(streams, command.help);
    return await command.run(rest, streams);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    streams.errors.write(`${error.message}\n`);
    return error.exitCode;
  }
}

function print({ output }: Streams, text: string): number {
  output.write(text);
  return 0;
}

function toHelp(): string {
  const commands = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(13)}  ${summary}`);
  return `Usage: switchboard COMMAND [OPTIONS]\n\n${commands.join("\n")}\n\nswitchboard COMMAND --help tells more.\n`;
}
