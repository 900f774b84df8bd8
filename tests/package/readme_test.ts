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

for (const block of blocks.filter(({ runs }) => runs)) {
  for (const name of ["node26", "deno", "bun"]) {
    test(`${block.place} runs on ${name}`, async () => assert.equal(await execute(block, name), ""));
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

test("a block that begins with // run and fails is found", async () => {
  const [block] = toBlocks("page.md", '```ts\n// run\nthrow new Error("no");\n```\n');
  assert.ok(block?.runs);
  assert.match(await execute(block, "node26"), /exited with 1:[\s\S]*no/);
});

/** Runs a block, and says what went wrong, "" when nothing did. */
async function execute(block: Block, name: string): Promise<string> {
  const files = write([block]);
  try {
    const { kind, binary } = runtime(name);
    const path = files.paths.get(block) ?? "";
    const args = kind === "deno" ? ["run", "-A", "--no-check", "--quiet", path] : [path];
    const { code, output, timedOut } = await run(binary, args, { cwd: root, timeout: 20 });
    if (timedOut) return `still ran after 20 s:\n${output}`;
    return code === 0 ? "" : `exited with ${code}:\n${output}`;
  } finally {
    files[Symbol.dispose]();
  }
}
