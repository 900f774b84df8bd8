/** The options of a client: their defaults, as documented, and what becomes of wrong ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientConfig } from "../../src/client/client_config.ts";
import { toClientRules } from "../../src/client/client_rules.ts";
import { toRunRules } from "../../src/client/run_config.ts";
import { toTransport } from "../../transports.ts";

const URL = "ws://localhost/";

test("the defaults of a client are those of its documentation", () => {
  assert.deepEqual(toClientRules(URL, { retryConfig: {} }), {
    url: URL,
    subProtocols: [],
    auth: undefined,
    credentials: "header",
    readTimeout: -1,
    writeTimeout: -1,
    handShakeTimeout: 300,
    maxFrameSize: 65_536,
    maxQueuedMessages: 1024,
    maxQueuedBytes: 1_048_576,
    retry: {
      maxCount: 0,
      interval: 1,
      backOffFactor: 1,
      maxWaitInterval: 30,
      jitter: 0.5,
      stableAfter: 5,
      retryOn: undefined,
    },
    validation: true,
    signal: undefined,
    queuesWhileDown: true,
  });
  assert.equal(toClientRules(URL, {}).retry, undefined);
});

test("the defaults of run() are those of its documentation", () => {
  const { service, host } = toRunRules(URL, {});
  assert.deepEqual(
    {
      idleTimeout: service.idleTimeout,
      closureTimeout: service.closureTimeout,
      maxQueuedMessages: service.maxQueuedMessages,
      maxQueuedBytes: service.maxQueuedBytes,
      maxBufferedAmount: service.maxBufferedAmount,
      writeTimeout: service.writeTimeout,
      maxFrameSize: service.maxFrameSize,
      compression: host.webSocketCompressionEnabled,
    },
    {
      idleTimeout: 0,
      closureTimeout: 60_000,
      maxQueuedMessages: 64,
      maxQueuedBytes: 1_048_576,
      maxBufferedAmount: 1_048_576,
      writeTimeout: 30_000,
      maxFrameSize: 65_536,
      compression: true,
    },
  );
});

const notObject = [5, "x", true, null];
const notBoolean = [0, "no", {}, null];
const notSeconds = ["5", null, {}];

/** What is of the wrong type, by option. */
const wrongTypes: Readonly<Record<string, readonly unknown[]>> = {
  subProtocols: [...notObject, {}, ["a b"], ["a", "a"], [""]],
  customHeaders: [
    ...notObject,
    [["a", "b"]],
    new Headers({ a: "b" }),
    new Map([["a", "b"]]),
    { a: 5 },
    { "a b": "c" },
    { a: "b\r\nc: d" },
    { a: "b\0" },
    { a: "b\x7f" },
    { a: "\u20ac" },
    { Connection: "close" },
    { upgrade: "h2c" },
    { "Content-Length": "5" },
    { "transfer-encoding": "chunked" },
    { "Sec-WebSocket-Key": "x" },
  ],
  cookies: [...notObject, [["a", "b"]], new Map([["a", "b"]]), { a: 5 }, { a: "b;c" }, { a: "b\r\nc: d" }],
  auth: [5, "token", true, null],
  credentials: ["cookie", 5, null, {}, { query: "" }, { subProtocol: "" }],
  secureSocket: [
    ...notObject,
    { rejectUnauthorised: false },
    { rejectUnauthorized: "no" },
    { ca: 5 },
    { ca: "" },
    { ca: " \n" },
    { cert: "client.pem" },
    { key: "client-key.pem" },
  ],
  webSocketCompressionEnabled: notBoolean,
  pingPongHandler: [...notObject, { onPing: 5 }],
  retryConfig: [...notObject, { retryOn: 5 }, { retries: 3 }, { interval: "1" }],
  validation: notBoolean,
  signal: notObject,
  heartbeat: [...notObject, { intervall: 5 }, { interval: "5" }],
  whileDown: ["drop", 5, null],
  contract: [...notObject, {}],
  transport: ["tcp", 5, true, null, {}],
  readTimeout: notSeconds,
  handShakeTimeout: notSeconds,
  maxFrameSize: notSeconds,
  readTimeOut: [5],
};

/** What is a number out of range, by option. */
const outOfRange: Readonly<Record<string, readonly unknown[]>> = {
  readTimeout: [-0.5, -2, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31],
  writeTimeout: [-0.5, -2],
  handShakeTimeout: [-1, -0.5, Number.NaN],
  maxFrameSize: [0, -1, Number.NaN],
  maxQueuedMessages: [0, -1],
  maxQueuedBytes: [0, -1],
  heartbeat: [{ interval: 0 }, { timeout: 0 }, { interval: -1 }],
  retryConfig: [
    { interval: 0 },
    { maxWaitInterval: 0 },
    { backOffFactor: 0 },
    { backOffFactor: 0.9 },
    { jitter: 1.5 },
    { jitter: -0.5 },
    { maxCount: -1 },
  ],
};

for (const [kind, options] of [
  [TypeError, wrongTypes],
  [RangeError, outOfRange],
] as const) {
  for (const [name, values] of Object.entries(options)) {
    test(`a client names its option ${name} in a ${kind.name}, before it connects`, async () => {
      for (const value of values) {
        const config = { [name]: value } as ClientConfig;
        const check = async (): Promise<unknown> => [toClientRules(URL, config), await toTransport(config)];
        await assert.rejects(check, (error: Error) => {
          assert.equal(error.constructor, kind, `${show(value)}: ${error}`);
          assert.match(error.message, new RegExp(`\\b${name}\\b`), show(value));
          return true;
        });
      }
    });
  }
}

test("options that are undefined are options that are not given", async () => {
  const names = Object.keys(wrongTypes).filter((name) => name !== "readTimeOut");
  const config = Object.fromEntries(names.map((name) => [name, undefined]));
  assert.deepEqual(toClientRules(URL, config), toClientRules(URL, {}));
  assert.equal((await toTransport(config)).name, "ws");
});

test("a URL whose user cannot be decoded is malformed, and its password is not repeated", () => {
  for (const url of ["ws://%zz:secret@localhost/", "ws://user:%e9@localhost/", "localhost", "ftp://localhost/"]) {
    assert.throws(
      () => toClientRules(url, {}),
      (error: Error) => error.constructor === TypeError && /^Malformed URL: (?!.*(?:secret|%e9))/.test(error.message),
    );
  }
});

test("a URL with a password alone has a user, who is told of", () => {
  assert.deepEqual(toClientRules("ws://:secret@localhost/", {}).auth, { username: "", password: "secret" });
});

test("a definition that is given as the contract is told to be none", () => {
  const contract = { dispatcherKey: "event", messages: {} } as never;
  assert.throws(() => toClientRules(URL, { contract }), /^TypeError: Option contract is no Contract$/);
});

test("subProtocols that are a text are told to be no list", () => {
  const config: object = { subProtocols: "chat" };
  assert.throws(() => toClientRules(URL, config), /^TypeError: Option subProtocols is no list of distinct tokens$/);
});

function show(value: unknown): string {
  return `${JSON.stringify(value)} (${Object.prototype.toString.call(value)})`;
}

test("toClientRules() heeds what an option is by itself, whatever a page has put on Object.prototype", () => {
  Object.assign(Object.prototype, { extend: () => {} });
  try {
    const { retry, readTimeout } = toClientRules("ws://localhost", { readTimeout: 2, retryConfig: {} });
    assert.deepEqual([readTimeout, retry?.interval], [2, 1]);
    assert.throws(() => toClientRules("ws://localhost", { readTimeout: -2 }), RangeError);
  } finally {
    Reflect.deleteProperty(Object.prototype, "extend");
  }
});
