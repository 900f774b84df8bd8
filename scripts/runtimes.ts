import { existsSync } from "node:fs";
import { root } from "./root.ts";

/** A runtime of the matrix: what it is called, and its binary. */
export interface Runtime {
  readonly name: string;
  readonly kind: "node" | "deno" | "bun";
  readonly binary: string;
}

/** Every runtime that the lockfile brings. */
export const runtimes: readonly Runtime[] = [
  { name: "node22", kind: "node", binary: `${root}/node_modules/node22/bin/node` },
  { name: "node24", kind: "node", binary: `${root}/node_modules/node24/bin/node` },
  { name: "node26", kind: "node", binary: `${root}/node_modules/node/bin/node` },
  { name: "deno", kind: "deno", binary: `${root}/node_modules/.bin/deno` },
  { name: "bun", kind: "bun", binary: `${root}/node_modules/.bin/bun` },
];

/** Finds a runtime by its name, and says what to do when it is not installed. */
export function runtime(name: string): Runtime {
  const found = runtimes.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(`No runtime is called "${name}"`);
  if (!existsSync(found.binary)) throw new Error(`${name} is not installed: run "npm ci"`);
  return found;
}

/** The path of a Chromium, or undefined when this machine has none. */
export function chromium(): string | undefined {
  const candidates = [process.env.CHROMIUM, "/usr/bin/chromium"];
  return candidates.find((path) => path !== undefined && path !== "" && existsSync(path));
}
