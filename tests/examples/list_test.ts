import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../../scripts/root.ts";

const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");
const examples = readdirSync(`${root}/examples`)
  .map((name) => (name.endsWith(".ts") ? `examples/${name}` : `examples/${name}/main.ts`))
  .sort();

/** How the file is run, by the runtime that its name begins with, or by all. */
function toCommands(path: string): string[] {
  const commands = [`node ${path}`, `deno run -A ${path}`, `bun ${path}`];
  const [, only] = /\/(node|deno|bun)_/.exec(path) ?? [];
  return only === undefined ? commands : commands.filter((command) => command.startsWith(only));
}

test("docs/examples.md lists every example", () => {
  const linked = [...read("docs/examples.md").matchAll(/\]\(\.\.\/(examples\/[^)]+\.ts)\)/g)].map(([, path]) => path);
  assert.deepEqual(linked.sort(), examples);
});

for (const path of examples) {
  test(`${path} says how it is run, and imports nothing that a reader has not`, () => {
    const source = read(path);
    const head = source.slice(0, source.indexOf("*/"));
    const lines = head.split("\n").map((line) => line.replace(/^ \* {5}/, "").replace(/ {2,}.*/, ""));
    assert.deepEqual(
      lines.filter((line) => /^(node|deno|bun) /.test(line)),
      toCommands(path),
    );
    // What stands for the package is one of its entry points; the rest is a file of the example, Node's own, Hono, or what the head names.
    const entries = Object.values<string>(JSON.parse(read("deno.json")).exports);
    for (const [, specifier = ""] of source.matchAll(/^import .* from "(.+)";$/gm)) {
      if (specifier.startsWith("./")) assert.ok(existsSync(new URL(specifier, `file://${root}/${path}`)), specifier);
      else if (!specifier.startsWith("."))
        assert.match(specifier, /^(node:|hono$|hono\/|valibot$|@valibot\/to-json-schema$|jose$)/);
      else assert.ok(entries.includes(`./${specifier.replace(/^(\.\.\/)+/, "")}`), specifier);
    }
  });
}
