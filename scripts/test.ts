/**
 * Runs the test matrix, six cells at a time since much of it is waiting, a line for each, and closes with `N passed, M failed`.
 * The suites are over real sockets and clocks: files of which a few tests failed run once more, alone, when all else has ended.
 * What passes then is told, and what fails again has failed.
 *
 *     npm test                       everything
 *     npm test -- unit deno          the cells whose name holds both words
 *     npm test -- unit reply_test.ts one file, on every runtime
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type Cell, cells } from "./cells.ts";
import { type Counts, read, sum, toLine } from "./counts.ts";
import { type Failure, failures, threwOutside, withoutPasses } from "./failures.ts";
import { root } from "./root.ts";
import { chromium, type Runtime, runtime } from "./runtimes.ts";
import { type Outcome, run } from "./spawn.ts";

/** Seconds that the whole matrix may take. */
const limit = 770;

/** More failed tests of a cell than these are no accident. */
const few = 3;

const words = process.argv.slice(2);
const matrix = cells(words);
if (matrix.length === 0) {
  console.error(words.length > 0 ? `No cell of the matrix matches "${words.join(" ")}"` : "There is no test to run");
  console.log(toLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exit(1);
}

mkdirSync(`${root}/.tmp`, { recursive: true });
const reports = mkdtempSync(`${root}/.tmp/reports-`);
const width = Math.max(...matrix.map(({ name }) => name.length));
const results: Result[] = [];
const waiting = [...matrix];
await Promise.all([work(), work(), work(), work(), work(), work()]);
const final: Result[] = [];
for (const result of results) final.push(await again(result));
rmSync(reports, { recursive: true });
for (const { cell, failed } of final) for (const { name } of failed) console.log(`Failed: ${cell.name}: ${name}`);

const total = sum(final.map(({ counts }) => counts));
console.log(toLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;

async function work(): Promise<void> {
  for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) results.push(await runCell(cell));
}

/** What came of a cell. */
interface Result {
  readonly cell: Cell;
  readonly counts: Counts;
  /** Its failed tests, as far as the runner named them. */
  readonly failed: readonly Failure[];
}

async function runCell(cell: Cell, remark = ""): Promise<Result> {
  if (cell.skip !== undefined) {
    console.log(`skip ${cell.name.padEnd(width)}  ${cell.files.length} skipped: ${cell.skip}`);
    return { cell, counts: { passed: 0, failed: 0, skipped: cell.files.length }, failed: [] };
  }
  const { kind, binary } = runtime(cell.runtime);
  const junit = `${reports}/${cell.name.replace(/\W+/g, "-")}.xml`;
  const timeout = Math.max(1, Math.min(cell.timeout, limit - performance.now() / 1000));
  const env = { CHROMIUM: chromium() };
  const outcome = await run(binary, toArguments(kind, cell, junit), { timeout, env });
  const counts = read(kind, outcome.output, cell.files, junit);
  const problem = toProblem(counts, outcome, timeout);
  if (problem !== undefined && counts.failed === 0) counts.failed = 1;
  const verdict = counts.failed > 0 ? "FAIL" : "ok  ";
  console.log(`${verdict} ${cell.name.padEnd(width)}  ${toLine(counts)} (${outcome.seconds.toFixed(1)} s)${remark}`);
  if (counts.failed === 0) return { cell, counts, failed: [] };
  console.log(indent(withoutPasses(outcome.output).trimEnd()));
  if (problem !== undefined) console.log(indent(problem));
  return { cell, counts, failed: problem === undefined ? failures(kind, outcome.output) : [] };
}

/** Runs the files again in which a few tests failed. These count as passed if none fails now. */
async function again(first: Result): Promise<Result> {
  const { cell, counts, failed } = first;
  if (failed.length === 0 || failed.length !== counts.failed || failed.length > few) return first;
  // A test may be registered by a module that is no test file: then all of them are run.
  const isKnown = failed.every(({ file }) => cell.files.includes(file));
  const files = isKnown ? [...new Set(failed.map(({ file }) => file))] : cell.files;
  const second = await runCell({ ...cell, files }, `, once more: ${isKnown ? files.join(", ") : "all"}`);
  if (second.counts.failed > 0) return first;
  for (const { name } of failed) console.log(`Failed once, and passed when run again: ${cell.name}: ${name}`);
  return { cell, counts: { ...counts, passed: counts.passed + counts.failed, failed: 0 }, failed: [] };
}

function toArguments(kind: Runtime["kind"], { files, oneProcess, timeout }: Cell, junit: string): string[] {
  const isolation = oneProcess === true ? ["--experimental-test-isolation=none"] : [];
  // For Node a file in a process of its own is a test, too.
  const most = [...isolation, "--test-reporter=spec", `--test-timeout=${timeout * 1000}`];
  if (kind === "node") return ["--test", ...most, ...files];
  if (kind === "bun") return ["test", "--timeout=120000", ...files.map((file) => `./${file}`)];
  return ["test", "-A", "--no-check", "--preload=./scripts/deno_preload.ts", `--junit-path=${junit}`, ...files];
}

/** What is wrong with a cell beyond its failed tests. */
function toProblem(counts: Counts, { code, output, timedOut }: Outcome, timeout: number): string | undefined {
  if (timedOut) return `Stopped after ${timeout.toFixed(0)} s: a test hangs or left something open`;
  if (code === null) return "The runner was killed";
  if (counts.passed + counts.failed === 0) return "No test was executed";
  if (threwOutside(output)) return "Something threw outside of a test";
  if (code !== 0 && counts.failed === 0) return `The runner exited with ${code} although no test failed`;
  return undefined;
}

/** Keeps what a runner printed apart from our own lines, so that only the last line counts. */
function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
