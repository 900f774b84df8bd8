/** Options that are given as `undefined` are as if they were left out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { basicAuth, jwtAuth, oauth2Introspection } from "../../auth/mod.ts";
import { Listener } from "../../mod.ts";
import { toClientRules } from "../../src/client/client_rules.ts";
import { checkHostNames, toHostRules } from "../../src/host_config.ts";
import { HOST_NAMES, LISTENER_NAMES } from "../../src/server_names.ts";
import { SERVICE_NAMES, toServiceRules } from "../../src/service_config.ts";
import { pair } from "../../src/testing/mod.ts";

const unset = (names: Iterable<string>): object => Object.fromEntries([...names].map((name) => [name, undefined]));

const CLIENT = `subProtocols customHeaders cookies auth credentials readTimeout writeTimeout handShakeTimeout secureSocket maxFrameSize
  webSocketCompressionEnabled pingPongHandler retryConfig validation signal heartbeat whileDown contract transport maxQueuedMessages maxQueuedBytes`;
const RETRY = "maxCount interval backOffFactor maxWaitInterval jitter stableAfter retryOn";

test("a service and a host whose options are undefined have the defaults", () => {
  assert.deepEqual(toServiceRules(unset(SERVICE_NAMES)), toServiceRules());
  const heartbeat = unset(["interval", "timeout"]);
  assert.deepEqual(toServiceRules({ heartbeat }), toServiceRules());
  const given = unset(HOST_NAMES);
  checkHostNames("attach", given);
  assert.deepEqual(toHostRules(given), toHostRules({}));
  const limits = unset(["maxUriLength", "maxHeaderSize", "maxEntityBodySize"]);
  assert.deepEqual(toHostRules({ requestLimits: limits, http1Settings: unset(["keepAlive"]) }), toHostRules({}));
});

test("a listener starts and stops with options that are undefined", async () => {
  const listener = new Listener(0, unset([...HOST_NAMES, ...LISTENER_NAMES].filter((name) => name !== "port")));
  listener.attach("/", () => ({}), unset(SERVICE_NAMES));
  await listener.start();
  await listener.gracefulStop({ deadline: undefined });
});

test("a client whose options are undefined has the defaults", () => {
  const names = CLIENT.split(/\s+/);
  const url = "ws://localhost";
  assert.deepEqual(toClientRules(url, unset(names)), toClientRules(url, {}));
  assert.deepEqual(
    toClientRules(url, { retryConfig: unset(RETRY.split(" ")) }).retry,
    toClientRules(url, { retryConfig: {} }).retry,
  );
});

test("authenticators and a pair take options that are undefined", async () => {
  basicAuth({ users: [{ username: "a", password: "b" }], realm: undefined, scopes: undefined });
  jwtAuth({ algorithms: ["HS256"], secret: "x".repeat(32), issuer: undefined, audience: undefined, scopes: undefined });
  oauth2Introspection({ url: "https://id.example.com/introspect", cache: undefined, scopes: undefined });
  const secureSocket = unset(["ca", "cert", "key", "keyPassword", "serverName"]);
  oauth2Introspection({ url: "https://id.example.com/introspect", secureSocket, cache: unset(["maxSize", "ttl"]) });
  const { client, caller } = await pair({ onTextMessage: (_caller, text) => text }, undefined, {
    clock: undefined,
    logger: undefined,
  });
  await caller.writeTextMessage("x", { compress: undefined });
  assert.equal(await client.receive(), "x");
  await client.close(undefined, undefined);
});
