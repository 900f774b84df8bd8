/** Which transport a client gets, and what it is told when that will not do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../client.ts";
import { run } from "../../entries/client_run.ts";
import { AuthError, UnsupportedError } from "../../mod.ts";
import type { ClientConfig } from "../../src/client/client_config.ts";
import type { ClientCredential } from "../../src/client/client_credential.ts";
import type { Dial, Line, Transport } from "../../src/client/transport.ts";
import { toTransport } from "../../transports.ts";
import { Recorder } from "./client_transport_support.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/** Options that not every transport can obey. */
const more: readonly ClientConfig[] = [
  { customHeaders: { "X-One": "1" } },
  { cookies: { a: "1" } },
  { auth: { token: "t" } },
  { auth: () => ({ token: "t" }), credentials: "header" },
  { secureSocket: {} },
  { pingPongHandler: {} },
  { heartbeat: {} },
  { retryConfig: {} },
  { handShakeTimeout: 300 },
  { webSocketCompressionEnabled: false },
];

const less: readonly ClientConfig[] = [
  {},
  { heartbeat: false, webSocketCompressionEnabled: true },
  { auth: { token: "t" }, credentials: { subProtocol: "bearer" } },
  { auth: { token: "t" }, credentials: { query: "access_token" } },
  { subProtocols: ["a"], maxFrameSize: 1, readTimeout: 1, whileDown: "reject" },
];

/** Runs a test with another `navigator`. */
async function inside(navigator: unknown, fn: () => Promise<void>): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true, writable: true });
  try {
    await fn();
  } finally {
    Reflect.deleteProperty(globalThis, "navigator");
    if (before !== undefined) Object.defineProperty(globalThis, "navigator", before);
  }
}

const inBrowser = (fn: () => Promise<void>): Promise<void> => inside({ userAgent: CHROME }, fn);
const nameOf = async (config: ClientConfig): Promise<string> => (await toTransport(config)).name;

test("toTransport() takes ws off the browser, whatever is asked", async () => {
  for (const config of [...less, ...more]) assert.equal(await nameOf(config), "ws", JSON.stringify(config));
  await inside(undefined, async () => assert.equal(await nameOf({}), "ws"));
});

test("toTransport() takes the transport that is named", async () => {
  assert.equal(await nameOf({ transport: "ws" }), "ws");
  assert.equal(await nameOf({ transport: "platform" }), "platform");
  assert.equal(await nameOf({ transport: "platform", retryConfig: {}, handShakeTimeout: 1 }), "platform");
});

test("toTransport() takes the platform in a browser, whatever is asked", async () => {
  const configs: ClientConfig[] = [
    ...less,
    { retryConfig: {} },
    { heartbeat: { interval: 1 } },
    { handShakeTimeout: 1 },
  ];
  await inBrowser(async () => {
    for (const config of configs) assert.equal(await nameOf(config), "platform", JSON.stringify(config));
  });
});

function refusal(option: string): UnsupportedError {
  const advice = option === "auth" ? ", or credentials { subProtocol } or { query }" : "";
  return new UnsupportedError(`Option ${option} needs Node, Deno or Bun, and transport "ws"${advice}`);
}

test("toTransport() names the option that the transport cannot obey, and what can", async () => {
  const refused: ClientConfig[] = [
    { customHeaders: { "X-One": "1" } },
    { cookies: { a: "1" } },
    { auth: { token: "t" } },
    { secureSocket: {} },
    { webSocketCompressionEnabled: false },
    { pingPongHandler: {} },
  ];
  for (const config of refused) {
    const error = refusal(`${Object.keys(config)[0]}`);
    await inBrowser(() => assert.rejects(toTransport(config), error));
    await assert.rejects(toTransport({ ...config, transport: "platform" }), error);
  }
  await assert.rejects(toTransport({ heartbeat: {}, transport: "platform" }), refusal("heartbeat"));
  // A credential that travels otherwise makes nothing else so.
  const elsewhere = { auth: { token: "t" }, credentials: { query: "key" }, transport: "platform" } as const;
  await assert.rejects(toTransport({ ...elsewhere, cookies: { a: "1" } }), refusal("cookies"));
});

test("toTransport() takes ws by its name where all looks like a browser but is not", async () => {
  await inBrowser(async () => assert.equal(await nameOf({ transport: "ws", customHeaders: { a: "1" } }), "ws"));
});

test('transport: "platform" is told to be missing, where there is no WebSocket', async () => {
  const { WebSocket: original } = globalThis;
  Reflect.deleteProperty(globalThis, "WebSocket");
  try {
    await assert.rejects(Client.connect("ws://localhost", { transport: "platform" }), {
      name: "WebSocketError",
      message: /^Cannot connect: ReferenceError: .*WebSocket/,
    });
  } finally {
    globalThis.WebSocket = original;
  }
});

/** A transport of one's own, and the dials that it was asked for. */
function toMine(able: Partial<Transport>): { transport: Transport; dials: Dial[]; lines: Line[] } {
  const dials: Dial[] = [];
  const lines: Line[] = [];
  const dial = (asked: Dial, line: Line) => {
    dials.push(asked);
    lines.push(line);
    return { readyState: 1, bufferedAmount: 0, send: () => true, close() {} };
  };
  return { transport: { name: "mine", dial, ...able }, dials, lines };
}

test("toTransport() takes a transport of one's own, for what it says that it can do", async () => {
  const { transport } = toMine({ headers: true });
  const pings: ClientConfig = { customHeaders: { a: "1" }, pingPongHandler: {} };
  assert.equal(await nameOf({ transport, customHeaders: { a: "1" } }), "mine");
  await assert.rejects(toTransport({ transport, ...pings }), refusal("pingPongHandler"));
  await assert.rejects(toTransport({ transport, heartbeat: {} }), refusal("heartbeat"));
  assert.equal(await nameOf({ transport: toMine({ ping: true }).transport, heartbeat: {} }), "mine");
  const bare = toMine({}).transport;
  assert.equal(await toTransport({ transport: bare, retryConfig: {} }), bare);
  await assert.rejects(toTransport({ transport: bare, secureSocket: {} }), UnsupportedError);
  for (const wrong of ["tcp", {}, { dial: 1 }, 1, true]) {
    const config = { transport: wrong } as ClientConfig;
    await assert.rejects(
      toTransport(config),
      new TypeError('Option transport must be "platform", "ws" or a Transport'),
    );
  }
});

test("a user in the URL is a credential, which a transport without headers cannot send", async () => {
  const { transport, dials } = toMine({});
  for (const url of ["ws://ann:secret@localhost", "ws://:secret@localhost"]) {
    await assert.rejects(Client.connect(url, { transport, handShakeTimeout: 1 }), refusal("auth"));
    await assert.rejects(run(url, {}, { transport, handShakeTimeout: 1 }), refusal("auth"));
  }
  assert.equal(dials.length, 0);
  const able = toMine({ headers: true });
  await assert.rejects(
    Client.connect("ws://:secret@localhost", { transport: able.transport, handShakeTimeout: 1 }),
    new AuthError("Cannot send the credential: neither the user nor the password may be empty", { status: 401 }),
  );
  assert.equal(able.dials.length, 0);
});

test("toTransport() gives options to a transport that takes them, and heartbeats to one that pings", async () => {
  const line = new Recorder();
  const dial = { url: "ws://localhost", protocols: [], maxFrameSize: 1 };
  const takes = toMine({ headers: true });
  const options: ClientConfig = {
    secureSocket: { serverName: "a" },
    webSocketCompressionEnabled: false,
    customHeaders: { "X-One": "1" },
  };
  (await toTransport({ transport: takes.transport, ...options })).dial(dial, line);
  const [asked] = takes.dials;
  assert.deepEqual(
    [asked?.secureSocket, asked?.compression, asked?.headers],
    [{ serverName: "a" }, false, { "X-One": "1" }],
  );
  const pings = toMine({ ping: true });
  (await toTransport({ transport: pings.transport })).dial(dial, line);
  assert.notEqual(pings.lines[0], line, "something listens in between");
});

test("CLI-10 CAUTH-09 cookies and a credential take the place of headers that say the same, whatever their case", async () => {
  const { transport, dials } = toMine({ headers: true });
  const config: ClientConfig = {
    customHeaders: { cOOkie: "old=1", authorization: "Basic old", "X-One": "1" },
    cookies: { a: "1", b: "2" },
  };
  const dressed = await toTransport({ transport, ...config });
  const dial = { url: "ws://localhost", protocols: [], maxFrameSize: 1 };
  dressed.dial({ ...dial, credential: { token: "new" } }, new Recorder());
  assert.deepEqual(dials[0]?.headers, { "X-One": "1", Cookie: "a=1; b=2", Authorization: "Bearer new" });
  dressed.dial(dial, new Recorder());
  assert.equal(dials[1]?.headers?.authorization, "Basic old");
  dressed.dial({ ...dial, credential: { username: "j\u00fcrge", password: "\u20ac:" } }, new Recorder());
  assert.equal(dials[2]?.headers?.Authorization, "Basic asO8cmdlOuKCrDo=", "the credential is in UTF-8");
});

test("CAUTH-02 a credential that cannot be sent is a final AuthError that does not repeat it", async () => {
  const { transport, dials } = toMine({ headers: true });
  const dressed = await toTransport({ transport });
  const dial = { url: "ws://localhost", protocols: [], maxFrameSize: 1 };
  const wrong: readonly unknown[] = [
    { token: "" },
    { token: undefined, username: "ann", password: "secret" },
    { token: "secret secret" },
    { token: "s\u00e9cret" },
    { username: "", password: "secret" },
    { username: "ann", password: "" },
    { username: "ann" },
    { username: "ann:secret", password: "secret" },
    { username: "ann", password: "secret\n" },
  ];
  for (const credential of wrong) {
    assert.throws(
      () => dressed.dial({ ...dial, credential: credential as ClientCredential }, new Recorder()),
      (error) => error instanceof AuthError && error.status === 401 && !/s.cret|\bann\b/.test(error.message),
      JSON.stringify(credential),
    );
  }
  assert.equal(dials.length, 0);
});

test("CLI-23 close() waits 60 s for the server's answer, unless it is told otherwise", async () => {
  const { transport, lines } = toMine({});
  const connecting = Client.connect("ws://localhost", { transport, maxFrameSize: 1 });
  while (lines.length === 0) await new Promise(setImmediate);
  lines[0]?.opened({ protocol: "" });
  const client = await connecting;
  const { setTimeout: original } = globalThis;
  const waits: (number | undefined)[] = [];
  globalThis.setTimeout = ((callback: () => void, ms?: number) => {
    waits.push(ms);
    return original(callback, 0);
  }) as typeof setTimeout;
  try {
    await client.close();
  } finally {
    globalThis.setTimeout = original;
  }
  assert.deepEqual(waits, [60_000]);
});
