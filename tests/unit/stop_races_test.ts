import assert from "node:assert/strict";
import { test } from "node:test";
import { Listener } from "../../mod.ts";
import { stopAll } from "../../src/stop.ts";
import { open } from "./support.ts";

test("R27 stopAll() waits, when the deadline is longer than a timer takes", async () => {
  const { host, connection, socket } = open({});
  const server = { port: 0, close: () => Promise.resolve() };
  const stopped = stopAll(host, server, 3_000_000_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  connection.closed(1001, "");
  await stopped;
  assert.deepEqual(socket.names, ["close"]);
});

test("a listener that is stopped while it starts is closed when both have settled, and can be started again", async () => {
  const listener = new Listener(0, { engine: "node" });
  const started = listener.start();
  await listener.immediateStop();
  await started;
  await listener.start();
  await listener.immediateStop();
});

test("a stop of a listener whose start fails settles", async () => {
  const first = new Listener(0, { engine: "node" });
  await first.start();
  const second = new Listener(first.port, { engine: "node" });
  const started = assert.rejects(second.start(), { name: "ListenerError" });
  await second.gracefulStop();
  await started;
  await first.immediateStop();
});
