import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { HandshakeRefused } from "../kit/raw_client.ts";
import { Example, json } from "./example.ts";

/** By `fetch`: the raw client fails when a response holds a token, and this one is there to give one. */
async function logIn(example: Example, name: string): Promise<string> {
  const url = `http://localhost:${example.port}/login/${encodeURIComponent(name)}`;
  const response = await fetch(url, { method: "POST" });
  assert.equal(response.status, 200);
  return await response.text();
}

/** What a page does: the token goes into the list of subprotocols. */
function open(example: Example, token: string) {
  return example.connect("/notes", { protocols: ["bearer", token, "notes.v1"] });
}

test("auth_jwt/main.ts takes the token of a page from the subprotocol, and does not echo it", async (t) => {
  const example = await Example.start(t, "auth_jwt/main");
  const token = await logIn(example, "Zoë");
  const zoe = await open(example, token);
  assert.equal(zoe.response.header("sec-websocket-protocol"), "notes.v1");
  assert.ok(!JSON.stringify(zoe.response.headers).includes(token));
  assert.deepEqual(await json(zoe), { name: "Zoë", notes: [] });
  await zoe.send.text("Buy tea");
  assert.deepEqual(await json(zoe), { notes: ["Zoë: Buy tea"] });

  const guest = await open(example, await logIn(example, "guest"));
  assert.deepEqual(await json(guest), { name: "guest", notes: ["Zoë: Buy tea"] });
  await guest.send.text("Buy beer");
  assert.deepEqual(await json(guest), { error: "You may only read" });
});

test("auth_jwt/main.ts takes a token from Authorization too", async (t) => {
  const example = await Example.start(t, "auth_jwt/main");
  const headers = { authorization: `Bearer ${await logIn(example, "Ann")}` };
  const ann = await example.connect("/notes", { headers, protocols: ["notes.v1"] });
  assert.equal(Object(await json(ann)).name, "Ann");
});

test("auth_jwt/main.ts refuses with 401 what is no token, and says nothing of it", async (t) => {
  const example = await Example.start(t, "auth_jwt/main");
  const token = await logIn(example, "Ann");
  const [header = "", , signature = ""] = token.split(".");
  const eve = Buffer.from(JSON.stringify({ sub: "Eve", scope: "notes:write", exp: 4e9 })).toString("base64url");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  for (const bad of ["guessed", `${header}.${eve}.${signature}`, `${none}.${eve}.`, `${none}.${eve}.${signature}`]) {
    await refused(open(example, bad), bad);
  }
  await refused(example.connect("/notes", { protocols: ["notes.v1"] }), token);
  assert.ok(!example.output.includes(signature) && !example.output.includes(eve));
});

test("auth_jwt/main.ts closes with 4401 when the token expires", async (t) => {
  // The time of a token is in whole seconds: of three it has two at least.
  const example = await startWith(t, "3");
  const ann = await open(example, await logIn(example, "Ann"));
  await json(ann);
  const { code, reason } = await ann.ended();
  assert.deepEqual({ code, reason }, { code: 4401, reason: "Token expired" });
});

async function startWith(t: TestContext, seconds: string): Promise<Example> {
  process.env.TOKEN_SECONDS = seconds;
  try {
    return await Example.start(t, "auth_jwt/main");
  } finally {
    delete process.env.TOKEN_SECONDS;
  }
}

async function refused(connecting: Promise<unknown>, token: string): Promise<void> {
  await assert.rejects(connecting, (error) => {
    assert.ok(error instanceof HandshakeRefused, String(error));
    const { response } = error;
    assert.equal(response.status, 401);
    assert.match(response.header("www-authenticate") ?? "", /^Bearer realm="websocket"/);
    assert.ok(!`${response.body}${JSON.stringify(response.headers)}`.includes(token));
    return true;
  });
}
