import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../../scripts/root.ts";
import { HandshakeRefused, request } from "../kit/raw_client.ts";
import { Example } from "./example.ts";

const login = (user: string, password: string) => ({
  headers: { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` },
});

const refused = (status: number) => (error: unknown) => {
  assert.ok(error instanceof HandshakeRefused);
  assert.equal(error.response.status, status);
  return true;
};

test("auth_basic lets in the users of its file, with the right password and scope", async (t) => {
  const example = await Example.start(t, "auth_basic/main");
  await assert.rejects(example.connect("/chat"), refused(401));
  await assert.rejects(example.connect("/chat", login("ann", "battery staple")), refused(401));
  await assert.rejects(example.connect("/chat", login("eve", "correct horse")), refused(403));

  const ann = await example.connect("/chat", login("ann", "correct horse"));
  assert.equal(await ann.message(), "ann has come");
  const ben = await example.connect("/chat", login("ben", "battery staple"));
  assert.deepEqual([await ann.message(), await ben.message()], ["ben has come", "ben has come"]);
  await ben.send.text("/leave ann");
  assert.equal(await ben.message(), '{"error":"Only moderators may do that"}');
  await ann.send.text("Out!");
  assert.deepEqual([await ann.message(), await ben.message()], ["ann: Out!", "ann: Out!"]);
  await ann.send.text("/leave ben");
  const { code, reason } = await ben.ended();
  assert.deepEqual({ code, reason }, { code: 4403, reason: "A moderator has sent you away" });
  assert.equal(await ann.message(), "ben has left");
  assert.doesNotMatch(example.output, /plain-text|correct|battery/);
});

test("auth_basic/users.json has hashes only", () => {
  const { users } = JSON.parse(readFileSync(`${root}/examples/auth_basic/users.json`, "utf8"));
  for (const { password } of users) assert.match(password, /^(?:scrypt|pbkdf2)\$/);
});

test("auth_session.ts gives a session for name and password, lets it connect, and closes what is open at the logout", async (t) => {
  const example = await Example.start(t, "auth_session");
  const post = (path: string, body: string, cookie = "") =>
    request(
      example.port,
      [
        `POST ${path} HTTP/1.1`,
        "Host: x",
        "Content-Type: application/x-www-form-urlencoded",
        `Content-Length: ${body.length}`,
        ...(cookie === "" ? [] : [`Cookie: ${cookie}`]),
        "",
        body,
      ].join("\r\n"),
    );
  const get = (cookie: string) =>
    request(example.port, `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`).then(({ body }) => body);

  await assert.rejects(example.connect("/live"), refused(401));
  assert.equal((await post("/login", "user=ann&password=wrong")).status, 401);
  assert.equal((await post("/login", "user=eve&password=correct+horse")).status, 401);
  assert.equal((await post("/login", "user=ann")).status, 400);
  assert.match(await get("session=guessed"), /Log in/);

  const { status, header } = await post("/login", "user=ann&password=correct+horse").then((response) => ({
    status: response.status,
    header: response.header("set-cookie") ?? "",
  }));
  assert.equal(status, 303);
  assert.match(header, /; HttpOnly; SameSite=Lax$/);
  const cookie = header.split(";")[0] ?? "";
  assert.match(await get(cookie), /new WebSocket\("\/live"\)/);

  const headers = { Cookie: cookie };
  const foreign = example.connect("/live", { headers: { ...headers, Origin: "https://evil.example" } });
  await assert.rejects(foreign, refused(403));
  const client = await example.connect("/live", { headers });
  assert.equal(await client.message(), "Hello ann");
  assert.equal((await post("/logout", "", cookie)).status, 303);
  const { code, reason } = await client.ended();
  assert.deepEqual({ code, reason }, { code: 4401, reason: "Logged out" });
  await assert.rejects(example.connect("/live", { headers }), refused(401));
});
