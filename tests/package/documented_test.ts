import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { run } from "../../scripts/spawn.ts";
import { text } from "./source.ts";

const { exports }: { exports: Record<string, string> } = JSON.parse(text("jsr.json"));

// What a reader meets who looks a symbol up. Slices of a runtime are told by the runtime; names and constructors of errors are as those of any error.
const isClear = (file: string, line: string) =>
  /^adapters\/\w+\/runtime\.ts$/.test(file) || /^\s*(?:override get name\(\)|constructor\(message: string)/.test(line);

test("every public symbol has a docstring", async () => {
  const { output } = await run(runtime("deno").binary, ["doc", "--lint", ...Object.values(exports)]);
  const found = [...output.matchAll(/^error\[missing-jsdoc\].*\n *--> (.+?):(\d+):\d+$/gm)];
  assert.ok(found.length > 0, output);
  const bare = found.flatMap(([, path = "", line = ""]) => {
    const file = relative(root, path);
    const source = readFileSync(path, "utf8").split("\n")[Number(line) - 1] ?? "";
    return isClear(file, source) ? [] : [`${file}:${line} ${source.trim()}`];
  });
  assert.deepEqual(bare, []);
});
