/** Several processes on one port, and signals, as the page on deploying has them. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { Child } from "../kit/child.ts";
import { connect } from "../kit/raw_client.ts";

test("engine node: workers of node:cluster share a port, and stop gracefully, at a second SIGTERM too", async () => {
  const port = await freePort();
  const child = new Child(new URL("programs/cluster.ts", import.meta.url), String(port));
  try {
    assert.equal(await child.line(), "listening");
    const clients = await Promise.all(Array.from({ length: 6 }, () => connect(port)));
    for (const client of clients) assert.equal(await client.message(), "open");
    child.signal("SIGTERM");
    assert.equal((await clients[0]?.ended())?.code, 1001);
    child.signal("SIGTERM");
    for (const client of clients.slice(1)) assert.equal((await client.ended()).code, 1001);
    for (const _ of clients) assert.deepEqual(await child.line(), { closed: 1001 });
    assert.equal(await child.ended(), "exit 0");
  } finally {
    await child.stop();
  }
});

// On Bun, port 0 is another one in each worker.
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}
