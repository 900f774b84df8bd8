/** The defaults of a server as the guides state them, each as a literal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toIntrospectionRules } from "../../auth/introspection_options.ts";
import { AuthError, ENGINE_CAPABILITIES, type Engine, type Host, Listener, UpgradeError } from "../../mod.ts";
import { Admission } from "../../src/admission.ts";
import { authenticate, challenges } from "../../src/authenticators.ts";
import type { ListenOptions } from "../../src/engine.ts";
import { toHostRules } from "../../src/host_config.ts";
import type { UpgradeRequest } from "../../src/upgrade_request.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { open, silent } from "./support.ts";

test("of HostConfig", () => {
  assert.deepEqual(toHostRules({}), {
    requestLimits: { maxUriLength: 4096, maxHeaderSize: 8192, maxEntityBodySize: -1 },
    hasHeaderLimit: false,
    maxConnections: Number.POSITIVE_INFINITY,
    maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
    trustedProxies: 0,
    timeout: 120_000,
    headersTimeout: 10_000,
    headers: [],
    server: undefined,
    compression: true,
    ignored: [],
  });
});

/** Starts a listener on an engine that opens no port, and gives what it was told. */
async function start(listener: (engine: Engine) => Listener): Promise<{ options: ListenOptions; host: Host }> {
  const told: { options: ListenOptions; host: Host }[] = [];
  const engine: Engine = {
    capabilities: { ...ENGINE_CAPABILITIES.node, engine: "mine" },
    listen(_app, options, host) {
      told.push({ options, host });
      return Promise.resolve({ port: 4321, close: () => Promise.resolve() });
    },
  };
  await listener(engine).start();
  const [first] = told;
  assert.ok(first !== undefined);
  return first;
}

test("of ListenerConfig, and of the largest message that an engine is told", async () => {
  const logger = silent();
  const { options } = await start((engine) => {
    const listener = new Listener(0, { engine, logger });
    listener.attach("/a", () => ({}));
    return listener;
  });
  assert.deepEqual(options, { hostname: "0.0.0.0", port: 0, maxFrameSize: 65_536 });
  const app = { fetch: () => new Response("page") };
  const mounted = await start((engine) => new Listener(app, { port: 0, engine, logger }));
  assert.deepEqual(mounted.options, { hostname: "0.0.0.0", port: 0, maxFrameSize: 16_777_216 });
});

test("gracefulStop() waits for 10 s, and so does the end of an `await using`", async () => {
  for (const stop of [
    (listener: Listener) => listener.gracefulStop(),
    (listener: Listener) => listener.gracefulStop({}),
    (listener: Listener) => listener[Symbol.asyncDispose](),
  ]) {
    const waited: number[] = [];
    const started: Listener[] = [];
    const { host } = await start((engine) => {
      const listener = new Listener(0, { engine, logger: silent() });
      started.push(listener);
      return listener;
    });
    const member = {
      place: -1,
      sweep: () => {},
      drop: () => {},
      stop(timeout: number) {
        waited.push(timeout);
        host.sweep.leave(member);
        return Promise.resolve();
      },
    };
    host.sweep.join(member, 0);
    for (const listener of started) await stop(listener);
    assert.deepEqual(waited, [10_000]);
  }
});

test("a place that is refused may be asked for again after 5 s, and one that does not open is free after 5 s", async () => {
  const clock = new FakeClock();
  for (const limits of [
    { maxConnections: 1, maxConnectionsPerAddress: Number.POSITIVE_INFINITY },
    { maxConnections: Number.POSITIVE_INFINITY, maxConnectionsPerAddress: 1 },
  ]) {
    const admission = new Admission(limits, clock);
    const place = admission.enter("192.0.2.1");
    const refusal = admission.enter("192.0.2.1");
    assert.ok(refusal instanceof Response && !(place instanceof Response));
    assert.equal(refusal.headers.get("retry-after"), "5");
    place.awaitOpen();
    await clock.advance(4.99);
    assert.equal(admission.count, 1);
    await clock.advance(0.01);
    assert.equal(admission.count, 0);
  }
});

test("of the errors that refuse an upgrade", () => {
  assert.equal(new UpgradeError("x").status, 400);
  const failed = new AuthError("x");
  assert.deepEqual([failed.status, failed.retryAfter], [503, 1]);
  assert.equal(new AuthError("x", { status: 401 }).retryAfter, undefined);
});

test("of an authenticator: its challenge, no scopes, and a skew of 0", async () => {
  const until = Date.now() / 1000 + 60;
  const bearer = {
    scheme: "Bearer" as const,
    authenticate: () => Promise.resolve({ scopes: [], claims: {}, expiresAt: until }),
  };
  assert.deepEqual(challenges([bearer]), { "www-authenticate": 'Bearer realm="websocket"' });
  const found = await authenticate([bearer], { scheme: "bearer", value: "x" }, {} as UpgradeRequest, silent());
  assert.ok(!(found instanceof Response));
  assert.equal(found.until, until * 1000);
});

test("of oauth2Introspection: 1024 answers, for 60 s", () => {
  const rules = toIntrospectionRules({ url: "https://auth.example.com/introspect", cache: {} });
  assert.deepEqual(rules.cache, { maxSize: 1024, ttl: 60_000 });
  assert.equal(toIntrospectionRules({ url: "https://auth.example.com/introspect" }).cache, undefined);
  assert.deepEqual([rules.scopeKey, rules.scopes, rules.challenge], ["scope", undefined, 'realm="websocket"']);
});

test("of a connection: 1,024 streams, and 64 messages that wait", () => {
  async function* endless(): AsyncGenerator<string> {
    await new Promise(() => {});
    yield "never";
  }
  const streaming = open({ onTextMessage: () => endless() });
  for (let i = 0; i < 1024; i++) streaming.connection.text("x");
  assert.deepEqual(streaming.socket.calls, []);
  streaming.connection.text("x");
  assert.deepEqual(streaming.socket.calls, [["close", 1013, "Too many streams"]]);

  const waiting = open({ onOpen: () => new Promise<void>(() => {}) });
  for (let i = 0; i < 63; i++) waiting.connection.text("x");
  assert.deepEqual(waiting.socket.names, []);
  waiting.connection.text("x");
  assert.deepEqual(waiting.socket.names, ["pause"]);
});
