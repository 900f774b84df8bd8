/**
 * What a transport of the client cannot do, said once for the suite.
 *
 * A test that names a gap still runs with that transport, and has to fail there: a fix upstream is noticed, and the row deleted.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

/** The transports under test. */
export type TransportName = "ws" | "platform";

/** The runtimes that differ. */
export type RuntimeName = "node22" | "node24" | "node26" | "deno" | "bun";

/** Something that a transport cannot do. */
export interface Gap {
  readonly transport: TransportName;
  /** Where it cannot. @default everywhere */
  readonly on?: readonly RuntimeName[];
  /** What tests call it. */
  readonly key: string;
  /** What happens instead, as it was measured. */
  readonly reason: string;
  /** Where it would be mended. */
  readonly upstream: string;
}

/** Every gap that is known. */
export const gaps: readonly Gap[] = [];

/** The runtime under the tests. */
export const runtime: RuntimeName = toRuntime();

/** Finds the gap that a test names, if the transport has it on this runtime. */
export function findGap(transport: TransportName, key: string | undefined): Gap | undefined {
  return gaps.find((gap) => gap.transport === transport && gap.key === key && (gap.on?.includes(runtime) ?? true));
}

/** Registers a test; where the transport has the gap that `key` names, `fn` must fail. A test has to fail within its own time. */
export function gapTest(
  transport: TransportName,
  key: string | undefined,
  title: string,
  fn: (gap: Gap | undefined) => Promise<void>,
): void {
  const gap = findGap(transport, key);
  if (gap === undefined) {
    test(title, () => fn(gap));
    return;
  }
  test(`${title} (gap: ${gap.key})`, async () => {
    const failed = await fn(gap).then(
      () => false,
      () => true,
    );
    assert.ok(failed, `The gap "${gap.key}" of ${transport} on ${runtime} is closed: it was: ${gap.reason}`);
  });
}

function toRuntime(): RuntimeName {
  if ("Bun" in globalThis) return "bun";
  if (process.versions.deno !== undefined) return "deno";
  const major = Number.parseInt(process.versions.node, 10);
  return major < 24 ? "node22" : major < 26 ? "node24" : "node26";
}
