import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { HandshakeRefused, type RawClient, request } from "../kit/raw_client.ts";
import { clients, dialTls } from "../kit/tls_client.ts";
import { Example, json, runtime } from "./example.ts";

test("echo.ts sends back text as text and bytes as bytes", async (t) => {
  const example = await Example.start(t, "echo");
  const client = await example.connect("/echo");
  await client.send.text("Grüß dich 👋");
  assert.equal(await client.message(), "Grüß dich 👋");
  await client.send.binary(new Uint8Array([0, 1, 254, 255]));
  assert.deepEqual(await client.message(), Buffer.from([0, 1, 254, 255]));
  await client.send.close(1000);
  assert.equal((await client.ended()).code, 1000);
});

test("broadcast.ts sends to everybody in the room and to nobody else", async (t) => {
  const example = await Example.start(t, "broadcast");
  const ann = await example.connect("/rooms/lobby");
  const ben = await example.connect("/rooms/lobby");
  const eve = await example.connect("/rooms/attic");
  await ann.send.text("one");
  assert.deepEqual([await ann.message(), await ben.message()], ["one", "one"]);
  await eve.send.text("alone");
  assert.equal(await eve.message(), "alone");
  await ben.send.close(1000);
  await ben.ended();
  await ann.send.text("two");
  assert.equal(await ann.message(), "two");
});

test("plain_object.ts counts for each connection, and closes on what it does not know", async (t) => {
  const example = await Example.start(t, "plain_object");
  const ann = await example.connect("/counter?from=10");
  const ben = await example.connect("/counter");
  assert.deepEqual([await json(ann), await json(ben)], [{ count: 10 }, { count: 0 }]);
  for (const word of ["up", "up", "down"]) await ann.send.text(word);
  assert.deepEqual([await json(ann), await json(ann), await json(ann)], [{ count: 11 }, { count: 12 }, { count: 11 }]);
  await ben.send.text("down");
  assert.deepEqual(await json(ben), { count: -1 });
  await ann.send.text("sideways");
  const { code, reason } = await ann.ended();
  assert.deepEqual({ code, reason }, { code: 4400, reason: "Say up or down" });
  await example.printed(/Left at 11 with 4400 Say up or down/);
});

test("validated.ts adds what fits the schema, and says what is wrong with the rest", async (t) => {
  const example = await Example.start(t, "validated");
  const client = await example.connect("/add");
  await client.send.text('{"a": 1, "b": 2}');
  assert.deepEqual(await json(client), { sum: 3 });
  await client.send.text('{"a": 1, "b": "2"}');
  assert.match(Object(await json(client)).error[0], /^b: Invalid type/);
  await client.send.text("{");
  assert.match(Object(await json(client)).error[0], /^message: Invalid JSON/);
  await client.send.text('{"a": 40, "b": 2}');
  assert.deepEqual(await json(client), { sum: 42 });
});

test("server_time.ts streams while it answers, and ends the stream with the connection", async (t) => {
  const example = await Example.start(t, "server_time");
  const client = await example.connect("/time");
  const first = Object(await json(client));
  assert.ok(Math.abs(Date.now() - Date.parse(first.time)) < 60_000, first.time);
  await client.send.text("soon");
  assert.match(Object(await json(client)).error, /^Send the milliseconds/);
  await client.send.text("10");
  const rest = [await json(client), await json(client), await json(client), await json(client)].map(Object);
  assert.equal(rest.filter(({ interval }) => interval === 10).length, 1);
  const times = rest.flatMap(({ time }) => time ?? []);
  assert.equal(times.length, 3);
  assert.deepEqual(times, [...new Set(times)].sort());
  await client.send.close(1000);
  await example.printed(/A stream ended/);
});

test("hono_app.ts refuses with 401 who is not logged in, and knows the name of who is", async (t) => {
  const example = await Example.start(t, "hono_app");
  const refused = (error: unknown): boolean => {
    assert.ok(error instanceof HandshakeRefused);
    assert.equal(error.response.status, 401);
    assert.match(error.response.body, /^Log in first/);
    return true;
  };
  await assert.rejects(example.connect("/me/live/news"), refused);
  await assert.rejects(example.connect("/me/live/news", { headers: { cookie: "session=guessed" } }), refused);

  const login = await request(example.port, "POST /login/Zo%C3%AB HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  assert.equal(login.status, 200);
  const cookie = login.header("set-cookie")?.split(";")[0] ?? "";
  const name = await request(example.port, `GET /me/name HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`);
  assert.equal(Buffer.from(name.body).toString(), "Zoë\n");

  const client = await example.connect("/me/live/news", { headers: { cookie } });
  assert.equal(await client.message(), "Zoë, you are on news");
  await client.send.text("hello");
  assert.equal(await client.message(), "Zoë said hello");
});

test(`${runtime}_own_server.ts serves ordinary requests and upgrades on one port`, async (t) => {
  const example = await Example.start(t, `${runtime}_own_server`);
  const answer = await request(example.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.deepEqual([answer.status, answer.body], [200, "An ordinary answer\n"]);
  const client = await example.connect("/hello/Zo%C3%AB");
  assert.equal(await client.message(), "Hello Zoë");
  await assert.rejects(example.connect("/nowhere"), (error) => {
    assert.ok(error instanceof HandshakeRefused);
    assert.equal(error.response.status, 404);
    return true;
  });
});

test("mutual_tls.ts knows who orders by the certificate, and refuses who has none of the CA", async (t) => {
  const example = await Example.start(t, "mutual_tls");
  const as = (who: keyof typeof clients): Promise<RawClient> =>
    example.connect("/orders", { dial: (port, host) => dialTls(port, host, clients[who]) });
  const client = await as("client");
  assert.equal(Object(await json(client)).hello, "client");
  await client.send.text("tea");
  assert.deepEqual(await json(client), { order: 1, of: "client", item: "tea" });
  await assert.rejects(as("nobody"), /before a response/);
  await assert.rejects(as("foreign"), /before a response/);
});
