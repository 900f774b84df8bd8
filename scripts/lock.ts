/**
 * Rewrites package-lock.json from package.json, for every platform.
 *
 * A registry mirror may hold the binaries of one platform only; npm then leaves the others out of the lockfile, and
 * `npm ci` refuses a lockfile with gaps. Each gap is filled with the version that its parent pins.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { root } from "./root.ts";

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const path = `${root}/package-lock.json`;

execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"], {
  cwd: root,
  stdio: "inherit",
});
const lock: { packages: Record<string, Entry> } = JSON.parse(readFileSync(path, "utf8"));
let filled = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    const { cpu, libc, os } = toPlatform(name);
    // The order of keys is npm's own, so that a later `npm install` changes nothing.
    lock.packages[key] = { version, cpu, ...(entry.dev && { dev: true }), ...(libc && { libc }), optional: true, os };
    filled += 1;
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${filled} platform packages added to package-lock.json`);

/** Reads the platform from a package's name: `@deno/darwin-arm64`, `@biomejs/cli-linux-x64-musl`. */
function toPlatform(name: string): { cpu: string[]; libc?: string[]; os: string[] } {
  const match = /\b(android|darwin|freebsd|linux|win32)-(x64|arm64)(?:-(glibc|musl))?$/.exec(name);
  if (match === null) throw new Error(`Cannot tell the platform of ${name}`);
  const [, os = "", cpu = "", libc] = match;
  return { cpu: [cpu], os: [os], ...(libc !== undefined && { libc: [libc] }) };
}
