import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { HandshakeRefused } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

/** The example, and how its authorization server is asked. */
async function start(t: TestContext) {
  const example = await Example.start(t, "auth_oauth2");
  const [, url] = /tokens from (\S+)/.exec(example.output) ?? [];
  const post = async (path: string, form: Record<string, string>): Promise<Response> => {
    const response = await fetch(`${url}${path}`, { method: "POST", body: new URLSearchParams(form) });
    assert.equal(response.status, 200);
    return response;
  };
  return {
    example,
    connect: (token: string) => example.connect("/news", { headers: { authorization: `Bearer ${token}` } }),
    logIn: async (name: string, scope: string): Promise<string> =>
      Object(await (await post(`/token/${name}`, { scope })).json()).access_token,
    revoke: async (token: string): Promise<string> => (await post("/revoke", { token })).text(),
  };
}

async function refused(connecting: Promise<unknown>, status: number, challenge: RegExp): Promise<void> {
  await assert.rejects(connecting, (error) => {
    assert.ok(error instanceof HandshakeRefused, String(error));
    assert.equal(error.response.status, status);
    assert.match(error.response.header("www-authenticate") ?? "", challenge);
    return true;
  });
}

test("auth_oauth2.ts lets in whose token the server knows, and asks what it allows", async (t) => {
  const { connect, logIn } = await start(t);
  const ann = await connect(await logIn("Ann", "news:read news:write"));
  assert.deepEqual(await json(ann), { name: "Ann", scopes: ["news:read", "news:write"] });
  await ann.send.text("Rain");
  assert.deepEqual(await json(ann), { news: ["Ann: Rain"] });
  const ben = await connect(await logIn("Ben", "news:read"));
  assert.deepEqual(await json(ben), { name: "Ben", scopes: ["news:read"] });
  await ben.send.text("Sun");
  assert.deepEqual(await json(ben), { error: "You may only read" });
});

test("auth_oauth2.ts refuses tokens that are made up, revoked or for something else", async (t) => {
  const { example, connect, logIn, revoke } = await start(t);
  await refused(connect("made-up"), 401, /error="invalid_token"/);
  await refused(connect(await logIn("Eve", "mail")), 403, /error="insufficient_scope", scope="news:read news:write"/);
  const token = await logIn("Ann", "news:read");
  await json(await connect(token));
  await revoke(token);
  await refused(connect(token), 401, /error="invalid_token"/);
  assert.ok(!example.output.includes(token));
});
