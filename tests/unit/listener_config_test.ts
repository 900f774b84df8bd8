import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE_CAPABILITIES, type EngineName } from "../../src/capabilities.ts";
import { checkListenerConfig, pickEngine } from "../../src/listener_config.ts";
import { silent } from "./support.ts";

test("checkListenerConfig() takes every option in its right form", () => {
  checkListenerConfig({});
  for (const engine of ["auto", "node", "bun", "deno"] as const) {
    checkListenerConfig({ port: 0, host: "::1", engine, requires: ["ping"], logger: silent() });
  }
  checkListenerConfig({ port: 65_535, logger: console });
  checkListenerConfig({
    timeout: 0,
    server: "Switchboard/1.0 (any comment)",
    requestLimits: { maxUriLength: 1, maxHeaderSize: 2_147_483_647, maxEntityBodySize: 0 },
    maxConnections: 1,
    maxConnectionsPerAddress: 1,
    trustedProxies: 100,
    webSocketCompressionEnabled: false,
    http1Settings: { keepAlive: "NEVER", maxPipelinedRequests: 1 },
  });
});

const wrong: [name: string, value: unknown, kind: typeof TypeError | typeof RangeError][] = [
  ["port", -1, RangeError],
  ["port", 65_536, RangeError],
  ["port", 80.5, RangeError],
  ["port", Number.NaN, RangeError],
  ["port", "80", RangeError],
  ["host", "", TypeError],
  ["host", 5, TypeError],
  ["host", "[::1]", RangeError],
  ["engine", "workerd", TypeError],
  ["engine", null, TypeError],
  ["requires", "ping", TypeError],
  ["requires", ["pong"], TypeError],
  ["logger", {}, TypeError],
  ["logger", { debug() {}, info() {}, warn() {} }, TypeError],
  ["logger", null, TypeError],
  ["webSocketCompressionEnabled", "yes", TypeError],
  ["timeout", -1, RangeError],
  ["timeout", "1", TypeError],
  ["timeout", Number.NaN, RangeError],
  ["server", "", TypeError],
  ["server", "a\r\nset-cookie: b=1", TypeError],
  ["server", "a\nb", TypeError],
  ["server", "a\u0000", TypeError],
  ["server", "\u00fc", TypeError],
  ["server", " a", TypeError],
  ["server", 1, TypeError],
  ["requestLimits.maxUriLength", 0, RangeError],
  ["requestLimits.maxUriLength", "1", TypeError],
  ["requestLimits.maxHeaderSize", 1.5, RangeError],
  ["requestLimits.maxHeaderSize", -1, RangeError],
  ["requestLimits.maxHeaderSize", 0, RangeError],
  ["requestLimits.maxEntityBodySize", -2, RangeError],
  ["requestLimits.maxEntityBodySize", null, TypeError],
  ["maxConnections", 0, RangeError],
  ["maxConnections", -1, RangeError],
  ["maxConnections", "10", TypeError],
  ["maxConnectionsPerAddress", 0, RangeError],
  ["maxConnectionsPerAddress", Number.POSITIVE_INFINITY, RangeError],
  ["trustedProxies", -1, RangeError],
  ["trustedProxies", 101, RangeError],
  ["trustedProxies", true, TypeError],
  ["trustedProxies", ["10.0.0.1"], TypeError],
  ["http1Settings.keepAlive", "always", TypeError],
  ["http1Settings.keepAlive", true, TypeError],
  ["http1Settings.maxPipelinedRequests", 0, RangeError],
];
for (const [name, value, kind] of wrong) {
  test(`checkListenerConfig() names ${name}, when it is ${describe(value)}`, () => {
    assert.throws(
      () => checkListenerConfig(toConfig(name, value)),
      (error: Error) => {
        assert.equal(error.constructor, kind, String(error));
        assert.match(error.message, new RegExp(`Option ${name}\\b`));
        return true;
      },
    );
  });
}

function toConfig(name: string, value: unknown): object {
  const [option = "", member] = name.split(".");
  return { [option]: member === undefined ? value : { [member]: value } };
}

test("checkListenerConfig() refuses options that it does not know, and what is no object", () => {
  for (const option of ["requestLimits", "http1Settings"]) {
    assert.throws(() => checkListenerConfig({ [option]: { most: 1 } }), /Unknown option "most" of/);
    for (const value of [null, 1]) assert.throws(() => checkListenerConfig({ [option]: value }), TypeError);
  }
  assert.throws(
    () => checkListenerConfig({ hostname: "x" } as object),
    /Unknown option "hostname" of ListenerConfig: must be one of logger, .*secureSocket$/,
  );
  assert.throws(() => checkListenerConfig(null as unknown as object), TypeError);
});

test("checkListenerConfig() says where an option of a service belongs", () => {
  for (const option of ["heartbeat", "idleTimeout", "maxFrameSize", "origins", "auth"]) {
    assert.throws(() => checkListenerConfig({ [option]: 1 }), {
      name: "TypeError",
      message: `Unknown option "${option}" of ListenerConfig: it is one of a service, so give it to upgrade or to attach of a listener`,
    });
  }
});

test("checkListenerConfig() knows an http.Server from a name, and says who takes one", () => {
  const server = { on() {}, itself: {} };
  server.itself = server;
  assert.throws(() => checkListenerConfig({ server } as object), {
    name: "TypeError",
    message:
      'Option server is the header Server, so it must be text; attach of "@switchboard/websocket/node" serves an http.Server',
  });
  assert.throws(
    () => checkListenerConfig({ server: " x" }),
    /^TypeError: Option server is " x": must be printable ASCII/,
  );
});

test("pickEngine() takes the runtime's own, or node where that lacks what is required", () => {
  for (const runtime of ["node", "bun", "deno"] as const) assert.equal(pickEngine("auto", runtime, []), runtime);
  assert.equal(pickEngine("auto", "deno", ["ping"]), "node");
  assert.equal(pickEngine("auto", "bun", ["ping", "terminate", "messageLimit"]), "bun");
  assert.equal(pickEngine("node", "deno", ["ping"]), "node");
  assert.equal(pickEngine("deno", "deno", []), "deno");
});

test("pickEngine() fails, when the engine does not run here or lacks what is required", () => {
  assert.throws(() => pickEngine("bun", "node", []), {
    name: "ListenerError",
    message: 'The engine "bun" does not run on node: use engine "node" or "auto"',
  });
  assert.throws(() => pickEngine("deno", "deno", ["terminate"]), { name: "UnsupportedError" });
  const lacks = (engine: EngineName): boolean => !ENGINE_CAPABILITIES[engine].compression;
  if (lacks("node")) assert.throws(() => pickEngine("auto", "bun", ["compression"]), { name: "UnsupportedError" });
});

function describe(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "object"
      ? (JSON.stringify(value) ?? "")
      : String(value);
}
