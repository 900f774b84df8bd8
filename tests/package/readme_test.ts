import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { run } from "../../scripts/spawn.ts";
import { type Block, check, toBlocks, write } from "./markdown.ts";
import { listPages, text } from "./source.ts";

const blocks = listPages().flatMap((page) => toBlocks(page, text(page)));

test(`the ${blocks.length} TypeScript blocks of README.md and docs compile`, async () => {
  const files = write(blocks);
  try {
    assert.equal(await check(files), "");
  } finally {
    files[Symbol.dispose]();
  }
});

const programs = blocks.filter(({ runs }) => runs);
for (const name of ["node26", "deno", "bun"]) {
  // Most of the time of a block alone is that of its process.
  const together = execute(programs, name);
  for (const block of programs) {
    test(`${block.place} runs on ${name}`, async () => {
      if ((await together) !== "") assert.equal(await execute([block], name), "");
    });
  }
}

test("a block that does not compile is found, at its line", async () => {
  const files = write(
    toBlocks("docs/page.md", '# Page\n\n```ts\nconst port: number = "1";\nconsole.log(port);\n```\n'),
  );
  try {
    assert.match(await check(files), /docs_page_md_4\.ts\(4,7\): error TS2322/);
  } finally {
    files[Symbol.dispose]();
  }
});

test("blocks for Bun and for Deno compile against the types of theirs", async () => {
  const page = "```ts\nconsole.log(Bun.version, Bun.env.HOME);\n```\n\n```ts\nDeno.exit(Deno.pid > 0 ? 0 : 1);\n```\n";
  const files = write(toBlocks("page.md", page));
  try {
    assert.equal(await check(files), "");
  } finally {
    files[Symbol.dispose]();
  }
});

test("a block that begins with // run and fails is found, and what keeps its process alive", async () => {
  const page = '```ts\n// run\nthrow new Error("no");\n```\n\n```ts\n// run\nsetInterval(() => {}, 1000);\n```\n';
  const [failing, endless] = toBlocks("page.md", page);
  assert.ok(failing?.runs && endless?.runs);
  assert.match(await execute([failing], "node26"), /exited with 1:[\s\S]*no/);
  assert.match(await execute([endless], "node26", 2), /still ran after 2 s/);
});

/** Runs blocks in a process, one after the other, and says what went wrong, "" when nothing did. */
async function execute(chosen: readonly Block[], name: string, timeout = 20 + chosen.length): Promise<string> {
  const files = write(chosen);
  try {
    const { kind, binary } = runtime(name);
    const command = kind === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
    const args = [...command, "tests/package/run_blocks.ts", ...files.paths.values()];
    const { code, output, timedOut } = await run(binary, args, { cwd: root, timeout });
    if (timedOut) return `still ran after ${timeout} s:\n${output}`;
    return code === 0 ? "" : `exited with ${code}:\n${output}`;
  } finally {
    files[Symbol.dispose]();
  }
}
