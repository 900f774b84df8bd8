import assert from "node:assert/strict";
import { test } from "node:test";
import { code, list, text } from "./source.ts";

const published = list(
  "mod.ts",
  "listener.ts",
  "engines.ts",
  "client.ts",
  "transports.ts",
  "{src,adapters,auth,cli,entries,page,tls}/**/*.ts",
);
const core = published.filter((file) => file.startsWith("src/"));

/** Lines of code that match a pattern, comments and literals left out. */
function find(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    code(text(file))
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

function lines(file: string): number {
  return text(file).trimEnd().split("\n").length;
}

test("src names no global of a runtime", () => {
  assert.deepEqual(find(core, /(?<![.\w#])(?:(?:Deno|Bun|process)\s*[.?[]|Buffer\b|require\s*\(|__dirname\b)/), []);
});

test("no file uses any, an exported default or export *", () => {
  // A member may be called any (Promise.any), a type may not.
  assert.deepEqual(find(published, /(?<![.\w#])any\b(?!\s*[(:?])/), []);
  assert.deepEqual(find(published, /^\s*export\s+(?:default\b|\*)/), []);
});

test("no file casts with as, but for as const and what a runtime.ts declares", () => {
  const files = published.filter((file) => !file.endsWith("/runtime.ts"));
  // Renaming in an import or export clause is no cast, nor is that of a mapped type.
  const casts = find(files, /\bas\b(?!\s+const\b)/);
  assert.deepEqual(
    casts.filter((line) => !/(?:\{|,|^\S+:\d+:)\s*(?:type\s+)?\w+ as \w+\s*(?:,|\}|$)|\[\w+ in .+ as /.test(line)),
    [],
  );
});

test("no module keeps state in a variable that changes", () => {
  assert.deepEqual(find(published, /^(?:export\s+)?(?:let|var)\s/), []);
});

test("no file of src is over 300 lines, no adapter's mod.ts over 130", () => {
  const adapters = published.filter((file) => /^adapters\/\w+\/mod\.ts$/.test(file));
  const long = [...core.filter((file) => lines(file) > 300), ...adapters.filter((file) => lines(file) > 130)];
  assert.deepEqual(
    long.map((file) => `${file}: ${lines(file)} lines`),
    [],
  );
});
