import { type ChildProcess, spawn } from "node:child_process";
import { root } from "./root.ts";

/** How a process ended: what it printed, and its exit code, null when it was killed. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
  readonly timedOut: boolean;
}

export interface SpawnOptions {
  /** Seconds until the process and all that it started are killed. */
  readonly timeout?: number;
  /** @default the repository's folder */
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  /** Also prints what the process prints. @default false */
  readonly echo?: boolean;
}

const running = new Set<ChildProcess>();

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    for (const child of running) kill(child);
    process.exit(code);
  });
}

/** Runs a command to its end and returns all that it printed, standard error included. */
export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
  const { timeout = 300, cwd = root, echo = false } = options;
  const env: Record<string, string | undefined> = {
    ...process.env,
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    // Node 24 and later keep what they made of TypeScript: more than half of what it costs to start one of the many processes of the tests.
    NODE_COMPILE_CACHE: `${root}/.tmp/compile-cache`,
  };
  // What the calling runtime or npm set must not reach a runtime under test.
  for (const name of ["FORCE_COLOR", "NODE_OPTIONS", "NODE_TEST_CONTEXT", "npm_config_local_prefix"]) delete env[name];
  Object.assign(env, options.env);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    // A group of its own, so that whatever a test started ends with it.
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    let output = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill(child);
    }, timeout * 1000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (echo) process.stdout.write(text);
      });
    }
    child.once("error", (error) => {
      clearTimeout(timer);
      running.delete(child);
      reject(error);
    });
    // An orphan may hold the pipes open, and then "close" would never come.
    child.once("exit", () => setTimeout(kill, 500, child).unref());
    child.once("close", (code) => {
      clearTimeout(timer);
      kill(child);
      running.delete(child);
      resolve({ code: timedOut ? null : code, output, seconds: (performance.now() - started) / 1000, timedOut });
    });
  });
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined || !running.has(child)) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
