import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller, Service } from "../../mod.ts";
import { gate, open } from "./support.ts";

/** A service that notes what it is called for, and whose first message takes until the gate opens. */
function slow(first: (caller: Caller) => unknown = () => undefined) {
  const seen: unknown[] = [];
  const opened = gate();
  const closed = gate();
  const service: Service = {
    async onTextMessage(caller, text) {
      seen.push(text);
      if (text !== "1") return;
      first(caller);
      await opened.promise;
    },
    onClose(_caller, code) {
      seen.push(code);
      closed.resolve();
    },
  };
  return { service, seen, opened, closed };
}

test("R21 nothing is delivered after caller.terminate()", async () => {
  const { service, seen, opened, closed } = slow((caller) => caller.terminate());
  const { connection } = open(service);
  for (const text of ["1", "2", "3"]) connection.text(text);
  opened.resolve();
  await closed.promise;
  assert.deepEqual(seen, ["1", 1006]);
});

test("R27 nothing is delivered after a stop has dropped the connection", async () => {
  const { service, seen, opened, closed } = slow();
  const { connection, host } = open(service);
  for (const text of ["1", "2", "3"]) connection.text(text);
  for (const member of [...host.sweep.members]) member.drop();
  opened.resolve();
  await closed.promise;
  assert.deepEqual(seen, ["1", 1006]);
});

test("R27 nothing that a peer left behind is delivered after a stop has dropped the connection", async () => {
  const { service, seen, opened, closed } = slow();
  const { connection, host } = open(service);
  for (const text of ["1", "2", "3"]) connection.text(text);
  connection.closed(1000, "");
  for (const member of [...host.sweep.members]) member.drop();
  opened.resolve();
  await closed.promise;
  assert.deepEqual(seen, ["1", 1000]);
});

test("R4 what came before a peer fell silent is delivered, when the heartbeat drops it", async () => {
  const { service, seen, opened, closed } = slow();
  const { connection, clock, socket } = open(service, { config: { heartbeat: { interval: 1, timeout: 1 } } });
  for (const text of ["1", "2", "3"]) connection.text(text);
  await clock.advance(5);
  assert.deepEqual(socket.names, ["ping", "terminate"]);
  opened.resolve();
  await closed.promise;
  assert.deepEqual(seen, ["1", "2", "3", 1006]);
});
