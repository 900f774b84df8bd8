/** The generator: a process of its own, run by Bun for the low cost of its TCP sockets. Takes commands as lines. */
import process from "node:process";
import { createInterface } from "node:readline";
import type { Command } from "../protocol.ts";
import { type Connection, open } from "./connection.ts";
import { residentOf } from "./cpu.ts";
import { measure } from "./load.ts";
import { verify } from "./verify.ts";

let held: Connection[] = [];

async function obey(command: Command): Promise<unknown> {
  switch (command.op) {
    case "verify":
      return verify(command.target);
    case "load":
      return measure(command.target, command.load, command.warmUp, command.window);
    case "hold":
      held = await open(command.target.port, "/echo", command.connections);
      return undefined;
    case "release": {
      const lost = held.filter((connection) => connection.lost).length;
      await Promise.all(held.map((connection) => connection.terminate()));
      held = [];
      if (lost > 0) throw new Error(`${lost} idle connections were lost`);
      return undefined;
    }
    case "resident":
      return residentOf(command.target.pid);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ result: (await obey(JSON.parse(line) as Command)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
  }
}
