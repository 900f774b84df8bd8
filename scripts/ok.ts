/** Runs all that the continuous integration runs, and closes with the counts of the tests and of these checks. */
import { type Counts, fromLine, sum, toLine } from "./counts.ts";
import { root } from "./root.ts";
import { runtime } from "./runtimes.ts";
import { run } from "./spawn.ts";

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const bin = `${root}/node_modules/.bin`;
const script = (name: string) => ({ command: process.execPath, args: [`${root}/scripts/${name}.ts`] });

const steps: readonly Step[] = [
  { name: "lint", command: `${bin}/biome`, args: ["lint", "--error-on-warnings"] },
  { name: "format", command: `${bin}/biome`, args: ["format"] },
  { name: "type checks", ...script("check") },
  { name: "tests", ...script("test") },
  { name: "build", ...script("build") },
  { name: "publint", command: `${bin}/publint`, args: ["--strict"] },
  { name: "are the types wrong", command: `${bin}/attw`, args: ["--pack", ".", "--profile", "esm-only"] },
  { name: "npm publish --dry-run", command: "npm", args: ["publish", "--dry-run", "--loglevel=error"] },
  { name: "deno publish --dry-run", command: runtime("deno").binary, args: ["publish", "--dry-run", "--allow-dirty"] },
];

const results: Counts[] = [];
const failed: string[] = [];
for (const { name, command, args } of steps) {
  const { code, output, seconds } = await run(command, args, { timeout: 800, echo: name === "tests" });
  const counts = name === "tests" ? fromLine(output) : undefined;
  const passed = code === 0 && (counts === undefined || counts.failed === 0);
  results.push(counts ?? { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 });
  console.log(`${passed ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`);
  if (passed) continue;
  failed.push(name);
  if (name !== "tests") console.log(output.trimEnd().replace(/^/gm, "    "));
}

const total = sum(results);
// Tests that ended without a count, or with one that hides a failure, still fail.
if (failed.length > 0 && total.failed === 0) total.failed = failed.length;
if (failed.length > 0) console.log(`What failed: ${failed.join(", ")}`);
console.log(toLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;
