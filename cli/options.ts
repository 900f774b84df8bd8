/**
 * The arguments of a subcommand.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { UsageError } from "./command.ts";

/** What was given on the command line. */
export interface Arguments {
  /** The options with their values; one that takes none has `""`. */
  readonly options: ReadonlyMap<string, string>;
  /** What is no option. */
  readonly positionals: readonly string[];
}

/**
 * Reads arguments.
 *
 * @param known The options by name, and whether they take a value
 * @throws {UsageError} If an option is unknown, lacks its value or has one that it does not take
 */
export function toArguments(args: readonly string[], known: Readonly<Record<string, "value" | "flag">>): Arguments {
  const kinds = new Map(Object.entries(known));
  const options = Object.fromEntries(
    Object.entries(known).map(([name, kind]) => [name, { type: kind === "value" ? "string" : "boolean" } as const]),
  );
  // Not strict: what is wrong is told by us, in the same words on every runtime.
  const { tokens, positionals } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const found = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const kind = kinds.get(token.name);
    if (kind === undefined) throw new UsageError(`Unknown option "${token.rawName}"`);
    if (kind === "value" && (token.value === undefined || token.value === "")) {
      throw new UsageError(`Option ${token.rawName} needs a value`);
    }
    if (kind === "flag" && token.value !== undefined) throw new UsageError(`Option ${token.rawName} takes no value`);
    found.set(token.name, token.value ?? "");
  }
  return { options: found, positionals };
}
