/** The raw server of the tests, asked by the raw client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accepting, closing, dropping, echoing, refusing, saysNothing, silentAfter } from "../kit/answers.ts";
import { zip } from "../kit/deflate.ts";
import { badFrames, badHandshakes, deflateBomb } from "../kit/hostile.ts";
import { connect, dial, HandshakeRefused, PING, PONG, TEXT, toFrame } from "../kit/raw_client.ts";
import { type Answer, serve } from "../kit/raw_server.ts";
import { scoped } from "../kit/scoped.ts";
import { dialTls } from "../kit/tls_client.ts";

test("serve() answers attempt by attempt and notes what came", () =>
  scoped(async (own) => {
    const before = performance.now();
    const server = own(await serve([refusing(503, { "Retry-After": "1" }, "later"), echoing({ protocol: "chat" })]));
    await assert.rejects(connect(server.port, { path: "/a?b=c" }), (error) => {
      assert.ok(error instanceof HandshakeRefused);
      assert.equal(error.response.status, 503);
      assert.equal(error.response.header("retry-after"), "1");
      assert.equal(error.response.body, "later");
      return true;
    });
    await (await server.attempt(1)).ended();
    const client = await connect(server.port, { protocols: ["chat"], headers: { "X-More": ["1", "2"] } });
    await client.send.text("hello");
    assert.equal(await client.message(), "hello");
    await client.send.close(4001, "bye");
    assert.deepEqual(await client.ended(), { code: 4001, reason: "bye", end: "fin" });
    const second = await server.attempt(2);
    assert.equal(server.attempts[0]?.request?.target, "/a?b=c");
    assert.deepEqual(second.request?.headerAll("x-more"), ["1", "2"]);
    assert.deepEqual(second.messages, ["hello"]);
    assert.equal(second.closeFrame?.code, 4001);
    await second.ended();
    assert.equal(server.open, 0);
    assert.equal(server.peak, 1);
    assert.ok(before <= second.at && second.at <= (second.acceptedAt ?? 0) && second.at <= (second.endedAt ?? 0));
  }));

test("an attempt sends early frames, pings, closes, and ends TCP by FIN and by RST", () =>
  scoped(async (own) => {
    const early = toFrame({ payload: "early", mask: false });
    const server = own(
      await serve([
        accepting((attempt) => attempt.send.ping("p"), { early }),
        closing(1012, "soon"),
        dropping("fin"),
        accepting((attempt) => {
          attempt.onMessage = () => attempt.reset();
        }),
      ]),
    );
    const first = await connect(server.port);
    assert.equal(await first.message(), "early");
    assert.equal((await first.frame()).opcode, PING);
    assert.equal((await (await server.attempt(1)).receivedFrame(PONG)).text, "p");
    assert.equal((await (await connect(server.port)).ended()).code, 1012);
    assert.deepEqual(await (await connect(server.port)).ended(), { code: undefined, reason: undefined, end: "fin" });
    const last = await connect(server.port);
    await last.send.text("now");
    assert.equal((await last.ended()).end, "reset");
    first.destroy();
  }));

test("an attempt that is told to be silent answers neither pings nor closes", () =>
  scoped(async (own) => {
    const server = own(await serve([saysNothing(), silentAfter()]));
    await assert.rejects(connect(server.port, { patience: 50 }), /Timeout: waited 50 ms for a response/);
    const client = await connect(server.port);
    await client.send.ping();
    await client.send.close(1000);
    const attempt = await server.attempt(2);
    await attempt.receivedFrame(8);
    await assert.rejects(client.frame(50), /Timeout/);
    assert.equal(client.frames.length, 0);
    client.destroy();
    await assert.rejects(attempt.nextMessage(), /ended before message 1/);
  }));

test("serve() speaks TLS", () =>
  scoped(async (own) => {
    const server = own(await serve(echoing(), { tls: true }));
    const client = await connect(server.port, { dial: (port, host) => dialTls(port, host) });
    await client.send.text("secret");
    assert.equal(await client.message(), "secret");
    client.destroy();
  }));

test("what an answer throws fails the disposal, unless the connection has ended", async () => {
  const fail: Answer = async (attempt) => {
    await attempt.requested();
    throw new Error("wrong answer");
  };
  const server = await serve(fail);
  const socket = await dial(server.port);
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await (await server.attempt(1)).requested();
  await assert.rejects(async () => server[Symbol.asyncDispose](), /wrong answer/);
  socket.destroy();
  const other = await serve(fail);
  (await dial(other.port)).destroy();
  await (await other.attempt(1)).ended();
  await other[Symbol.asyncDispose]();
});

test("hostile servers do what their names say", () =>
  scoped(async (own) => {
    for (const { name, answer } of badHandshakes) {
      const server = own(await serve(answer));
      // Those whose harm is in a header are a 101 for a client that looks at nothing; some of the others never answer.
      const opens = /Accept|a 101|asked for|bits|header of|headers/.test(name);
      const client = await connect(server.port, opens ? {} : { patience: 500 }).catch((error: Error) => error);
      assert.equal(!(client instanceof Error), opens, `${name}: ${client}`);
      if (!(client instanceof Error)) client.destroy();
    }
    for (const { name, answer } of [...badFrames, deflateBomb].filter(
      (mode) => !/length of|fragments$/.test(mode.name),
    )) {
      const server = own(await serve(answer));
      const client = await connect(server.port, { checksServer: false });
      assert.ok((await client.frame()).payload.length > 0, name);
      client.destroy();
    }
  }));

test("the deflate bomb is 200 MiB in about 200 kB", () =>
  scoped(async (own) => {
    const server = own(await serve(deflateBomb.answer));
    const client = await connect(server.port, { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
    assert.equal(client.response.header("sec-websocket-extensions"), "permessage-deflate");
    const frame = await client.frame();
    assert.ok(frame.payload.length > 190_000 && frame.payload.length < 220_000, `${frame.payload.length}`);
    assert.ok(zip(new Uint8Array(1_048_576)).length * 200 < frame.payload.length * 1.1);
    client.destroy();
    assert.notEqual(frame.opcode, TEXT);
  }));
