/**
 * The arguments of a subcommand.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { UsageError } from "./command.ts";

/** What an option takes: one value, nothing, or one value each time it is given. */
export type OptionKind = "value" | "flag" | "list";

/** What was given on the command line. */
export interface Arguments {
  /** The options with their values; one that takes none has `""`, one that was repeated the last. */
  readonly options: ReadonlyMap<string, string>;
  /** The values of the options that may be repeated, in their order. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** What is no option. */
  readonly positionals: readonly string[];
}

/**
 * Reads arguments.
 *
 * @param known The options by name, and what they take
 * @param letters Those that a letter stands for: `{ H: "header" }` is `-H`
 * @throws {UsageError} If an option is unknown, lacks its value or has one that it does not take
 */
export function toArguments(
  args: readonly string[],
  known: Readonly<Record<string, OptionKind>>,
  letters: Readonly<Record<string, string>> = {},
): Arguments {
  const kinds = new Map(Object.entries(known));
  const shorts = new Map(Object.entries(letters).map(([letter, name]) => [name, letter]));
  const options = Object.fromEntries([...kinds].map(([name, kind]) => [name, toConfig(kind, shorts.get(name))]));
  // Not strict: what is wrong is told by us, in the same words on every runtime.
  const { tokens, positionals } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const found = new Map<string, string>();
  const lists = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const kind = kinds.get(token.name);
    if (kind === undefined) throw new UsageError(`Unknown option "${token.rawName}"`);
    if (kind !== "flag" && (token.value === undefined || token.value === "")) {
      throw new UsageError(`Option ${token.rawName} needs a value`);
    }
    if (kind === "flag" && token.value !== undefined) throw new UsageError(`Option ${token.rawName} takes no value`);
    if (kind === "list") lists.set(token.name, [...(lists.get(token.name) ?? []), token.value ?? ""]);
    else found.set(token.name, token.value ?? "");
  }
  return { options: found, lists, positionals };
}

function toConfig(kind: OptionKind, short: string | undefined): { type: "string" | "boolean"; short?: string } {
  const type = kind === "flag" ? "boolean" : "string";
  return short === undefined ? { type } : { type, short };
}
