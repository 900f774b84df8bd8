/**
 * `switchboard hash-password`: makes a hash for a user store.
 *
 * @module
 */

import { hashPassword, toPasswordProblem } from "../auth/password.ts";
import { type Command, CommandError, UsageError } from "./command.ts";
import { toArguments } from "./options.ts";
import { readSecret } from "./read_secret.ts";

/** Reads a password from standard input and prints its hash. */
export const hashPasswordCommand: Command = {
  summary: "Makes the hash of a password, for a file of users",
  help: `Usage: switchboard hash-password [--scheme scrypt|pbkdf2]

Reads a password from standard input, unseen when it is typed, and prints its hash
for the field "password" of a user.

  --scheme  scrypt (the default), or pbkdf2
  --help    prints this

  switchboard hash-password
  printf %s "$PASSWORD" | switchboard hash-password --scheme pbkdf2
`,
  async run(args, { input, output, errors }) {
    const { options, positionals } = toArguments(args, { scheme: "value" });
    const scheme = options.get("scheme") ?? "scrypt";
    if (scheme !== "scrypt" && scheme !== "pbkdf2") {
      throw new UsageError(`Option --scheme is ${JSON.stringify(scheme)}: must be scrypt or pbkdf2`);
    }
    // Not repeated: it may be the password, which other users of the machine can read there.
    if (positionals.length > 0)
      throw new UsageError("The password is read from standard input, not from the arguments");
    const password = await readSecret(input, errors);
    const problem = toPasswordProblem(password);
    if (problem !== undefined) throw new CommandError(`The password ${problem}`);
    output.write(`${await hashPassword(password, { scheme })}\n`);
    return 0;
  },
};
