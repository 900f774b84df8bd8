/** Runs the failing program, for tests of what must not end a process. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect, type RawClient } from "../../kit/raw_client.ts";
import { gate, type Journal, type Subject, wait } from "./subject.ts";

/** A program that is running. */
export interface Program {
  /** What it has said: "kind text". */
  readonly said: Journal;
  connect(path: string): Promise<RawClient>;
}

/** Runs the failing program, and fails if it ends before `use` has. */
export async function inProgram(subject: Subject, use: (program: Program) => Promise<void>): Promise<void> {
  const file = fileURLToPath(new URL("./failing_program.ts", import.meta.url));
  const run = process.versions.deno === undefined ? [] : ["run", "-A", "--no-check"];
  const child = spawn(process.execPath, [...run, file, subject.engine], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const clients: RawClient[] = [];
  try {
    const said = subject.journal();
    const died = listen(child, said);
    await Promise.race([said.until(/^port/), died]);
    const port = Number(said.entries.find((line) => line.startsWith("port"))?.slice(5));
    const open = async (path: string): Promise<RawClient> => {
      const client = await connect(port, { path, patience: subject.patience });
      clients.push(client);
      return client;
    };
    const used = use({ said, connect: open }).catch(async (error: unknown) => {
      // Its end says more than what was noticed of it.
      await Promise.race([died, wait(200)]);
      throw error;
    });
    await Promise.race([used, died]);
  } finally {
    for (const client of clients) client.destroy();
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
  }
}

/** Notes what a program says; rejects when it ends. */
function listen(child: ChildProcess, said: Journal): Promise<never> {
  const { promise, reject } = gate<never>();
  promise.catch(() => {});
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  child.once("exit", (code) => reject(new Error(`The program has ended with ${code}: ${stderr.slice(-2000)}`)));
  if (child.stdout === null) throw new Error("The program has no output");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { kind, text } = JSON.parse(line) as { kind: string; text: string };
    said.add(`${kind} ${text}`);
  });
  return promise;
}
