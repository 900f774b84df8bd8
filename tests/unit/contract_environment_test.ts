import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("programs/environment.ts", import.meta.url));
const isDeno = process.versions.deno !== undefined;

function run(value: string | undefined, ...flags: string[]): string {
  const { NODE_ENV: _, ...env } = process.env;
  const given = value === undefined ? env : { ...env, NODE_ENV: value };
  const args = isDeno ? ["run", "--no-check", ...flags, program] : [program];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    env: given,
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout.trim();
}

test("C8 replies are validated by default, unless NODE_ENV is production", () => {
  const flags = ["--allow-env=NODE_ENV"];
  assert.deepEqual(
    [undefined, "development", "production"].map((value) => run(value, ...flags)),
    ["true", "true", "false"],
  );
});

if (isDeno) {
  test("C8 without permission to read the environment replies are validated, and nobody is asked", () => {
    assert.equal(run("production", "--deny-env"), "true");
  });
}
