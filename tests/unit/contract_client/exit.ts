/** A client with a contract that is over holds nothing that keeps the process alive (rule L11). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { accepting } from "../../kit/answers.ts";
import { serve } from "../../kit/raw_server.ts";
import { scoped } from "../../kit/scoped.ts";

const program = fileURLToPath(new URL("../programs/contract_client_exit.ts", import.meta.url));

/** Runs the program, and gives what it wrote; it is killed if it does not end. */
async function run(...args: string[]): Promise<string> {
  const flags = process.versions.deno !== undefined ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...flags, program, ...args], { stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  return output;
}

test("L11 the process ends after a client with a contract is closed, and after it was lost", () =>
  scoped(async (own) => {
    const server = own(
      await serve(
        accepting(async (attempt) => {
          // The request, the stream, and where the connection is to be lost one message more.
          for (let count = 0; count < 3; count++) await attempt.nextMessage();
          attempt.reset();
        }),
      ),
    );
    const outputs = await Promise.all([run(server.url, "close"), run(server.url, "lose")]);
    for (const output of outputs) {
      const [outcomes, idle] = output.split("\n");
      assert.equal(outcomes, "rejected,rejected,fulfilled", output);
      assert.ok(Number(idle) < 700, `The process ended ${idle} ms after its work: ${output}`);
    }
  }));
