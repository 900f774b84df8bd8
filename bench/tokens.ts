/** What a token costs at the upgrade, in this process and without sockets. Prints one line of JSON. */
import process from "node:process";
import { Hono } from "hono";
import { SignJWT } from "jose";
import { jwtAuth } from "../auth/mod.ts";
import { ask } from "../src/ask.ts";
import { ENGINE_CAPABILITIES } from "../src/capabilities.ts";
import { Host } from "../src/host.ts";
import { type App, Upgrade, UpgradeSlot } from "../src/slot.ts";
import { upgrade } from "../src/upgrade.ts";

const UPGRADES = 10_000;
const ROUNDS = 7;

export interface TokensResult {
  readonly runtime: string;
  /** Microseconds of CPU for an upgrade of a service without `auth`. */
  readonly open: number;
  /** The same with `jwtAuth` and a token that it has seen before. */
  readonly cached: number;
  /** The same with a token that it sees for the first time. */
  readonly fresh: number;
}

if (import.meta.main) {
  const name = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
  console.log(JSON.stringify({ runtime: name, ...(await measure()) }));
  process.exit(0);
}

async function measure(): Promise<Omit<TokensResult, "runtime">> {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const auth = [jwtAuth({ algorithms: ["HS256"], secret, issuer: "bench", requiredClaims: ["exp"] })];
  const sign = (n: number): Promise<string> =>
    new SignJWT({ n })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer("bench")
      .setSubject("ada")
      .setExpirationTime("1h")
      .sign(secret);
  const app = new Hono();
  app.get(
    "/open",
    upgrade(() => ({})),
  );
  app.get(
    "/guarded",
    upgrade({ auth }, () => ({})),
  );
  const token = await sign(0);
  const found = { open: [] as number[], cached: [] as number[], fresh: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const tokens = await Promise.all(Array.from({ length: UPGRADES }, (_, n) => sign(round * UPGRADES + n)));
    // The token looks the same to a service that does not ask for it, so that only the asking differs.
    found.open.push(await cpuOf(app, "/open", () => token));
    found.cached.push(await cpuOf(app, "/guarded", () => token));
    found.fresh.push(await cpuOf(app, "/guarded", (n) => tokens[n] ?? token));
  }
  return { open: median(found.open), cached: median(found.cached), fresh: median(found.fresh) };
}

async function cpuOf(app: App, path: string, tokenOf: (n: number) => string): Promise<number> {
  const host = new Host(ENGINE_CAPABILITIES.node);
  const before = process.cpuUsage();
  for (let n = 0; n < UPGRADES; n++) {
    const request = new Request(`http://localhost${path}`, {
      headers: {
        host: "localhost",
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        authorization: `Bearer ${tokenOf(n)}`,
      },
    });
    const answer = await ask(app, request, new UpgradeSlot(host, {}, false), {});
    if (!(answer instanceof Upgrade)) throw new Error(`Refused with ${answer.status}`);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / UPGRADES;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
