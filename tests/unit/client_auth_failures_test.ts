import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthError, OAuth2Error, type OAuth2Options, oauth2 } from "../../auth/client/mod.ts";
import { toOAuth2 } from "../../auth/client/oauth2.ts";
import { readTokenResponse, type TokenResponse } from "../../auth/client/token_response.ts";
import { httpsFetch } from "../../auth/https_fetch.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { AuthorizationServer, type Misbehaviour } from "../kit/authorization_server.ts";
import { pem } from "../kit/certificates.ts";
import { refused, request, shown, Watch } from "./client_auth_support.ts";

const id = { clientId: "chat", clientSecret: "s3cret" };
const trusted = { fetch: httpsFetch({ ca: pem("ca.pem") }) };

for (const [refusal, status, why, oauthError, retryAfter] of [
  [{ status: 401, error: "invalid_client" }, 401, /answered with 401 and "invalid_client"$/, "invalid_client"],
  [{ status: 400, error: "invalid_grant" }, 401, /answered with 400 and "invalid_grant"$/, "invalid_grant"],
  [{ status: 400, error: "invalid_scope" }, 401, /400 and "invalid_scope"$/, "invalid_scope"],
  [{ status: 400, error: "s3cret" }, 401, /answered with 400$/, undefined],
  [{ status: 400, error: { code: "s3cret" } }, 401, /answered with 400$/, undefined],
  [{ status: 403 }, 401, /answered with 403$/, undefined],
  [{ status: 404 }, 401, /answered with 404$/, undefined],
  [{ status: 201 }, 401, /answered with 201$/, undefined],
  [{ status: 400, error: "temporarily_unavailable" }, 503, /unavailable"$/, "temporarily_unavailable", 1],
  [{ status: 500 }, 503, /answered with 500$/, undefined, 1],
  [{ status: 503, retryAfter: "30" }, 503, /answered with 503$/, undefined, 30],
  [{ status: 429, retryAfter: "0" }, 503, /answered with 429$/, undefined, 0],
  [{ status: 429, retryAfter: "Thu, 01 Jan 1970 00:00:00 GMT" }, 503, /answered with 429$/, undefined, 0],
  [{ status: 408, retryAfter: "soon" }, 503, /answered with 408$/, undefined, 1],
] as const) {
  test(`CAUTH-06 CAUTH-07 oauth2() is ${status} for a refusal with ${JSON.stringify(refusal).slice(1, -1)}`, async (t) => {
    const server = await AuthorizationServer.start(t);
    server.grants.refusal = refusal;
    const source = oauth2({ clientCredentials: { tokenUrl: `${server.url}/token`, ...id } });
    const error = await refused(source(request()), status, why);
    assert.ok(error instanceof OAuth2Error);
    assert.equal(error.name, "OAuth2Error");
    assert.equal(error.oauthError, oauthError);
    assert.equal(error.retryAfter, retryAfter);
    assert.ok(error.message.startsWith(`Cannot get a token from "${server.host}": `));
  });
}

/** An answer that no network brings. */
function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): TokenResponse {
  return readTokenResponse("id.example", { status, headers: new Headers(headers), body });
}

test("readTokenResponse() names the error codes that are known, and tries again where that may help", () => {
  for (const [code, status] of [
    ["invalid_request", 401],
    ["invalid_client", 401],
    ["invalid_grant", 401],
    ["unauthorized_client", 401],
    ["unsupported_grant_type", 401],
    ["invalid_scope", 401],
    ["invalid_target", 401],
    ["access_denied", 401],
    ["server_error", 503],
    ["temporarily_unavailable", 503],
  ] as const) {
    assert.throws(() => answer(400, JSON.stringify({ error: code })), { oauthError: code, status });
  }
  for (const status of [408, 425, 429, 500]) assert.throws(() => answer(status, ""), { status: 503 });
});

test("readTokenResponse() rounds a date of Retry-After up to whole seconds", () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  assert.throws(
    () => answer(503, "", { "retry-after": date }),
    ({ retryAfter }) => Number.isInteger(retryAfter),
  );
});

test("readTokenResponse() takes no answer that is JSON but no object, and no endless life", () => {
  for (const body of ["null", "7", '"s3cret"', "[]"]) {
    assert.throws(() => answer(200, body), /its answer is not a JSON object$/);
  }
  const endless = '{"access_token":"a","token_type":"bearer","expires_in":1e999}';
  assert.throws(() => answer(200, endless), /its "expires_in" is no number of seconds$/);
});

test("G4 oauth2() reads Retry-After when it is a date", async (t) => {
  const server = await AuthorizationServer.start(t);
  server.grants.refusal = { status: 503, retryAfter: new Date(Date.now() + 60_000).toUTCString() };
  const source = oauth2({ clientCredentials: { tokenUrl: `${server.url}/token`, ...id } });
  const { retryAfter = 0 } = await refused(source(request()), 503, /answered with 503$/);
  assert.ok(retryAfter > 50 && retryAfter <= 60, `${retryAfter}`);
});

for (const [extra, status, why] of [
  [{ access_token: undefined }, 503, /its "access_token" is no token$/],
  [{ access_token: "" }, 503, /its "access_token" is no token$/],
  [{ access_token: "s3cret\r\nX: y" }, 503, /its "access_token" is no token$/],
  [{ access_token: "s3cret ü" }, 503, /its "access_token" is no token$/],
  [{ access_token: "s".repeat(16_385) }, 503, /its "access_token" is no token$/],
  [{ access_token: ["s3cret"] }, 503, /its "access_token" is no token$/],
  [{ token_type: undefined }, 503, /its "token_type" is not a text$/],
  [{ token_type: 7 }, 503, /its "token_type" is not a text$/],
  [{ token_type: "mac" }, 401, /^Cannot use the token of "localhost:\d+": its type is not bearer$/],
  [{ token_type: "s3cret" }, 401, /its type is not bearer$/],
  [{ expires_in: "3600" }, 503, /its "expires_in" is no number of seconds$/],
  [{ expires_in: null }, 503, /its "expires_in" is no number/],
  [{ expires_in: -1 }, 503, /its "expires_in" is no number/],
  [{ refresh_token: 7 }, 503, /its "refresh_token" is no token$/],
  [{ refresh_token: "" }, 503, /its "refresh_token" is no token$/],
] as const) {
  test(`oauth2() takes no token with ${JSON.stringify(extra).slice(0, 60)}`, async (t) => {
    const server = await AuthorizationServer.start(t);
    server.grants.extra = extra;
    const source = oauth2({ clientCredentials: { tokenUrl: `${server.url}/token`, ...id } });
    await refused(source(request()), status, why);
    // No failure is kept.
    server.grants.extra = { token_type: "BEARER" };
    assert.ok((await source(request())).token);
  });
}

for (const [misbehaviour, status, why] of [
  ["error", 503, /answered with 500 and "server_error"$/],
  ["hang up", 503, /the request failed/],
  ["html", 503, /its answer is not a JSON object$/],
  ["empty", 503, /its "access_token" is no token$/],
  ["redirect", 503, /redirects, which is not followed$/],
  ["huge", 503, /larger than 262144 bytes$/],
  ["bomb", 503, /compressed|not UTF-8/],
] satisfies [Misbehaviour, number, RegExp][]) {
  for (const tls of [false, true]) {
    test(`B10 oauth2() is ${status} for a server that does "${misbehaviour}"${tls ? ", over TLS" : ""}`, async (t) => {
      const server = await AuthorizationServer.start(t, { tls });
      server.grants.refreshTokens.set("s3cret-r", "zoë");
      server.misbehaviour = misbehaviour;
      const tokenUrl = `${server.url}/token?key=s3cret`;
      const endpoint = { tokenUrl, ...id, ...(tls && trusted) };
      const source = oauth2({ refreshToken: { ...endpoint, refreshToken: "s3cret-r" } });
      await refused(source(request()), status, why);
      // A refresh token is never sent twice.
      assert.equal(server.seen.length, 1);
      assert.equal(server.count("/elsewhere"), 0);
      server.misbehaviour = undefined;
      assert.ok((await source(request())).token);
    });
  }
}

for (const misbehaviour of ["slow", "drip"] as const) {
  for (const tls of [false, true]) {
    const over = tls ? ", over TLS" : "";
    test(`B10 oauth2() gives up after 5 s on a server that does "${misbehaviour}"${over}, and hangs up`, async (t) => {
      const server = await AuthorizationServer.start(t, { tls });
      server.misbehaviour = misbehaviour;
      const clock = new FakeClock();
      const endpoint = { tokenUrl: `${server.url}/token`, ...id, ...(tls && trusted) };
      const source = toOAuth2({ clientCredentials: endpoint }, { epoch: new Watch().epoch, clock });
      let settled = false;
      const refusal = refused(source(request()), 503, /no whole answer within 5 s$/).finally(() => {
        settled = true;
      });
      await (misbehaviour === "drip" ? server.dripped() : server.arrived(1));
      await clock.advance(4.999);
      assert.ok(!settled);
      await clock.advance(0.001);
      assert.equal((await refusal).retryAfter, 1);
      await server.left();
      assert.equal(clock.pending, 0);
    });
  }
}

test("oauth2() is 503 for a server that is not there, or whose certificate nobody trusts", async (t) => {
  const server = await AuthorizationServer.start(t, { tls: true });
  const tokenUrl = `${server.url}/token?key=s3cret`;
  await refused(oauth2({ clientCredentials: { tokenUrl, ...id } })(request()), 503, /the request failed/);
  assert.equal(server.seen.length, 0);
  const nowhere = oauth2({ clientCredentials: { tokenUrl: "http://127.0.0.1:1/s3cret", ...id } });
  await refused(nowhere(request()), 503, /the request failed/);
});

test("oauth2() passes on what an assertion or a fetch of one's own throws, without a word of it", async () => {
  const tokenUrl = "https://id.example/s3cret";
  const failing = () => Promise.reject(new TypeError("s3cret"));
  const sent = oauth2({ clientCredentials: { tokenUrl, ...id, fetch: failing } });
  await refused(sent(request()), 503, /^Cannot ask "id.example": the request failed$/);
  const own = new AuthError("No key today", { status: 401 });
  const asserted = oauth2({ jwtBearer: { tokenUrl, ...id, assertion: () => Promise.reject(own) } });
  await assert.rejects(asserted(request()), own);
});

const tokenUrl = "https://id.example/token?key=s3cret";
const good = { tokenUrl, ...id };
const user = { username: "zoë", password: "hunter2" };
for (const [config, error, message] of [
  [{}, TypeError, /oauth2 needs one of clientCredentials, password, refreshToken and jwtBearer/],
  [{ clientCredentials: good, password: { ...good, ...user } }, TypeError, /oauth2 needs one of/],
  [{ implicit: good }, TypeError, /Unknown option "implicit" of oauth2/],
  [{ clientCredentials: undefined }, TypeError, /clientCredentials must be an object/],
  [{ clientCredentials: { tokenUrl } }, TypeError, /clientCredentials\.clientId must be a text/],
  [{ clientCredentials: { tokenUrl, clientId: "a" } }, TypeError, /clientCredentials\.clientSecret must be a text/],
  [{ clientCredentials: { ...id } }, TypeError, /clientCredentials\.tokenUrl must be the URL of a token endpoint/],
  [{ clientCredentials: { ...good, tokenUrl: "token" } }, TypeError, /clientCredentials\.tokenUrl must be the URL/],
  [
    { clientCredentials: { ...good, tokenUrl: "http://id.example/?key=s3cret" } },
    TypeError,
    /clientCredentials\.tokenUrl must be https.*"http:\/\/id\.example"$/,
  ],
  [{ clientCredentials: { ...good, tokenUrl: "ws://localhost/" } }, TypeError, /tokenUrl must be https/],
  [
    { clientCredentials: { ...good, tokenUrl: "https://chat:s3cret@id.example/" } },
    TypeError,
    /tokenUrl must hold no credentials.*"https:\/\/id\.example"$/,
  ],
  [{ clientCredentials: { ...good, username: "zoë" } }, TypeError, /Unknown option "username" of clientCredentials/],
  [{ password: { ...good, username: "zoë" } }, TypeError, /password\.password must be a text/],
  [{ password: { ...good, password: "hunter2" } }, TypeError, /password\.username must be a text/],
  [{ password: { tokenUrl, ...user, clientSecret: "s3cret" } }, TypeError, /password\.clientSecret needs a clientId/],
  [{ password: { ...good, ...user, clientSecret: "" } }, TypeError, /password\.clientSecret must be a text/],
  [{ password: { ...good, ...user, otp: "1" } }, TypeError, /Unknown option "otp" of password/],
  [{ refreshToken: { ...good, refreshToken: "r", otp: "1" } }, TypeError, /Unknown option "otp" of refreshToken/],
  [{ jwtBearer: { ...good, assertion: "a", otp: "1" } }, TypeError, /Unknown option "otp" of jwtBearer/],
  [{ refreshToken: good }, TypeError, /refreshToken\.refreshToken must be a text/],
  [{ jwtBearer: good }, TypeError, /jwtBearer\.assertion must be a text/],
  [
    { clientCredentials: { ...good, credentialBearer: "s3cret" } },
    TypeError,
    /credentialBearer must be "AUTH_HEADER" or "POST_BODY"$/,
  ],
  [{ clientCredentials: { ...good, scopes: "a" } }, TypeError, /clientCredentials\.scopes must be a list/],
  [{ clientCredentials: { ...good, scopes: ["a b"] } }, TypeError, /scopes must be a list/],
  [{ clientCredentials: { ...good, params: { a: 1 } } }, TypeError, /params must hold texts, but "a" is none/],
  [{ clientCredentials: { ...good, params: { grant_type: "x" } } }, TypeError, /params must not hold "grant_type"/],
  ...["client_id", "client_secret", "username", "password", "refresh_token", "assertion", "scope"].map(
    (name) =>
      [
        { clientCredentials: { ...good, params: { [name]: "s3cret" } } },
        TypeError,
        new RegExp(`params must not hold "${name}"`),
      ] as const,
  ),
  [{ clientCredentials: { ...good, defaultTokenExpTime: 0 } }, RangeError, /defaultTokenExpTime must be more than 0/],
  [{ clientCredentials: { ...good, defaultTokenExpTime: "60" } }, RangeError, /defaultTokenExpTime must be/],
  [{ clientCredentials: { ...good, clockSkew: -1 } }, RangeError, /clockSkew must be 0 seconds or more: "-1"/],
  [{ clientCredentials: { ...good, clockSkew: "1" } }, RangeError, /clockSkew must be 0 seconds or more: "1"/],
  [{ clientCredentials: { ...good, clockSkew: Number.POSITIVE_INFINITY } }, RangeError, /clockSkew must be 0/],
  [{ clientCredentials: { ...good, clockSkew: Number.NaN } }, RangeError, /clockSkew must be 0 seconds or more/],
  [{ clientCredentials: { ...good, fetch: "fetch" } }, TypeError, /clientCredentials\.fetch must be a function/],
] as const) {
  test(`oauth2() throws at once: ${message.source}`, () => {
    assert.throws(
      () => oauth2(config as unknown as OAuth2Options),
      (thrown) => {
        assert.ok(thrown instanceof error, String(thrown));
        assert.match(thrown.message, message);
        shown(thrown);
        return true;
      },
    );
  });
}
