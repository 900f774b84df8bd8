/**
 * Has one token found active, one inactive, and says which of them, and of one that is held, a snapshot of the heap shows.
 * Argument: the address of the server that is asked.
 */
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { writeHeapSnapshot } from "node:v8";
import { oauth2Introspection } from "../../../auth/mod.ts";
import type { Authenticator } from "../../../src/authenticator.ts";
import type { UpgradeRequest } from "../../../src/upgrade_request.ts";
import { say } from "../../kit/child.ts";

/** Tells which of some texts the heap holds. They are given as bytes, which a snapshot does not show. */
function find(...texts: Uint8Array[]): boolean[] {
  const folder = mkdtempSync(`${tmpdir()}/heap-`);
  try {
    const snapshot = readFileSync(writeHeapSnapshot(`${folder}/all.heapsnapshot`));
    return texts.map((text) => snapshot.includes(text));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A token that nobody has seen. */
function toBytes(): Uint8Array {
  return Buffer.from(Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex"));
}

/** Asks in a function of its own, so that nothing of the program holds the token. */
async function ask(authenticator: Authenticator, token: Uint8Array): Promise<boolean> {
  const answer = await authenticator.authenticate(Buffer.from(token).toString(), {} as UpgradeRequest);
  return answer !== undefined;
}

const make = (path: string) => oauth2Introspection({ url: `${process.argv[2]}/${path}`, cache: {} });
const authenticators = { active: make("active"), inactive: make("inactive") };
const tokens = { active: toBytes(), inactive: toBytes(), held: toBytes() };
const held = [Buffer.from(tokens.held).toString()];
const answers = [await ask(authenticators.active, tokens.active), await ask(authenticators.inactive, tokens.inactive)];
// The clients that sent them have a last request, which is another by then.
for (const authenticator of Object.values(authenticators)) await ask(authenticator, toBytes());
say({ answers, found: find(tokens.held, tokens.active, tokens.inactive), held: held.length });
process.exit();
