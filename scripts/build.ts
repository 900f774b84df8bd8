/**
 * Builds what npm publishes: ES modules and declarations, laid out as the source is.
 *
 *     npm run build                    into dist
 *     node scripts/build.ts folder     into another folder
 */
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "./root.ts";
import { run } from "./spawn.ts";

const folder = resolve(root, process.argv[2] ?? "dist");
rmSync(folder, { recursive: true, force: true });
const tsc = `${root}/node_modules/typescript/bin/tsc`;
const { code, output } = await run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", folder]);
if (output !== "") console.log(output.trimEnd());
process.exitCode = code ?? 1;

// The compiler rewrites `.ts` in modules and leaves it in declarations, where only its own recent versions accept it.
for (const name of globSync("**/*.d.ts", { cwd: folder })) {
  const path = join(folder, name);
  const source = readFileSync(path, "utf8");
  const rewritten = source.replaceAll(/((?:\bfrom|\bimport|\bimport\()\s*"\.{1,2}\/[^"]*)\.ts"/g, '$1.js"');
  if (rewritten !== source) writeFileSync(path, rewritten);
}
