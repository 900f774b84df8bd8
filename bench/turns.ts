/** Processes that run by turns, so that each has the machine to itself and all meet it in the same mood. */
import process from "node:process";

/** Milliseconds of a turn: short beside the moods of a machine, long beside what its caches take to fill (at 25 ms a message cost Node a tenth more). */
const TURN = 100;

/** Lets one group of processes run after the other, until what it returns is called: then all run again. */
export function takeTurns(groups: readonly (readonly number[])[]): () => void {
  let at = 0;
  const tell = (group: readonly number[] | undefined, signal: "SIGSTOP" | "SIGCONT"): void => {
    for (const pid of group ?? []) process.kill(pid, signal);
  };
  for (const group of groups.slice(1)) tell(group, "SIGSTOP");
  const timer = setInterval(() => {
    tell(groups[at], "SIGSTOP");
    at = (at + 1) % groups.length;
    tell(groups[at], "SIGCONT");
  }, TURN);
  return () => {
    clearInterval(timer);
    for (const group of groups) tell(group, "SIGCONT");
  };
}
