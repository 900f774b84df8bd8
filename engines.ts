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

/** Says why a port could not be opened. */
export function reasonOf(error: unknown, hostname: string): string {
  const reason = toReason(error);
  // For a host that does not resolve Bun reports whatever went wrong before, even that a port was taken.
  const isBlind = runtimeName() === "bun" && !ADDRESS.test(hostname);
  return isBlind ? `${reason}, or the host does not resolve: Bun does not tell these apart` : reason;
}

// By the codes of Node and Bun, and by the names of Deno's errors.
const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["EADDRINUSE", "the port is taken"],
  ["AddrInUse", "the port is taken"],
  ["EADDRNOTAVAIL", "no interface of this machine has that address"],
  ["AddrNotAvailable", "no interface of this machine has that address"],
  ["EACCES", "not permitted"],
  ["PermissionDenied", "not permitted"],
]);

const ADDRESS = /^(?:[\d.]+|.*:.*|localhost)$/;

function toReason(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const known = REASONS.get(code);
  if (known !== undefined) return known;
  return error instanceof Error ? (REASONS.get(error.name) ?? error.message) : String(error);
}
