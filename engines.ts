/**
 * The engines, loaded when a listener starts.
 *
 * @module
 */

import { checkRequirements, type EngineName, type Requirement } from "./src/capabilities.ts";
import type { Engine } from "./src/engine.ts";
import { A_SERVICE, pickEngine } from "./src/listener_config.ts";
import type { SecureSocket } from "./src/secure_socket.ts";
import { checkOwnEngine } from "./src/secure_support.ts";

function runtimeName(): EngineName {
  if ("Bun" in globalThis) return "bun";
  return "Deno" in globalThis ? "deno" : "node";
}

/**
 * Finds the engine of a listener and loads it: a program pays for the one that it uses.
 *
 * @throws {UnsupportedError} If the engine lacks what is required or asked of TLS
 * @throws {ListenerError} If the engine does not run here
 */
export async function chooseEngine(
  choice: "auto" | EngineName | Engine,
  requires: readonly Requirement[],
  secure: SecureSocket | undefined,
): Promise<Engine> {
  if (typeof choice === "string") return await loadEngine(pickEngine(choice, runtimeName(), requires, secure));
  checkRequirements(choice.capabilities, requires, A_SERVICE);
  checkOwnEngine(choice.capabilities, secure);
  return choice;
}

async function loadEngine(name: EngineName): Promise<Engine> {
  switch (name) {
    case "bun":
      return (await import("./adapters/bun/mod.ts")).engine;
    case "deno":
      return (await import("./adapters/deno/mod.ts")).engine;
    case "node":
      return (await import("./adapters/node/mod.ts")).engine;
  }
}
