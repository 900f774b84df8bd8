import { Buffer } from "node:buffer";
import { type UpgradeContext, UpgradeRequest } from "../../src/upgrade_request.ts";

const context: UpgradeContext = {
  req: { raw: new Request("http://x"), param: () => ({}) },
  env: {},
  header: () => {},
  body: () => new Response(null),
  get: () => undefined,
};

/** A request for an upgrade, for authenticators that are asked without a server. */
export function upgradeRequest(headers: Record<string, string> = {}): UpgradeRequest {
  return new UpgradeRequest(new Request("http://x/", { headers }), context, { remoteAddress: "192.0.2.1" });
}

/** What follows `Basic` and its space. */
export function basic(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}

/** A hash that costs next to nothing: of "correct", with scrypt's N = 2. */
export const CHEAP = "scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$/FKjON+GXk7YZbnnrvmWzQ";
