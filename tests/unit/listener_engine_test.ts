import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE_CAPABILITIES, type Engine, type Host, Listener, UnsupportedError } from "../../mod.ts";
import { silent } from "./support.ts";

interface Calls {
  readonly engine: Engine;
  readonly seen: unknown[];
}

/** An engine that opens no port and notes what it is asked. */
function toEngine(): Calls {
  const seen: unknown[] = [];
  const engine: Engine = {
    capabilities: { ...ENGINE_CAPABILITIES.node, engine: "mine", terminate: false },
    listen(_app, options, host: Host) {
      seen.push(options, host.capabilities.engine);
      return Promise.resolve({ port: 4321, close: (force) => Promise.resolve(void seen.push(`close ${force}`)) });
    },
  };
  return { engine, seen };
}

test("a listener takes an engine of the user's own, starts it and stops it", async () => {
  const { engine, seen } = toEngine();
  const listener = new Listener(0, { engine, host: "127.0.0.1", logger: silent() });
  listener.attach("/a", () => ({}), { maxFrameSize: 100 });
  await listener.start();
  assert.equal(listener.port, 4321);
  await listener.gracefulStop();
  assert.deepEqual(seen, [{ hostname: "127.0.0.1", port: 0, maxFrameSize: 100 }, "mine", "close false"]);
});

test("R28 an engine of the user's own is held to what services require, at start and at attach", async () => {
  const { engine, seen } = toEngine();
  const listener = new Listener(0, { engine, logger: silent() });
  listener.attach("/a", () => ({}), { requires: ["terminate"] });
  await assert.rejects(listener.start(), (error: Error) => {
    assert.ok(error instanceof UnsupportedError);
    assert.match(error.message, /requires "terminate", which the engine "mine" lacks: use engine "node" or "bun"/);
    return true;
  });
  assert.deepEqual(seen, []);
  listener.detach("/a");
  await listener.start();
  assert.throws(() => listener.attach("/b", () => ({}), { requires: ["terminate"] }), UnsupportedError);
  await listener.gracefulStop();
});

test("a host that may not resolve is named where a port cannot be opened, on Bun, which reports an earlier fault of its own", async () => {
  const start = (host: string): Promise<string> => {
    const { engine } = toEngine();
    const taken = Object.assign(new Error("Failed to start server"), { code: "EADDRINUSE" });
    const listener = new Listener(80, { engine: { ...engine, listen: () => Promise.reject(taken) }, host });
    return listener.start().then(String, (error: Error) => error.message);
  };
  const doubt = "Bun" in globalThis ? ", or the host does not resolve: Bun does not tell these apart" : "";
  assert.equal(await start("chat.example"), `Cannot listen on chat.example:80: the port is taken${doubt}`);
  for (const host of ["localhost", "0.0.0.0", "::1", "127.0.0.1", "fe80::1%eth0"]) {
    assert.equal(await start(host), `Cannot listen on ${host}:80: the port is taken`);
  }
});

test("start() says so where the address is not one of this machine", async () => {
  const { engine } = toEngine();
  for (const fault of [{ code: "EADDRNOTAVAIL" }, { name: "AddrNotAvailable" }]) {
    const failure = Object.assign(new Error("os error 99"), fault);
    const listener = new Listener(80, { engine: { ...engine, listen: () => Promise.reject(failure) }, host: "::1" });
    await assert.rejects(listener.start(), {
      name: "ListenerError",
      message: "Cannot listen on ::1:80: no interface of this machine has that address",
      cause: failure,
    });
  }
});

test("a host in brackets is refused, and shown without them", () => {
  assert.throws(() => new Listener(0, { host: "[::1]" }), {
    name: "RangeError",
    message: 'Option host is "[::1]": write it without brackets, "::1"',
  });
});

test("a listener refuses what is no engine", () => {
  assert.throws(() => new Listener(0, { engine: {} as Engine }), /Option engine/);
  assert.throws(() => new Listener(0, { engine: "fast" as "node" }), /Option engine is "fast"/);
});
