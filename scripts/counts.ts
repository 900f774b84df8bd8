import { existsSync, readFileSync } from "node:fs";
import type { Runtime } from "./runtimes.ts";

/** Tests that passed, failed and were skipped. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Adds counts up. */
export function sum(all: readonly Counts[]): Counts {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of all) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

/** The closing line: `12 passed, 0 failed`, and `, 1 skipped` when any were. */
export function toLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Reads a closing line back, the last one when there are several. */
export function fromLine(output: string): Counts | undefined {
  const match = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  return match && { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
}

/** Reads the counts that a runtime's own test runner reported. */
export function read(kind: Runtime["kind"], output: string, files: readonly string[], junit: string): Counts {
  if (kind === "node") return readNode(output, files);
  return kind === "bun" ? readBun(output) : readDeno(junit);
}

function readNode(output: string, files: readonly string[]): Counts {
  const count = (label: string) => Number(new RegExp(`^ℹ ${label} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  // A file that registers no test is reported as a test of its own, which passed.
  const empty = files.filter((file) => output.includes(`\n✔ ${file} (`) || output.startsWith(`✔ ${file} (`)).length;
  return {
    passed: count("pass") - empty,
    failed: count("fail") + count("cancelled"),
    skipped: count("skipped") + count("todo"),
  };
}

function readBun(output: string): Counts {
  const count = (label: string) => Number(new RegExp(`^ *(\\d+) ${label}$`, "m").exec(output)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail") + count("errors?"), skipped: count("skip") + count("todo") };
}

/** Deno counts a group as a test and its tests as steps; its JUnit report names both, so groups can be left out. */
function readDeno(junit: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  if (!existsSync(junit)) return counts;
  const cases = [...readFileSync(junit, "utf8").matchAll(/<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g)];
  const names = new Set(cases.map(([, name = ""]) => name));
  const groups = new Set([...names].flatMap(ancestors).filter((name) => names.has(name)));
  for (const [, name = "", body = ""] of cases) {
    if (body.includes("<failure")) counts.failed += groups.has(name) ? 0 : 1;
    else if (body.includes("<skipped")) counts.skipped += 1;
    else if (!groups.has(name)) counts.passed += 1;
  }
  return counts;
}

function ancestors(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" &gt; "));
}
