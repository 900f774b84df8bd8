import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { root } from "../../scripts/root.ts";
import { OLDEST } from "../../src/runtime_age.ts";
import { list, text } from "./source.ts";

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
  publish: { include: string[] };
  imports?: Record<string, string>;
  compilerOptions?: Record<string, unknown>;
}

interface Package extends Omit<Manifest, "exports"> {
  exports: Record<string, { types: string; default: string }>;
  engines: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

const npm: Package = JSON.parse(text("package.json"));
const deno: Manifest = JSON.parse(text("deno.json"));
const jsr: Manifest = JSON.parse(text("jsr.json"));
const lock: { packages: Record<string, Lock> } = JSON.parse(text("package-lock.json"));

interface Lock {
  version?: string;
  engines?: Record<string, string>;
  resolved?: string;
  hasInstallScript?: boolean;
  name?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

test("package.json, deno.json, jsr.json and the lockfile agree on name, version, license and runtimes", () => {
  for (const other of [deno, jsr]) {
    assert.deepEqual([other.name, other.version, other.license], [npm.name, npm.version, npm.license]);
  }
  assert.equal(lock.packages[""]?.version, npm.version);
  assert.deepEqual(lock.packages[""]?.engines, npm.engines);
});

test("the manifests agree on the entry points, and each exists", () => {
  assert.deepEqual(jsr.exports, deno.exports);
  assert.deepEqual(Object.keys(npm.exports), Object.keys(deno.exports));
  for (const [entry, source] of Object.entries(deno.exports)) {
    const built = source.replace(/^\.\//, "./dist/").replace(/\.ts$/, "");
    assert.deepEqual(npm.exports[entry], { types: `${built}.d.ts`, default: `${built}.js` }, entry);
    assert.ok(existsSync(`${root}/${source}`), `${source} is missing`);
  }
});

test("every entry file is an entry point", () => {
  const entries = list("entries/*.ts").map((file) => `./${file}`);
  assert.deepEqual(
    entries.filter((file) => !Object.values(deno.exports).includes(file)),
    [],
  );
});

test("the manifests publish the same files, under the same dependency ranges", () => {
  assert.deepEqual(jsr.publish, deno.publish);
  const ranges = Object.entries(npm.dependencies).map(([name, range]) => [name, `npm:${name}@${range}`]);
  assert.deepEqual(deno.imports, Object.fromEntries(ranges));
});

test("dependencies are caret ranges, devDependencies are exact", () => {
  for (const range of Object.values(npm.dependencies)) assert.match(range, /^\^\d/);
  for (const version of Object.values(npm.devDependencies)) assert.match(version, /^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+$/);
});

// Below these, a published advisory is about requests and frames as this package, or an app's authentication, meets them.
const SAFE: Readonly<Record<string, string>> = {
  "@hono/node-server": "2.0.10", // CVE-2026-29087, CVE-2026-39406, GHSA-9mqv-5hh9-4cgg
  hono: "4.12.25", // CVE-2026-47673 to CVE-2026-47676, CVE-2026-54290
  jose: "6.0.0", // None of 6 is known; 5 and older get no fixes any more.
  ws: "8.21.1", // CVE-2026-45736, CVE-2026-48779 and what followed it
};

test("no dependency may be of a version that an advisory warns of", () => {
  const numbers = (version: string) => version.split(".").map(Number);
  assert.deepEqual(Object.keys(SAFE), Object.keys(npm.dependencies));
  for (const [name, range] of Object.entries(npm.dependencies)) {
    const [lowest, safe] = [numbers(range.slice(1)), numbers(SAFE[name] ?? "")];
    const first = lowest.findIndex((part, index) => part !== safe[index]);
    assert.ok(
      first === -1 || (lowest[first] ?? 0) > (safe[first] ?? 0),
      `${name} may be ${range}, older than ${SAFE[name]}`,
    );
  }
});

test("the lowest versions of package.json are those of docs/engines.md", () => {
  const [, section = ""] = text("docs/engines.md").split("\n## Versions\n");
  const rows = [...section.matchAll(/^\| `?([^`|]+?)`? \| (\d[\d.]*) \|/gm)].map(([, name = "", from]) => [
    name.toLowerCase(),
    from,
  ]);
  const known = { ...npm.engines, ...npm.dependencies };
  const ranges = Object.entries(known).map(([name, range]) => [name, range.replace(/^(?:\^|>=)/, "")]);
  assert.deepEqual(Object.fromEntries(rows.filter(([name = ""]) => name in known)), Object.fromEntries(ranges));
});

test("README.md and the warning of an old runtime name the runtimes that package.json does", () => {
  const found = [...text("README.md").matchAll(/# (\w+) ([\d.]+) or later$/gm)];
  const readme = found.map(([, name = "", from]) => [name.toLowerCase(), `>=${from}`]);
  assert.deepEqual(Object.fromEntries(readme), npm.engines);
  const warned = Object.entries(OLDEST).map(([name, version]) => [name, `>=${version.replace(/\.0$/, "")}`]);
  assert.deepEqual(Object.fromEntries(warned), npm.engines);
});

test("Deno checks under the flags that the build has", () => {
  const build: Manifest = JSON.parse(text("tsconfig.build.json"));
  for (const [flag, value] of Object.entries(deno.compilerOptions ?? {})) {
    assert.equal(build.compilerOptions?.[flag], value, flag);
  }
});

test("no tsconfig.json is in the way of Deno, which would read it", () => {
  assert.equal(existsSync(`${root}/tsconfig.json`), false);
});

test("the lockfile is that of package.json, names no host and covers every platform", () => {
  const { dependencies, devDependencies } = lock.packages[""] ?? {};
  assert.deepEqual(
    { dependencies, devDependencies },
    { dependencies: npm.dependencies, devDependencies: npm.devDependencies },
  );
  assert.deepEqual(
    Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined),
    [],
  );
  // Run "npm run lock" when this fails: "npm ci" refuses a lockfile without them.
  const platforms = ["@biomejs/cli-darwin-arm64", "@biomejs/cli-win32-x64", "@deno/darwin-arm64", "@deno/win32-x64"];
  assert.deepEqual(
    platforms.filter((name) => lock.packages[`node_modules/${name}`] === undefined),
    [],
  );
});

test("every package with an install script is named as allowed to run it or not, and no other is", () => {
  const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
  const names = new Set(scripted.map(([path, entry]) => entry.name ?? path.replace(/^.*node_modules\//, "")));
  assert.deepEqual([...names].sort(), Object.keys(npm.allowScripts).sort());
});

test("the newest version in the changelog is the package's", () => {
  assert.equal(/^## (\d+\.\d+\.\d+)/m.exec(text("CHANGELOG.md"))?.[1], npm.version);
});
