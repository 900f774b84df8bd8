import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Child } from "../kit/child.ts";

// In a process of its own, whose heap is small.
test("B12: no heap snapshot holds a token after its answer", async (t) => {
  const server = createServer((request, response) => {
    request.resume();
    response.end(`{"active":${request.url === "/active"}}`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const child = new Child(new URL("./programs/heap_tokens.ts", import.meta.url), `http://127.0.0.1:${port}`);
  t.after(async () => {
    await child.stop();
    server.close();
    server.closeAllConnections();
  });
  // The one that is held shows that the snapshot shows what there is.
  assert.deepEqual(await child.line(), { answers: [true, false], found: [true, false, false], held: 1 });
});
