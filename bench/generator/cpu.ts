/** What the kernel has accounted to a process. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

/** Nanoseconds of CPU, user and system, of all threads that a process has now. */
export function cpuOf(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) total += cpuOfThread(pid, thread);
  return total;
}

function cpuOfThread(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch (error) {
    // A thread of a pool may end between the list and the look.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}

/** Bytes of memory that are resident. */
export function residentOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (line === null) throw new Error(`Process ${pid} tells no VmRSS`);
  return Number(line[1]) * 1024;
}
