import assert from "node:assert/strict";
import { test } from "node:test";
import { isToken } from "../../src/http.ts";
import { type ServiceConfig, toServiceRules, type UpgradeConfig } from "../../src/service_config.ts";
import { upgrade } from "../../src/upgrade.ts";

test("toServiceRules() fills in the defaults", () => {
  const rules = toServiceRules();
  assert.deepEqual(
    { ...rules, subProtocols: [...rules.subProtocols] },
    {
      subProtocols: [],
      requireSubProtocol: false,
      idleTimeout: 0,
      maxFrameSize: 65536,
      closureTimeout: 60_000,
      origins: "same-origin",
      responseHeaders: undefined,
      upgradeTimeout: 10_000,
      heartbeatInterval: 30_000,
      heartbeatTimeout: 10_000,
      maxQueuedMessages: 64,
      maxQueuedBytes: 1_048_576,
      maxBufferedAmount: 1_048_576,
      highWaterMark: 65536,
      writeTimeout: 30_000,
      auth: [],
      credentials: ["header"],
      closeOnExpiry: true,
      params: undefined,
      query: undefined,
      headers: undefined,
      message: undefined,
      validation: true,
      requires: [],
    },
  );
});

test("toServiceRules() takes every option in its right form, seconds as milliseconds", () => {
  const rules = toServiceRules({
    subProtocols: ["a", "b"],
    requireSubProtocol: true,
    idleTimeout: 0.5,
    maxFrameSize: 1,
    connectionClosureTimeout: -1,
    origins: ["https://EXAMPLE.com:443", "http://localhost:80", "null"],
    responseHeaders: { a: "b" },
    upgradeTimeout: 0.25,
    heartbeat: { interval: 1.5 },
    maxQueuedMessages: 1,
    maxQueuedBytes: 1,
    maxBufferedAmount: 1000,
    writeTimeout: 0.001,
    requires: ["ping", "terminate", "compression", "messageLimit"],
  });
  assert.deepEqual([...rules.subProtocols], ["a", "b"]);
  assert.equal(rules.idleTimeout, 500);
  assert.equal(rules.closureTimeout, -1);
  assert.deepEqual(rules.origins, ["https://example.com", "http://localhost", "null"]);
  assert.equal(rules.upgradeTimeout, 250);
  assert.equal(rules.heartbeatInterval, 1500);
  assert.equal(rules.heartbeatTimeout, 10_000);
  assert.equal(rules.highWaterMark, 1000);
  assert.equal(rules.writeTimeout, 1);
  assert.equal(toServiceRules({ heartbeat: false }).heartbeatInterval, 0);
  assert.equal(toServiceRules({ origins: "*" }).origins, "*");
  assert.deepEqual(toServiceRules({ origins: [] }).origins, []);
});

const notSeconds = [-1, -0.001, Number.NaN, Number.POSITIVE_INFINITY, "5", null, {}, true];
const notPositive = [...notSeconds, 0];
const notWhole = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "5", {}, true];

/** Wrong values of every option. `null` is no value at all where `??` gives the default. */
const wrong: Record<keyof UpgradeConfig, readonly unknown[]> = {
  auth: [
    [],
    {},
    "basic",
    [null],
    [{ scheme: "Digest", authenticate: () => {} }],
    [{ scheme: "Basic" }],
    [{ scheme: "Bearer", authenticate: () => {}, scopes: [] }],
    [{ scheme: "Bearer", authenticate: () => {}, scopes: ["a b"] }],
    [{ scheme: "Bearer", authenticate: () => {}, challenge: 'realm="a\r\nb"' }],
    [{ scheme: "Bearer", authenticate: () => {}, clockSkew: -1 }],
  ],
  credentials: [
    [],
    "header",
    ["body"],
    [{}],
    [{ cookie: "a b" }],
    [{ cookie: "a", query: "b" }],
    [{ query: "" }],
    [{ header: "x" }],
  ],
  closeOnExpiry: ["yes", 1, null],
  params: [{}, 5, null, "x", { "~standard": {} }],
  query: [{}, 5, null, "x"],
  headers: [{}, 5, null, "x"],
  message: [{}, 5, null, "x"],
  validation: ["yes", 1, null],
  subProtocols: ["chat", 5, {}, [5], ["*"], [""], ["a b"], ["a,b"], ["é"], [null], ["a\n"]],
  requireSubProtocol: ["yes", 1, {}, true],
  idleTimeout: notSeconds,
  maxFrameSize: notWhole,
  connectionClosureTimeout: [-2, -0.5, Number.NaN, Number.POSITIVE_INFINITY, "5", {}],
  origins: [
    "https://example.com",
    "self",
    5,
    {},
    [5],
    [null],
    ["https://*.example.com"],
    ["example.com"],
    ["https://example.com/"],
    ["https://example.com/path"],
    ["https://user@example.com"],
    ["https://example.com?query"],
    ["https://example.com#"],
    [" https://example.com"],
    ["https://"],
    ["*"],
    [new URL("https://example.com")],
  ],
  responseHeaders: [
    "a: b",
    5,
    true,
    { "a b": "c" },
    { a: "b\r\nc: d" },
    { Connection: "close" },
    [["upgrade", "x"]],
    [["a"]],
    ["ab"],
    [5],
  ],
  upgradeTimeout: notPositive,
  heartbeat: [true, 5, "on", { interval: 0 }, { interval: -1 }, { timeout: 0 }, { timeout: "5" }, { intervall: 5 }],
  maxQueuedMessages: notWhole,
  maxQueuedBytes: notWhole,
  maxBufferedAmount: notWhole,
  writeTimeout: notPositive,
  requires: ["ping", 5, {}, ["pong"], [null]],
};

for (const [name, values] of Object.entries(wrong)) {
  for (const value of values) {
    if (value === null) continue;
    test(`upgrade() names ${name}, when it is ${show(value)}`, () => {
      assert.throws(
        () => upgrade({ [name]: value } as ServiceConfig, () => ({})),
        (error: Error) => {
          assert.ok(error.constructor === TypeError || error.constructor === RangeError, String(error));
          assert.match(error.message, new RegExp(`(?:Option |")?${name}\\b`));
          return true;
        },
      );
    });
  }
}

test("upgrade() refuses a header list with names of the handshake", () => {
  for (const name of [
    "Upgrade",
    "content-length",
    "Transfer-Encoding",
    "Sec-WebSocket-Protocol",
    "sec-websocket-accept",
  ]) {
    assert.throws(
      () => upgrade({ responseHeaders: { [name]: "x" } }, () => ({})),
      /Option responseHeaders has .* belongs to the handshake/,
    );
  }
  assert.throws(
    () => upgrade({ responseHeaders: new Headers({ a: "b" }) as never }, () => ({})),
    /Option responseHeaders/,
  );
});

test("toServiceRules() refuses options that it does not know, and what is no object", () => {
  assert.throws(() => toServiceRules({ idleTimout: 5 } as ServiceConfig), {
    name: "TypeError",
    message: /^Unknown option "idleTimout" of ServiceConfig: must be one of subProtocols, .*requires$/,
  });
  for (const config of [null, 5, "x", []]) {
    if (Array.isArray(config)) continue;
    assert.throws(() => toServiceRules(config as ServiceConfig), TypeError);
  }
});

test("toServiceRules() says where an option of the server belongs", () => {
  for (const option of [
    "port",
    "host",
    "secureSocket",
    "webSocketCompressionEnabled",
    "maxConnections",
    "connections",
  ]) {
    assert.throws(() => toServiceRules({ [option]: 1 } as ServiceConfig), {
      name: "TypeError",
      message: `Unknown option "${option}" of ServiceConfig: it is one of the server, so give it to the listener, or to attach, handlers or handler`,
    });
  }
});

test("toServiceRules() says that what names the types of messages is an option of a contract", () => {
  for (const option of ["dispatcherKey", "dispatcherStreamId"]) {
    assert.throws(() => toServiceRules({ [option]: "event" } as ServiceConfig), {
      name: "TypeError",
      message: `Unknown option "${option}" of ServiceConfig: it is one of a contract, so give it to contract`,
    });
  }
});

test("toServiceRules() says that subprotocols have no wildcard", () => {
  assert.throws(() => toServiceRules({ subProtocols: ["chat.v1", "*"] }), {
    name: "TypeError",
    message: 'Option subProtocols has "*", which stands for no other name: list the names',
  });
  assert.deepEqual([...toServiceRules({ subProtocols: ["*.v1"] }).subProtocols], ["*.v1"]);
});

test("isToken() follows RFC 9110, section 5.6.2", () => {
  for (let unit = 0; unit < 256; unit++) {
    const character = String.fromCharCode(unit);
    const expected = unit < 128 && /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character);
    assert.equal(isToken(character), expected, String(unit));
  }
  assert.equal(isToken(""), false);
  assert.equal(isToken("a\n"), false);
});

function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  return JSON.stringify(value) ?? String(value);
}
