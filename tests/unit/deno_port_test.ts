/** The port of the engine `deno` over a runtime that a test holds: when its loop ends, it is opened again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DenoPort } from "../../adapters/deno/port.ts";
import type { DenoGlobal } from "../../adapters/deno/runtime.ts";
import { ENGINE_CAPABILITIES } from "../../src/capabilities.ts";
import { Host } from "../../src/host.ts";

interface Served {
  readonly port: number;
  readonly signal: AbortSignal;
  readonly end: PromiseWithResolvers<void>;
}

function open(failures = 0): {
  port: DenoPort;
  served: Served[];
  lines: string[];
  again(count: number): Promise<void>;
} {
  const served: Served[] = [];
  const lines: string[] = [];
  let tell: () => void = () => {};
  const runtime: DenoGlobal = {
    version: { deno: "2.9.6" },
    serve({ port, signal }) {
      const end = Promise.withResolvers<void>();
      if (served.length > 0 && failures-- > 0) throw new Error("in use");
      served.push({ port, signal, end });
      tell();
      const shutdown = async (): Promise<void> => end.resolve();
      return { addr: { port: 4711 }, finished: end.promise, shutdown };
    },
    upgradeWebSocket: () => assert.fail("no upgrade"),
  };
  const logger = { ...console, error: (...line: unknown[]) => void lines.push(line.map(String).join(" ")) };
  const host = new Host(ENGINE_CAPABILITIES.deno, { logger });
  const options = { port: 0, hostname: "0.0.0.0", maxFrameSize: 1 };
  const port = new DenoPort(runtime, options, () => new Response(), host);
  const again = (count: number): Promise<void> =>
    new Promise((resolve) => {
      tell = () => served.length >= count && resolve();
      tell();
    });
  return { port, served, lines, again };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test("DenoPort opens again when Deno's loop ends, with an error or without, and says so", async () => {
  const { port, served, lines, again } = open();
  served[0]?.end.resolve();
  await again(2);
  served[1]?.end.reject(new Error("on purpose"));
  await again(3);
  assert.deepEqual(
    served.map((server) => server.port),
    [0, 4711, 4711],
  );
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /^Deno has stopped listening; the port is opened again$/);
  assert.match(lines[1] ?? "", /on purpose$/);
  await port.close(true);
  await turn();
  assert.equal(served.length, 3);
});

test("DenoPort tries again while the port cannot be opened", async () => {
  const { port, served, lines, again } = open(1);
  served[0]?.end.resolve();
  await again(2);
  assert.match(lines[1] ?? "", /in use$/);
  await port.close(false);
});

test("DenoPort stays closed once it was closed, and aborts no server that has ended", async () => {
  const { port, served, lines } = open();
  served[0]?.end.resolve();
  // Deno throws out of such an abort, where nobody can catch it.
  await Promise.resolve();
  await port.close(true);
  await turn();
  assert.equal(served.length, 1);
  assert.equal(served[0]?.signal.aborted, false);
  assert.equal(lines.length, 1);
});
