/** Two listeners on one `http.Server`: only one of them answers. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Hono } from "hono";
import { attach } from "../../entries/node.ts";
import { upgrade } from "../../mod.ts";
import { connect } from "../kit/raw_client.ts";

test("attach() of two apps to one server: the first answers, and nobody writes into its stream", async () => {
  const server = createServer();
  for (const name of ["a", "b"]) {
    const app = new Hono();
    app.get(
      "/",
      upgrade(() => ({ onOpen: () => name, onTextMessage: (_caller, text) => text })),
    );
    attach(server, app);
  }
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const client = await connect((server.address() as AddressInfo).port);
  assert.equal(await client.message(), "a");
  await client.send.text("x");
  assert.equal(await client.message(), "x");
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});
