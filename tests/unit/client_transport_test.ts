/** What every transport does alike, over real sockets. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ConnectionError, InvalidHandshakeError } from "../../mod.ts";
import type { Transport } from "../../src/client/transport.ts";
import { accepting, closing, dropping, echoing, hangingUp, refusing, saysNothing } from "../kit/answers.ts";
import { CLOSE, PONG, toFrame } from "../kit/frames.ts";
import { serve } from "../kit/raw_server.ts";
import { type Own, scoped } from "../kit/scoped.ts";
import { dial, everyText, transports } from "./client_transport_support.ts";

const SECRET = "hunter2-hunter2";

for (const transport of transports) {
  const isWs = transport.name === "ws";
  // Bun's own has more than the standard.
  const isFull = isWs || "terminate" in WebSocket.prototype;
  const it = (title: string, fn: (own: Own, transport: Transport) => Promise<void>): void => {
    test(`${transport.name}: ${title}`, () => scoped((own) => fn(own, transport)));
  };

  it("messages go both ways, text as text and binary as bytes of their own", async (own) => {
    const server = own(await serve(echoing()));
    const { line, socket } = own(dial(transport, server.url));
    await line.heard("opened");
    assert.equal(line.handshake?.protocol, "");
    assert.equal(socket.readyState, 1);
    assert.notEqual(socket.send("grüß 🙂"), false);
    assert.notEqual(socket.send(Uint8Array.of(1, 2, 3)), false);
    assert.notEqual(socket.send(""), false);
    assert.notEqual(socket.send("a".repeat(65536)), false);
    await line.until("four messages", () => line.messages.length === 4);
    assert.deepEqual(line.told, ["opened", "text", "binary", "text", "text"]);
    const [text, bytes, empty, long] = line.messages;
    assert.equal(text, "grüß 🙂");
    assert.ok(bytes instanceof Uint8Array);
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, "a Buffer slices and prints otherwise");
    assert.deepEqual([...bytes], [1, 2, 3]);
    assert.equal(bytes.buffer.byteLength, 3);
    assert.equal(empty, "");
    assert.equal(long, "a".repeat(65536));
  });

  it("bytes may be changed once they are sent", async (own) => {
    const server = own(await serve(echoing()));
    const { line, socket } = own(dial(transport, server.url));
    await line.heard("opened");
    const bytes = new Uint8Array(5000);
    for (let i = 1; i <= 20; i++) {
      bytes.fill(i);
      socket.send(bytes, i % 2 === 0);
      bytes.fill(255);
    }
    await line.until("20 messages", () => line.messages.length === 20);
    assert.deepEqual(
      line.messages.map((message) => Number(message[0])),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  it("what comes in the segment of the 101 is told after opened", async (own) => {
    const early = Buffer.concat([toFrame({ payload: "one", mask: false }), toFrame({ payload: "two", mask: false })]);
    const server = own(await serve(accepting(undefined, { early })));
    const { line } = own(dial(transport, server.url));
    await line.until("two messages", () => line.messages.length === 2);
    assert.deepEqual(line.told, ["opened", "text", "text"]);
    assert.deepEqual(line.messages, ["one", "two"]);
  });

  it("a close is told once, with its code and reason", async (own) => {
    const server = own(await serve([closing(4001, "why not"), closing(1000), closing()]));
    const ends = [];
    for (let i = 0; i < 3; i++) {
      const { line } = own(dial(transport, server.url));
      await line.heard("closed");
      ends.push(line.end);
      await (await server.attempt(i + 1)).ended();
      assert.deepEqual(line.told, ["opened", `closed ${line.end?.code}`]);
    }
    const [own4001, normal, empty] = ends;
    assert.deepEqual(own4001, { code: 4001, reason: "why not" });
    assert.deepEqual(normal, { code: 1000, reason: "" });
    assert.deepEqual(empty, { code: 1005, reason: "" });
  });

  it("a connection that is lost is 1006, told once", async (own) => {
    const server = own(await serve([dropping("fin"), dropping("reset")]));
    for (let i = 0; i < 2; i++) {
      const { line } = own(dial(transport, server.url));
      await line.heard("closed");
      await (await server.attempt(i + 1)).ended();
      assert.deepEqual(line.told, ["opened", "closed 1006"]);
    }
  });

  it("what the server sends behind its close is not told", async (own) => {
    const server = own(
      await serve(
        accepting((attempt) =>
          attempt.sendTogether(
            { payload: "before" },
            { opcode: CLOSE, payload: Uint8Array.of(3, 232) },
            { payload: "after" },
          ),
        ),
      ),
    );
    const { line } = own(dial(transport, server.url));
    await line.heard("closed");
    await (await server.attempt(1)).ended();
    assert.deepEqual(line.told, ["opened", "text", "closed 1000"]);
  });

  it("our close reaches the server, with a code that the transport can send", async (own) => {
    const server = own(await serve(accepting()));
    const codes = [];
    for (const code of [1000, 4000, 1011, undefined]) {
      const { line, socket } = own(dial(transport, server.url));
      await line.heard("opened");
      if (code === undefined) socket.close();
      else socket.close(code, "bye");
      const attempt = await server.attempt(server.attempts.length);
      codes.push([(await attempt.receivedFrame(CLOSE)).code, attempt.closeFrame?.reason]);
      await line.heard("closed");
      assert.equal(socket.readyState, 3);
      assert.equal(socket.send("late"), false);
    }
    // The Web's own client sends 1000 and 3000-4999 only.
    const third = isFull ? [1011, "bye"] : [1005, ""];
    assert.deepEqual(codes, [[1000, "bye"], [4000, "bye"], third, [1005, ""]]);
  });

  it("a message of maxFrameSize passes, a longer one fails with 1009 and is not delivered", async (own) => {
    // Three bytes a letter: a text is measured in UTF-8.
    const fits = accepting((attempt) => attempt.send.text("€".repeat(40)));
    const texts = accepting((attempt) => attempt.sendTogether({ payload: "€".repeat(41) }, { payload: "next" }));
    const bytes = accepting((attempt) => attempt.send.binary(new Uint8Array(121)));
    const server = own(await serve([fits, texts, bytes]));
    const first = own(dial(transport, server.url, { maxFrameSize: 120 }));
    await first.line.heard("text");
    for (let i = 2; i <= 3; i++) {
      const { line } = own(dial(transport, server.url, { maxFrameSize: 120 }));
      await line.heard("closed");
      assert.deepEqual(line.told, ["opened", "failed 1009", "closed 1009"]);
      const frame = await (await server.attempt(i)).receivedFrame(CLOSE);
      assert.equal(frame.code, isFull ? 1009 : 1005);
    }
  });

  it("a port where nobody listens is a ConnectionError that shows no secret", async (own) => {
    const server = await serve(saysNothing());
    const url = `${server.url}/?token=${SECRET}`;
    await server[Symbol.asyncDispose]();
    const { line } = own(dial(transport, url));
    await line.heard("refused");
    assert.ok(line.refusal instanceof ConnectionError, line.refusal?.name ?? "");
    assert.doesNotMatch(everyText(line.refusal), new RegExp(SECRET));
    assert.deepEqual(line.told, ["refused"]);
  });

  it("a refusal is told once and shows no secret", async (own) => {
    const server = own(await serve([refusing(401, {}, `No: /?token=${SECRET}`), hangingUp("fin"), hangingUp("reset")]));
    for (let i = 1; i <= 3; i++) {
      const headers = isWs ? { authorization: `Bearer ${SECRET}` } : {};
      const { line } = own(dial(transport, `${server.url}/?token=${SECRET}`, { headers }));
      await line.heard("refused");
      assert.doesNotMatch(everyText(line.refusal), new RegExp(SECRET));
      assert.deepEqual(line.told, ["refused"]);
      const isHandshake = line.refusal instanceof InvalidHandshakeError;
      assert.equal(isHandshake, isWs && i === 1, line.refusal?.message ?? "");
      assert.ok(isHandshake || line.refusal instanceof ConnectionError);
    }
  });

  it("the subprotocol that the server chose is told", async (own) => {
    const server = own(await serve(accepting(undefined, { protocol: "two" })));
    const { line } = own(dial(transport, server.url, { protocols: ["one", "two"] }));
    await line.heard("opened");
    assert.equal(line.handshake?.protocol, "two");
    const request = await (await server.attempt(1)).requested();
    assert.equal(request.header("sec-websocket-protocol")?.replaceAll(" ", ""), "one,two");
  });

  it("CLI-07 a subprotocol that was not offered, or none, is refused", async (own) => {
    const server = own(
      await serve([accepting(), accepting(undefined, { protocol: "three" }), accepting(undefined, { protocol: "x" })]),
    );
    for (const protocols of [["one", "two"], ["one"], []]) {
      const { line } = own(dial(transport, server.url, { protocols }));
      await line.heard("refused");
      await (await server.attempt(server.attempts.length)).ended();
      assert.deepEqual(line.told, ["refused"]);
      const { refusal } = line;
      const isTold = refusal instanceof InvalidHandshakeError;
      assert.ok(isTold || !isWs, refusal?.message ?? "");
      // So that no other attempt follows where it chose none.
      if (isTold) assert.equal(refusal.status, protocols.length === 2 ? 101 : undefined);
    }
  });

  it("an attempt that is given up is told nothing", async (own) => {
    const server = own(await serve(async (attempt) => void (await attempt.requested())));
    const { line, socket } = own(dial(transport, server.url));
    const attempt = await server.attempt(1);
    await attempt.requested();
    if (socket.terminate !== undefined) socket.terminate();
    else socket.close();
    // The server gives its answer all the same.
    await attempt.accept();
    await attempt.sendTogether({ payload: "late" });
    attempt.fin();
    await attempt.ended();
    assert.deepEqual(line.told, []);
  });

  it("pings are answered, and pings and pongs are seen where the transport says so", async (own) => {
    const server = own(await serve(accepting((attempt) => attempt.send.ping("are you there"))));
    const { line, socket } = own(dial(transport, server.url));
    const attempt = await server.attempt(1);
    assert.equal((await attempt.receivedFrame(PONG)).text, "are you there");
    assert.equal(socket.ping !== undefined, isWs);
    assert.equal(socket.pong !== undefined, isWs);
    if (!isWs) return;
    await line.heard("ping");
    socket.ping?.(Uint8Array.of(1, 2));
    socket.pong?.(Uint8Array.of(3));
    await line.heard("pong");
    assert.deepEqual(
      line.controls.map((bytes) => [bytes.constructor.name, bytes.buffer.byteLength, ...bytes]),
      [
        ["Uint8Array", 13, ...Buffer.from("are you there")],
        ["Uint8Array", 2, 1, 2],
      ],
    );
    await attempt.ended;
    await server.until("our pong", () =>
      attempt.received.some((frame) => frame.opcode === PONG && frame.payload[0] === 3),
    );
  });

  it("terminate() ends a connection without a close frame, where the transport says so", async (own) => {
    const server = own(await serve(accepting()));
    const { line, socket } = own(dial(transport, server.url));
    await line.heard("opened");
    assert.equal(socket.terminate !== undefined, isFull);
    if (socket.terminate === undefined) return;
    socket.terminate();
    const { code } = await (await server.attempt(1)).ended();
    assert.equal(code, undefined);
    await line.heard("closed");
    assert.deepEqual(line.told, ["opened", "closed 1006"]);
  });

  it("pause() holds messages back, where the transport says so, and resume() lets them come", async (own) => {
    const server = own(await serve(echoing()));
    const { line, socket } = own(dial(transport, server.url));
    const other = own(dial(transport, server.url));
    await Promise.all([line.heard("opened"), other.line.heard("opened")]);
    assert.equal(socket.pause !== undefined, isWs);
    assert.equal(socket.resume !== undefined, isWs);
    socket.pause?.();
    for (let i = 0; i < 50; i++) (await server.attempt(1)).send.text(`${i}`);
    // What goes round on another connection comes later than that.
    for (let i = 1; i <= 3; i++) {
      other.socket.send("round");
      await other.line.heard("text", i);
    }
    if (isWs) assert.deepEqual(line.told, ["opened"]);
    socket.resume?.();
    await line.heard("text", 50);
    assert.equal(line.messages.at(-1), "49");
  });
}
