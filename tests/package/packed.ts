import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/root.ts";
import { type Outcome, run } from "../../scripts/spawn.ts";

/** A project of a user's, outside the repository, in which the packed package is installed. */
export interface Consumer extends AsyncDisposable {
  /** The project's folder. */
  readonly folder: string;
  /** The installed package's folder. */
  readonly installed: string;
}

/** Builds and packs the package as npm publishes it, and installs the tarball into an empty project. */
export async function install(): Promise<Consumer> {
  mkdirSync(`${root}/.tmp`, { recursive: true });
  // Built aside, so that dist stays as it is.
  const staging = mkdtempSync(`${root}/.tmp/pack-`);
  const folder = mkdtempSync(join(tmpdir(), "websocket-consumer-"));
  const dispose = () => {
    for (const path of [staging, folder]) rmSync(path, { recursive: true, force: true });
  };
  try {
    await must(run(process.execPath, [`${root}/scripts/build.ts`, `${staging}/dist`]));
    for (const name of ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"]) {
      if (existsSync(`${root}/${name}`)) copyFileSync(`${root}/${name}`, `${staging}/${name}`);
    }
    await must(run("npm", ["pack", "--ignore-scripts", "--loglevel=error"], { cwd: staging }));
    const tarball = readdirSync(staging).find((name) => name.endsWith(".tgz"));
    if (tarball === undefined) throw new Error("npm pack wrote no tarball");
    writeFileSync(`${folder}/package.json`, JSON.stringify({ name: "consumer", private: true, type: "module" }));
    const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    await must(run("npm", ["install", ...options, `${staging}/${tarball}`], { cwd: folder }));
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    folder,
    installed: `${folder}/node_modules/@switchboard/websocket`,
    [Symbol.asyncDispose]: async () => dispose(),
  };
}

/** Runs the type checker. */
export function tsc(args: readonly string[], cwd: string = root): Promise<Outcome> {
  return run(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, ...args], { cwd });
}

async function must(ending: Promise<Outcome>): Promise<void> {
  const { code, output } = await ending;
  if (code !== 0) throw new Error(`A command exited with ${code}:\n${output}`);
}
