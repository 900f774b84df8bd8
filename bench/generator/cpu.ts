/** What the kernel has accounted to a process. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

// What each thread of a process had when it was last looked at. A collector's threads come and go, and what they took must not go with them.
const known = new Map<number, Map<string, number>>();

/** Nanoseconds of CPU, user and system, of all threads of a process; of one that has ended what it had at the last look. Never goes back. */
export function cpuOf(pid: number): number {
  const threads = known.get(pid) ?? new Map<string, number>();
  known.set(pid, threads);
  for (const thread of readdirSync(`/proc/${pid}/task`))
    threads.set(thread, cpuOfThread(pid, thread) ?? threads.get(thread) ?? 0);
  let total = 0;
  for (const cpu of threads.values()) total += cpu;
  return total;
}

function cpuOfThread(pid: number, thread: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch (error) {
    // A thread may end between the list and the look.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Bytes of memory that are resident. */
export function residentOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (line === null) throw new Error(`Process ${pid} tells no VmRSS`);
  return Number(line[1]) * 1024;
}
