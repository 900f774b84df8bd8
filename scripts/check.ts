/** Runs every type check: the core without a runtime's types, then the whole tree on Node, on Bun and on Deno, and the documentation page's script. */
import { existsSync, globSync } from "node:fs";
import { root } from "./root.ts";
import { runtime } from "./runtimes.ts";
import { run } from "./spawn.ts";

const tsc = `${root}/node_modules/typescript/bin/tsc`;
// What Deno must understand: the entry points, and the tests that are its own.
const forDeno = [
  ...[
    "mod.ts",
    "entries/deno.ts",
    "entries/node.ts",
    "entries/bun.ts",
    "auth/mod.ts",
    "auth/client/mod.ts",
    "entries/client.ts",
    "entries/client_run.ts",
    "entries/contract.ts",
    "entries/asyncapi.ts",
    "cli/main.ts",
    "src/testing/mod.ts",
  ],
  ...globSync("{tests,examples}/**/deno_*.ts", { cwd: root }),
].filter((path) => existsSync(`${root}/${path}`));

const checks: { name: string; command: string; args: readonly string[] }[] = [
  ...["core", "check", "examples", "bun", "page"].map((name) => ({
    name: `tsc -p tsconfig.${name}.json`,
    command: process.execPath,
    args: [tsc, "-p", `tsconfig.${name}.json`],
  })),
  { name: "deno check", command: runtime("deno").binary, args: ["check", "--quiet", ...forDeno] },
];

let failed = 0;
for (const { name, command, args } of checks) {
  const { code, output, seconds } = await run(command, args);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`);
  if (code === 0) continue;
  failed += 1;
  console.log(output.trimEnd());
}
process.exitCode = failed > 0 ? 1 : 0;
