import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRequirements, ENGINE_CAPABILITIES, lacking, SOCKET_CAPABILITIES } from "../../src/capabilities.ts";
import { full } from "./support.ts";

test("every engine says the same things of itself, under its own name", () => {
  const names = Object.keys(full).sort();
  for (const [name, capabilities] of Object.entries(ENGINE_CAPABILITIES)) {
    assert.equal(capabilities.engine, name);
    assert.deepEqual(Object.keys(capabilities).sort(), names);
  }
});

test("a Web-standard socket has nothing that the standard does not give", () => {
  const { engine, ping, terminate, pause, drain } = SOCKET_CAPABILITIES;
  assert.equal(engine, "websocket");
  assert.deepEqual([ping, terminate, pause, drain], [false, false, false, false]);
  assert.deepEqual(Object.keys(SOCKET_CAPABILITIES).sort(), Object.keys(full).sort());
});

test("checkRequirements() names the engines that have what is required", () => {
  checkRequirements(ENGINE_CAPABILITIES.node, ["ping", "terminate", "messageLimit"], "A service");
  checkRequirements(ENGINE_CAPABILITIES.deno, [], "A service");
  assert.throws(() => checkRequirements(ENGINE_CAPABILITIES.deno, ["ping"], "A service"), {
    name: "UnsupportedError",
    message: 'A service requires "ping", which the engine "deno" lacks: use engine "node" or "bun"',
  });
});

test("lacking() advises a client on its transport", () => {
  const advice = 'the transport "platform" lacks: use transport "ws", off the browser';
  assert.equal(lacking({ ...full, engine: "platform", isTransport: true }, "ping"), advice);
  assert.match(lacking({ ...full, engine: "mine" }, "ping"), /use engine "node"/);
});
