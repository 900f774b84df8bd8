import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { jwtVerify, SignJWT } from "jose";
import type { Page } from "playwright-core";
import { closeFrame, Listener } from "../../mod.ts";
import { jwtAuth } from "../../auth/mod.ts";
import { root } from "../../scripts/root.ts";
import { runtime } from "../../scripts/runtimes.ts";
import { run } from "../../scripts/spawn.ts";
import { Window } from "./tabs.ts";

const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const bundle = await toBundle();

/** The client and its credentials in one file, as the page of a user has them. */
async function toBundle(): Promise<string> {
  mkdirSync(`${root}/.tmp`, { recursive: true });
  const folder = mkdtempSync(`${root}/.tmp/bundle-`);
  try {
    const entries = ["entries/client.ts", "auth/client/mod.ts"];
    writeFileSync(`${folder}/in.ts`, entries.map((entry) => `export * from "${root}/${entry}";\n`).join(""));
    const { code, output } = await run(runtime("bun").binary, [
      "build",
      `${folder}/in.ts`,
      "--target=browser",
      "--external=./adapters/ws/*",
      `--outfile=${folder}/out.js`,
    ]);
    assert.equal(code, 0, output);
    return readFileSync(`${folder}/out.js`, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A page with the bundle, an endpoint for tokens and a service, on one port. */
async function start(t: TestContext): Promise<{ page: Page; seen: URLSearchParams[]; port: number }> {
  const seen: URLSearchParams[] = [];
  const app = new Hono();
  app.get("/", (context) => context.html("<!doctype html><title>Page</title>"));
  app.get("/client.js", (context) => context.body(bundle, 200, { "content-type": "text/javascript" }));
  app.post("/redirect", (context) => context.redirect("/token", 307));
  app.post("/huge", () => {
    const body = gzipSync(JSON.stringify({ padding: "x".repeat(1_048_576) }));
    return new Response(body, { headers: { "content-encoding": "gzip" } });
  });
  app.post("/token", async (context) => {
    seen.push(new URLSearchParams(await context.req.text()));
    const token = new SignJWT({ sub: "zoë" }).setProtectedHeader({ alg: "HS256" }).setJti(`${seen.length}`);
    const answer = { access_token: await token.sign(secret), token_type: "bearer", expires_in: 60 };
    // A browser asks for it, whatever a script says.
    const body = gzipSync(JSON.stringify(answer));
    return new Response(body, { headers: { "content-encoding": "gzip", "content-type": "application/json" } });
  });
  const listener = new Listener(app, { port: 0 });
  listener.attach(
    "/chat",
    ({ principal }) => ({
      onOpen: () => `${principal?.subject} ${principal?.claims.jti}`,
      onTextMessage: () => closeFrame(4401, "Token expired"),
    }),
    {
      auth: [jwtAuth({ algorithms: ["HS256"], secret })],
      credentials: [{ subProtocol: "bearer" }, { query: "access_token" }],
      subProtocols: ["chat.v1"],
    },
  );
  await listener.start();
  t.after(() => listener.immediateStop());
  const window = await Window.open(t);
  const { page } = await window.visit({ port: listener.port });
  await page.evaluate("import('/client.js').then((module) => Object.assign(globalThis, module))");
  return { page, seen, port: listener.port };
}

const ask = "({ renew: false, signal: AbortSignal.timeout(5000) })";
const grant = (path: string) =>
  `oauth2({ clientCredentials: { tokenUrl: new URL("${path}", location.href), clientId: "chat", clientSecret: "x" } })`;

for (const credentials of [{ subProtocol: "bearer" }, { query: "access_token" }]) {
  test(`A page gets a token by oauth2(), shows it in the ${Object.keys(credentials)[0]}, and renews it at 4401`, async (t) => {
    const { page, seen } = await start(t);
    const said = await page.evaluate(`(async () => {
      const client = await Client.connect("/chat", {
        auth: ${grant("/token")},
        credentials: ${JSON.stringify(credentials)},
        subProtocols: ["chat.v1"],
        retryConfig: { interval: 0.01, maxCount: 3 },
      });
      const first = await client.readTextMessage();
      await client.writeTextMessage("expire");
      const second = await client.readTextMessage();
      const { negotiatedSubProtocol } = client;
      await client.close();
      return [first, second, negotiatedSubProtocol];
    })()`);
    assert.deepEqual(said, ["zoë 1", "zoë 2", "chat.v1"]);
    assert.equal(seen.length, 2);
    assert.deepEqual(Object.fromEntries(seen[0] ?? []), { grant_type: "client_credentials" });
  });
}

test("B10 A page follows no redirect to a token, and takes no answer that is too large", async (t) => {
  const { page, seen } = await start(t);
  const why = async (path: string): Promise<unknown> =>
    await page.evaluate(`${grant(path)}${ask}.catch(({ name, status, message }) => [name, status, message])`);
  const { host } = new URL(page.url());
  const expected = (reason: string) => ["AuthError", 503, `Cannot ask "${host}": ${reason}`];
  assert.deepEqual(await why("/redirect"), expected("it redirects, which is not followed"));
  assert.deepEqual(await why("/huge"), expected("its answer is larger than 262144 bytes"));
  assert.equal(seen.length, 0);
});

test("CAUTH-04 A page signs with a key that it cannot give away", async (t) => {
  const { page } = await start(t);
  const [token, jwk] = (await page.evaluate(`(async () => {
    const how = { name: "ECDSA", namedCurve: "P-256" };
    const { privateKey, publicKey } = await crypto.subtle.generateKey(how, false, ["sign", "verify"]);
    const auth = selfSignedJwt({ issuer: "page", audience: "chat", algorithm: "ES256", key: privateKey });
    return [(await auth${ask}).token, await crypto.subtle.exportKey("jwk", publicKey)];
  })()`)) as [string, JsonWebKey];
  const how = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, how, false, ["verify"]);
  assert.equal((await jwtVerify(token, key, { issuer: "page", audience: "chat" })).payload.iss, "page");
});

test("A page is told at once that it cannot send a header, and by what it can", async (t) => {
  const { page } = await start(t);
  const error = await page.evaluate(
    `Client.connect("/chat", { auth: { token: "a" } }).catch(({ name, message }) => [name, message])`,
  );
  assert.ok(Array.isArray(error));
  assert.equal(error[0], "UnsupportedError");
  assert.match(error[1], /Option auth .*credentials \{ subProtocol \} or \{ query \}/);
});
