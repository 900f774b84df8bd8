import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRequirements, ENGINE_CAPABILITIES, lacking, socketCapabilities } from "../../src/capabilities.ts";
import { full } from "./support.ts";

test("every engine says the same things of itself, under its own name", () => {
  const names = Object.keys(full).sort();
  for (const [name, capabilities] of Object.entries(ENGINE_CAPABILITIES)) {
    assert.equal(capabilities.engine, name);
    assert.deepEqual(Object.keys(capabilities).sort(), names);
  }
});

test("socketCapabilities() reads what a socket has", () => {
  const nothing = socketCapabilities({});
  assert.equal(nothing.engine, "websocket");
  assert.deepEqual([nothing.ping, nothing.terminate, nothing.pause, nothing.drain], [false, false, false, false]);
  const call = (): void => {};
  const some = socketCapabilities({ ping: call, terminate: call, pause: call });
  assert.deepEqual([some.ping, some.terminate, some.pause], [true, true, true]);
  assert.equal(socketCapabilities({ ping: true }).ping, false);
  assert.deepEqual(Object.keys(nothing).sort(), Object.keys(full).sort());
});

test("checkRequirements() names the engines that have what is required", () => {
  checkRequirements(ENGINE_CAPABILITIES.node, ["ping", "terminate", "messageLimit"], "A service");
  checkRequirements(ENGINE_CAPABILITIES.deno, [], "A service");
  assert.throws(() => checkRequirements(ENGINE_CAPABILITIES.deno, ["ping"], "A service"), {
    name: "UnsupportedError",
    message: 'A service requires "ping", which the engine "deno" lacks: use engine "node" or "bun"',
  });
});

test("lacking() says so, when no engine has it", () => {
  assert.equal(lacking(full, []), 'the engine "node" lacks; so do all engines of this version');
});

test("lacking() advises a client on its transport", () => {
  const able = [ENGINE_CAPABILITIES.node];
  const advice = 'the transport "platform" lacks: use transport "ws", off the browser';
  assert.equal(lacking({ ...full, engine: "platform", isTransport: true }, able), advice);
  assert.match(lacking({ ...full, engine: "mine" }, able), /use engine "node"/);
});
