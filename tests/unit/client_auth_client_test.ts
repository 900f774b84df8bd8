import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client } from "../../client.ts";
import { OAuth2Error, oauth2, selfSignedJwt } from "../../auth/client/mod.ts";
import { jwtAuth, oauth2Introspection } from "../../auth/mod.ts";
import { Listener } from "../../listener.ts";
import type { ClientAuth } from "../../src/client/client_credential.ts";
import { closeFrame } from "../../src/close_frame.ts";
import { AuthError, InvalidHandshakeError } from "../../src/errors.ts";
import { AuthorizationServer } from "../kit/authorization_server.ts";
import { refused, shown } from "./client_auth_support.ts";

const id = { clientId: "chat", clientSecret: "s3cret" };
const retryConfig = { interval: 0.01 };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A service that asks an authorization server about its tokens. */
async function start(t: TestContext) {
  const server = await AuthorizationServer.start(t);
  const listener = new Listener(0, { logger: quiet });
  listener.attach(
    "/",
    ({ principal }) => ({
      onOpen: () => `${principal?.subject}`,
      onTextMessage(_, text) {
        if (text === "hello") return text;
        return text === "expire" ? closeFrame(4401, "Token expired") : closeFrame(1012);
      },
    }),
    { auth: [oauth2Introspection({ url: `${server.url}/introspect`, ...id })] },
  );
  await listener.start();
  t.after(() => listener.immediateStop());
  const auth = oauth2({ clientCredentials: { tokenUrl: `${server.url}/token`, ...id } });
  const connect = async (config = {}): Promise<Client> => {
    const client = await Client.connect(listener.url, { auth, retryConfig, ...config });
    t.after(() => client.close());
    return client;
  };
  return { server, connect, auth };
}

test("G5 A client goes on with another token when its connection is closed with 4401", async (t) => {
  const { server, connect } = await start(t);
  const client = await connect();
  assert.equal(await client.readTextMessage(), "chat");
  await client.writeTextMessage("expire");
  assert.equal(await client.readTextMessage(), "chat");
  assert.equal(server.count("/token"), 2);
  await client.writeTextMessage("hello");
  assert.equal(await client.readTextMessage(), "hello");
});

test("G5 A client whose kept token was revoked gets another, once", async (t) => {
  const { server, connect, auth } = await start(t);
  const { token } = await auth({ renew: false, signal: AbortSignal.timeout(5000) });
  server.revoke(token);
  const client = await connect();
  assert.equal(await client.readTextMessage(), "chat");
  assert.equal(server.count("/token"), 2);
  assert.equal(server.count("/introspect"), 2);
});

test("G5 A client whose tokens are all refused asks for two, and stops", async (t) => {
  const { server, connect } = await start(t);
  server.extra = { active: false };
  await assert.rejects(connect(), (error) => {
    assert.ok(error instanceof InvalidHandshakeError, String(error));
    assert.equal(error.status, 401);
    shown(error);
    return true;
  });
  assert.equal(server.count("/token"), 2);
  assert.equal(server.count("/introspect"), 2);
});

test("G5 A function is told to renew until it has given another credential, and not when that one was not refused", async (t) => {
  const { server, connect } = await start(t);
  const asked: boolean[] = [];
  const auth: ClientAuth = async ({ renew }) => {
    asked.push(renew);
    if (asked.length === 1) return { token: "made-up" };
    if (asked.length === 2) throw new AuthError("Not now", { retryAfter: 0.01 });
    return { token: await server.issue({ sub: "zoë" }) };
  };
  const client = await connect({ auth });
  assert.equal(await client.readTextMessage(), "zoë");
  await client.writeTextMessage("restart");
  assert.equal(await client.readTextMessage(), "zoë");
  assert.deepEqual(asked, [false, true, true, false]);
});

test("G5 A fixed token that is refused is final: 4401 is not met with the same token", async (t) => {
  const { server, connect } = await start(t);
  const client = await connect({ auth: { token: await server.issue() } });
  assert.equal(await client.readTextMessage(), "zoe");
  await client.writeTextMessage("expire");
  assert.deepEqual(await client.closed, { code: 4401, reason: "Token expired" });
  assert.equal(server.count("/introspect"), 1);
});

test("CAUTH-06 A client whose secret is wrong stops at once, with the code of the server", async (t) => {
  const { server, connect } = await start(t);
  const auth = oauth2({ clientCredentials: { tokenUrl: `${server.url}/token`, ...id, clientSecret: "s3cret-wrong" } });
  const error = await refused(connect({ auth }), 401, /answered with 401 and "invalid_client"$/);
  assert.ok(error instanceof OAuth2Error);
  assert.equal(error.oauthError, "invalid_client");
  assert.equal(server.count("/token"), 1);
});

test("A client tries again while the authorization server is out of order", async (t) => {
  const { server, connect } = await start(t);
  server.grants.refusal = { status: 503, retryAfter: "0" };
  const connecting = connect();
  await server.arrived(1);
  server.grants.refusal = undefined;
  const client = await connecting;
  assert.equal(await client.readTextMessage(), "chat");
  assert.equal(server.count("/token"), 2);
});

test("Without retryConfig the first failure of the authorization server is that of connect", async (t) => {
  const { server, connect } = await start(t);
  server.misbehaviour = "error";
  await refused(connect({ retryConfig: undefined }), 503, /answered with 500 and "server_error"$/);
});

test("L11 A client that is given up while it waits for its token hangs up", async (t) => {
  const { server, connect } = await start(t);
  server.misbehaviour = "slow";
  const abort = new AbortController();
  const connecting = connect({ signal: abort.signal });
  await server.arrived(1);
  abort.abort(new Error("given up"));
  await assert.rejects(connecting, /^Error: given up$/);
  await server.left();
});

test("G6 A token that is late counts towards handShakeTimeout", async (t) => {
  const { server, connect } = await start(t);
  server.misbehaviour = "slow";
  await assert.rejects(connect({ handShakeTimeout: 0.05, retryConfig: undefined }), { code: "handshake_timed_out" });
  await server.left();
});

test("CAUTH-04 A client connects with a token that it signs, in the header, the subprotocol and the query", async (t) => {
  const secret = `s3cret${"x".repeat(30)}`;
  const listener = new Listener(0, { logger: quiet });
  listener.attach("/", ({ principal }) => ({ onOpen: () => `${principal?.subject}` }), {
    auth: [jwtAuth({ algorithms: ["HS256"], secret, issuer: "worker", audience: "chat" })],
    credentials: ["header", { subProtocol: "bearer" }, { query: "access_token" }],
    subProtocols: ["chat.v1"],
  });
  await listener.start();
  t.after(() => listener.immediateStop());
  const signed = { issuer: "worker", audience: "chat", subject: "zoë", algorithm: "HS256", key: secret } as const;
  for (const credentials of ["header", { subProtocol: "bearer" }, { query: "access_token" }] as const) {
    const config = { auth: selfSignedJwt(signed), credentials, subProtocols: ["chat.v1"] };
    const client = await Client.connect(listener.url, config);
    assert.equal(await client.readTextMessage(), "zoë");
    assert.equal(client.negotiatedSubProtocol, "chat.v1");
    assert.doesNotMatch(client.url, /eyJ/);
    await client.close();
  }
  const other = selfSignedJwt({ ...signed, key: secret.toUpperCase() });
  await assert.rejects(Client.connect(listener.url, { auth: other }), (error) => {
    shown(error);
    return error instanceof InvalidHandshakeError && !(error instanceof AuthError);
  });
});
