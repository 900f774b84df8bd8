/**
 * Writes page/assets.ts: the documentation page's HTML, style and script as texts.
 *
 *     npx node scripts/page.ts            writes
 *     npx node scripts/page.ts --check    writes nothing, and fails when the file is stale
 *
 * The modules of page/ become one script by Bun's bundler, whose version the lockfile holds.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { root } from "./root.ts";
import { runtime } from "./runtimes.ts";
import { run } from "./spawn.ts";

const file = `${root}/page/assets.ts`;
const read = (name: string): string => readFileSync(`${root}/page/${name}`, "utf8");

/** Makes one script of main.js and what it imports. */
async function bundle(): Promise<string> {
  const args = ["build", "page/main.js", "--minify", "--target=browser", "--format=esm"];
  const { code, output } = await run(runtime("bun").binary, args);
  if (code !== 0) throw new Error(`Bun cannot build the script: ${output}`);
  return output.trim();
}

/** Takes out comments, indentation, and the blanks and semicolons that mean nothing. */
function shrink(style: string): string {
  return style
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s+/gm, "")
    .replaceAll(/\s*([{};])\s*/g, "$1")
    .replaceAll(/([:,]) +/g, "$1")
    .replaceAll(";}", "}")
    .replaceAll(/(?<=\})(?=[^}])/g, "\n")
    .trim();
}

/** Makes the source of page/assets.ts. */
export async function toAssets(): Promise<string> {
  const texts = { HTML: read("page.html").trim(), STYLE: shrink(read("style.css")), SCRIPT: await bundle() };
  const constants = Object.entries(texts).map(([name, text]) => {
    const lines = text.split("\n").map((line) => `  ${JSON.stringify(line)},\n`);
    return `export const ${name}: string = [\n${lines.join("")}].join("\\n");\n`;
  });
  return `// Made by scripts/page.ts of what stands beside it: not to be edited.\n\n${constants.join("\n")}`;
}

/** Writes page/assets.ts if it is stale, or only looks; tells whether it was. */
export async function update(write: boolean): Promise<boolean> {
  const made = await toAssets();
  const isStale = readOr("assets.ts") !== made;
  if (isStale && write) writeFileSync(file, made);
  return isStale;
}

function readOr(name: string): string | undefined {
  try {
    return read(name);
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const isStale = await update(!check);
  if (isStale) console.log(check ? "page/assets.ts is stale: run npx node scripts/page.ts" : "Wrote page/assets.ts");
  if (check && isStale) process.exitCode = 1;
}
