import type { Runtime } from "./runtimes.ts";

/** A test that failed, and the file it stands in. */
export interface Failure {
  readonly name: string;
  readonly file: string;
}

/** Finds the failed tests in what a runtime's own test runner printed. */
export function failures(kind: Runtime["kind"], output: string): Failure[] {
  const { file, test } = forms[kind];
  const found = new Map<string, Failure>();
  let current: string | undefined;
  for (const line of output.split("\n")) {
    current = file.exec(line)?.[1] ?? current;
    const name = test.exec(line)?.[1];
    if (name === undefined || current === undefined) continue;
    found.set(`${current} ${name}`, { name, file: current });
    // Node prints a failure where it happens, too, before any file is named, and a group that failed for its tests.
    if (kind === "node") current = undefined;
  }
  return [...found.values()];
}

/** Tells whether something threw that belongs to no test, by what Node prints of it, and by the mark of deno_preload.ts; Bun counts it. */
export function threwOutside(output: string): boolean {
  return /^(?:Uncaught while testing:|ℹ Error: Test ".*" at \S+ generated asynchronous activity after the test ended)/m.test(
    output,
  );
}

/** What a runner printed without the lines of tests that passed. */
export function withoutPasses(output: string): string {
  return output.replace(/^(?: *✔ .*|\(pass\) .*|.* \.\.\. ok \(.*\))\n/gm, "");
}

/** How runners name the file of what follows, and a test that failed. */
const forms: Record<Runtime["kind"], { readonly file: RegExp; readonly test: RegExp }> = {
  node: { file: /^test at (\S+?):\d+:\d+$/, test: /^✖ (.*) \([\d.]+ms\)$/ },
  bun: { file: /^(\S+_test\.ts):$/, test: /^\(fail\) (.*?)(?: \[[\d.]+\w*\])?$/ },
  deno: { file: /^running \d+ tests? from \.\/(\S+)$/, test: /^ *(.*) \.\.\. FAILED \((?!due to).*\)$/ },
};
