/**
 * Runtimes that are older than those that the module is made for.
 *
 * @module
 */

import type { EngineName } from "./capabilities.ts";
import type { Host } from "./host.ts";

/** The oldest version of each runtime that the module is made for: those of package.json. */
export const OLDEST: Readonly<Record<EngineName, string>> = { node: "22.18.0", bun: "1.4.4", deno: "2.9.3" };

const TITLES: Readonly<Record<EngineName, string>> = { node: "Node", bun: "Bun", deno: "Deno" };

/** Says that a runtime is older than the module is made for, if it is; one whose version cannot be read is not. */
export function toAgeWarning(runtime: EngineName, version: string | undefined): string | undefined {
  const oldest = OLDEST[runtime];
  if (version === undefined || !isOlder(toNumbers(version), toNumbers(oldest))) return undefined;
  return `${TITLES[runtime]} ${version} is older than ${oldest}, the oldest that this module is made for: see Versions in its docs/engines.md`;
}

/** Warns once of a runtime that is too old; adapters call it before they serve. */
export function warnOfAge(host: Host, runtime: EngineName, version: string | undefined): void {
  const warning = toAgeWarning(runtime, version);
  if (warning !== undefined) host.warnOnce(warning);
}

// What follows the numbers, as in `1.4.4-canary.1`, is taken for the release.
function toNumbers(version: string): number[] {
  return /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  const first = version.findIndex((part, index) => part !== than[index]);
  return first !== -1 && (version[first] ?? 0) < (than[first] ?? 0);
}
