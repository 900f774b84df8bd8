import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { writeHeapSnapshot } from "node:v8";
import { oauth2Introspection } from "../../auth/mod.ts";
import type { Authenticator } from "../../src/authenticator.ts";
import type { UpgradeRequest } from "../../src/upgrade_request.ts";

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

/** Asks in a function of its own, so that nothing of the test holds the token. */
async function ask(authenticator: Authenticator, token: Uint8Array): Promise<boolean> {
  const answer = await authenticator.authenticate(Buffer.from(token).toString(), {} as UpgradeRequest);
  return answer !== undefined;
}

test("B12: no heap snapshot holds a token after its answer", async (t) => {
  const server = createServer((request, response) => {
    request.resume();
    response.end(`{"active":${request.url === "/active"}}`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const make = (path: string) => oauth2Introspection({ url: `http://127.0.0.1:${port}/${path}`, cache: {} });
  const authenticators = { active: make("active"), inactive: make("inactive") };
  const tokens = { active: toBytes(), inactive: toBytes(), held: toBytes() };
  const held = [Buffer.from(tokens.held).toString()];
  assert.equal(await ask(authenticators.active, tokens.active), true);
  assert.equal(await ask(authenticators.inactive, tokens.inactive), false);
  // The clients that sent them have a last request, which is another by then.
  for (const authenticator of Object.values(authenticators)) await ask(authenticator, toBytes());
  assert.deepEqual(find(tokens.held, tokens.active, tokens.inactive), [true, false, false]);
  assert.equal(held.length, 1);
});
