import { existsSync, readdirSync } from "node:fs";
import { root } from "./root.ts";
import { chromium } from "./runtimes.ts";

/** One square of the matrix: test files, and the runtime that runs them. */
export interface Cell {
  readonly name: string;
  readonly runtime: string;
  readonly files: readonly string[];
  /** Seconds. */
  readonly timeout: number;
  /** Whether Node runs all files in one process, as Deno and Bun do: to start one for each of a hundred takes longer than their tests. */
  readonly oneProcess?: boolean;
  /** Why it cannot run on this machine. */
  readonly skip?: string;
}

const nodes = ["node22", "node24", "node26"];
const all = [...nodes, "deno", "bun"];

/** Units and single frames are tried on the oldest and the newest Node; what lies between has the suite of the rules and that of the client. */
const ends = ["node22", "node26", "deno", "bun"];

/** Where tests live, and what runs them: first what takes longest. A folder that does not exist has no cells. */
const rooms: readonly { name: string; on: readonly string[]; timeout: number; oneProcess?: boolean }[] = [
  { name: "browser", on: ["node26"], timeout: 420 },
  { name: "package", on: ["node26"], timeout: 420 },
  { name: "unit", on: ends, timeout: 300, oneProcess: true },
  { name: "examples", on: ["node26", "deno", "bun"], timeout: 300 },
  { name: "conformance/node", on: all, timeout: 240 },
  { name: "conformance/bun", on: ["bun"], timeout: 240 },
  { name: "conformance/deno", on: ["deno"], timeout: 240 },
  { name: "wire/node", on: ends, timeout: 240 },
  { name: "wire/bun", on: ["bun"], timeout: 240 },
  { name: "wire/deno", on: ["deno"], timeout: 240 },
  { name: "client/ws", on: all, timeout: 240 },
  { name: "client/platform", on: all, timeout: 240 },
];

/**
 * Lists the cells whose name holds every word. A word that ends with `.ts` chooses files instead.
 *
 * @example `cells(["unit", "deno"])` is the unit tests on Deno
 */
export function cells(words: readonly string[]): Cell[] {
  const inNames = words.flatMap((word) => word.split(" ")).filter((word) => !word.endsWith(".ts"));
  const inFiles = words.filter((word) => word.endsWith(".ts"));
  const found: Cell[] = [];
  for (const room of rooms) {
    const files = toFiles(room.name).filter((file) => inFiles.every((word) => file.includes(word)));
    if (files.length === 0) continue;
    for (const runtime of room.on) {
      const name = `${room.name} on ${runtime}`;
      if (!inNames.every((word) => name.includes(word))) continue;
      const skip = room.name === "browser" && chromium() === undefined ? "no Chromium: set CHROMIUM to its path" : null;
      const { timeout, oneProcess = false } = room;
      found.push({ name, runtime, files, timeout, oneProcess, ...(skip !== null && { skip }) });
    }
  }
  return found;
}

/** `unit` is every test file of tests/unit, `wire/node` is tests/wire/node_test.ts. */
function toFiles(room: string): string[] {
  const single = `tests/${room}_test.ts`;
  if (room.includes("/")) return existsSync(`${root}/${single}`) ? [single] : [];
  const folder = `tests/${room}`;
  if (!existsSync(`${root}/${folder}`)) return [];
  const names = readdirSync(`${root}/${folder}`).filter((name) => name.endsWith("_test.ts"));
  return names.sort().map((name) => `${folder}/${name}`);
}
