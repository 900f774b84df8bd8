/** A client that is over holds nothing that keeps the process alive (rule L11). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { accepting, closing, dropping, hangingUp, refusing, saysNothing, silentAfter } from "../kit/answers.ts";
import { type Answer, serve } from "../kit/raw_server.ts";
import type { Own } from "../kit/scoped.ts";
import { gapTest, transports } from "./client_transport_support.ts";

const program = fileURLToPath(new URL("programs/client_exit.ts", import.meta.url));

/** Runs the program; rejects if it does not end by itself in time. A timer of ours that was left would take a second or more, each time. */
async function run(patience: number, ...args: string[]): Promise<void> {
  let idle = Number.POSITIVE_INFINITY;
  for (let runs = 0; runs < 3 && idle >= 700; runs++) idle = await idleAfter(patience, ...args);
  assert.ok(idle < 700, `The process ended ${idle} ms after its work`);
}

/** Runs the program, and gives the milliseconds from the end of its work to its own. */
async function idleAfter(patience: number, ...args: string[]): Promise<number> {
  const flags = process.versions.deno !== undefined ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...flags, program, ...args], { stdio: "pipe" });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  let isKilled = false;
  const kill = () => {
    isKilled = true;
    child.kill("SIGKILL");
  };
  // It is given its time from when its work is done.
  let timer = setTimeout(kill, 20_000);
  child.stdout.on("data", () => {
    clearTimeout(timer);
    timer = setTimeout(kill, patience);
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  assert.ok(!isKilled, `The process did not end: ${output}`);
  assert.equal(code, 0, output);
  const idle = /^done\n(\d+)$/m.exec(output)?.[1];
  assert.ok(idle !== undefined, output);
  return Number(idle);
}

async function urlOf(own: Own, answer: Answer): Promise<string> {
  return own(await serve(answer)).url;
}

const begunRefusal: Answer = async (attempt) => {
  await attempt.requested();
  await attempt.write("HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nbegun");
};

for (const transport of transports) {
  gapTest(
    transport.name,
    "exit",
    `${transport.name}: L11 the process ends after every kind of end`,
    async (own, patience) => {
      const nobody = await serve(saysNothing());
      const jobs = [
        ["refused", nobody.url],
        ["refused", await urlOf(own, refusing(503, {}, "busy"))],
        ["given-up-later", await urlOf(own, begunRefusal)],
        ["refused", await urlOf(own, hangingUp("fin"))],
        ["protocol", await urlOf(own, accepting())],
        ["ended", await urlOf(own, closing(1001))],
        ["ended", await urlOf(own, dropping("reset"))],
        [
          "ended",
          await urlOf(
            own,
            accepting((attempt) => attempt.send.text("x".repeat(101))),
          ),
        ],
        ["close", await urlOf(own, accepting())],
        ["given-up", await urlOf(own, saysNothing())],
        ["given-up-later", await urlOf(own, saysNothing())],
        ["refused", await urlOf(own, refusing(503, {}, "busy"))],
        ["given-up-later", await urlOf(own, begunRefusal)],
      ];
      await nobody[Symbol.asyncDispose]();
      await run(patience, transport.name, ...jobs.map(([what, url]) => `${what}=${url}`));
    },
  );

  gapTest(
    transport.name,
    "unanswered",
    `${transport.name}: L11 the process ends though a close is not answered`,
    async (own, patience) => {
      await run(patience, transport.name, `unanswered=${await urlOf(own, silentAfter())}`);
    },
  );
}
