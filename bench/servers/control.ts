/** How the bench speaks with a server: the port goes out as a line, "collect" and "exit" come in. */
import process from "node:process";

interface Collectors {
  gc?: (options: { type: "major"; flavor: "last-resort" }) => void;
  Bun?: { gc(force: boolean): void };
}

/** Tells the bench where the server listens. */
export function ready(port: number): void {
  process.stdin.setEncoding("utf8").on("data", (text: string) => {
    if (text.includes("exit")) process.exit(0);
    collect();
    console.log(JSON.stringify({ collected: true }));
  });
  process.stdin.on("end", () => process.exit(0));
  console.log(JSON.stringify({ port }));
}

function collect(): void {
  const { gc, Bun } = globalThis as Collectors;
  if (Bun === undefined && gc === undefined) throw new Error("This runtime was not started with --expose-gc");
  // The last resort also gives back the room of young objects, which grew with the burst of connections.
  for (let i = 0; i < 2; i++) Bun === undefined ? gc?.({ type: "major", flavor: "last-resort" }) : Bun.gc(true);
}
