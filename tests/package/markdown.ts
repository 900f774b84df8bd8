import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { root } from "../../scripts/root.ts";
import { tsc } from "./packed.ts";
import { text } from "./source.ts";

/** A TypeScript block of a page. */
export interface Block {
  /** The page, and the line of its first line of code: `README.md:12`. */
  readonly place: string;
  readonly code: string;
  /** Whether it begins with a comment `// run`. */
  readonly runs: boolean;
}

/** A folder of the repository that holds blocks as files, so that packages resolve as they do for the source. */
export interface Files extends Disposable {
  readonly folder: string;
  /** The path of each block. */
  readonly paths: ReadonlyMap<Block, string>;
}

/** Finds the blocks of a page that are fenced as `ts`. */
export function toBlocks(page: string, source: string): Block[] {
  const blocks: Block[] = [];
  for (const match of source.matchAll(/^([ \t]*)```(?:ts|typescript)\b[^\n]*\n([\s\S]*?)^\1```[ \t]*$/gm)) {
    const [, indent = "", body = ""] = match;
    const line = source.slice(0, match.index).split("\n").length + 1;
    const code = indent === "" ? body : body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    blocks.push({ place: `${page}:${line}`, code, runs: /^\s*\/\/ run\b/.test(code) });
  }
  return blocks;
}

/** Writes blocks to files, each at the lines that it has in its page, importing the source instead of the package. */
export function write(blocks: readonly Block[]): Files {
  mkdirSync(`${root}/.tmp`, { recursive: true });
  const folder = mkdtempSync(`${root}/.tmp/blocks-`);
  const sources: Record<string, string> = JSON.parse(text("deno.json")).exports;
  const paths = new Map<Block, string>();
  for (const block of blocks) {
    const [page = "", line = "1"] = block.place.split(":");
    const room = /\bBun\.\w/.test(block.code) ? "bun" : /\bDeno\.\w/.test(block.code) ? "deno" : "node";
    mkdirSync(`${folder}/${room}`, { recursive: true });
    const code = block.code.replaceAll(/(["'])@switchboard\/websocket(\/[\w/-]+)?\1/g, (whole, _quote, entry = "") => {
      const source = sources[`.${entry}`];
      return source === undefined ? whole : JSON.stringify(`../../../${source.slice(2)}`);
    });
    const path = `${folder}/${room}/${page.replaceAll(/\W+/g, "_")}_${line}.ts`;
    writeFileSync(path, `${"\n".repeat(Number(line) - 1)}${code}\nexport {};\n`);
    paths.set(block, path);
  }
  return { folder, paths, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Compiles blocks under the flags of the house and returns what the compiler says, "" when it has nothing to say. */
export async function check(files: Files): Promise<string> {
  const said: string[] = [];
  for (const [room, types] of [
    ["node", "node"],
    ["bun", "bun-types"],
    ["deno", "deno"],
  ]) {
    if (![...files.paths.values()].some((path) => path.startsWith(`${files.folder}/${room}/`))) continue;
    const config = `${files.folder}/tsconfig.${room}.json`;
    // A program publishes no declarations, so its exports need no types of their own.
    const compilerOptions = { types: [types], isolatedDeclarations: false, declaration: false, rootDir: root };
    const project = { extends: "../../tsconfig.check.json", compilerOptions, include: [room], exclude: [] };
    writeFileSync(config, JSON.stringify(project));
    const { code, output } = await tsc(["-p", config]);
    if (code !== 0) said.push(output.trim());
  }
  return said.join("\n");
}
