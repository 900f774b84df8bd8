/** The opening handshake: what it carries, what is known of it, and how it fails. */
import assert from "node:assert/strict";
import {
  Client,
  type ClientAuth,
  type ClientConfig,
  ConnectionError,
  HandshakeTimedOut,
  InvalidHandshakeError,
} from "../../../entries/client.ts";
import { accepting, dripping, echoing, refusing, saysNothing } from "../../kit/answers.ts";
import { serve } from "../../kit/raw_server.ts";
import { failure, type Subject, soon } from "./subject.ts";

export function opening(subject: Subject): void {
  subject.test("CLI-01 connect() resolves once the connection is open, and the client tells of it", async (scene) => {
    const server = await scene.serve(echoing({ protocol: "chat.v2" }));
    const client = await scene.connect(`${server.url}/room/1?x=y#part`, { subProtocols: ["chat.v1", "chat.v2"] });
    assert.equal(client.state, "open");
    assert.equal(client.isOpen, true);
    assert.equal(client.isSecure, false);
    assert.equal(client.negotiatedSubProtocol, "chat.v2");
    assert.equal(client.bufferedAmount, 0);
    assert.match(client.connectionId, /^\d+(?:-\d+){3}$/);
    assert.equal(client.connectionId, client.connectionId);
    assert.equal(client.transport, scene.transport);
    assert.equal("upgrade" in client.responseHeaders, scene.transport === "ws");
    const [attempt] = server.attempts;
    assert.equal(attempt?.request?.target, "/room/1?x=y");
    assert.match(attempt?.request?.header("sec-websocket-protocol") ?? "", /^chat\.v1, ?chat\.v2$/);
    client.setAttribute("user", "ada");
    assert.equal(client.getAttribute("user"), "ada");
  });

  subject.test("RFC 6455, 4.1 and 5.3: a handshake is complete, and no key comes twice", async (scene) => {
    const server = await scene.serve(echoing());
    const keys: string[] = [];
    for (let number = 1; number <= 2; number++) {
      const client = await scene.connect(`${server.url}/a?b`);
      assert.equal(client.negotiatedSubProtocol, undefined);
      for (let i = 0; i < 4; i++) await client.writeTextMessage("the same");
      const attempt = await server.attempt(number);
      await server.until("four messages", () => attempt.messages.length === 4);
      keys.push(...attempt.received.map(({ key }) => key.toString("hex")));
      const { request } = attempt;
      assert.equal(request?.line, "GET /a?b HTTP/1.1");
      assert.deepEqual(request?.headerAll("host"), [`${server.host}:${server.port}`]);
      assert.match(request?.header("upgrade") ?? "", /^websocket$/i);
      assert.match(request?.header("connection") ?? "", /^(?:keep-alive, )?upgrade$/i);
      assert.deepEqual(request?.headerAll("sec-websocket-version"), ["13"]);
      const [key = "", ...more] = request?.headerAll("sec-websocket-key") ?? [];
      assert.match(key, /^[+/\w]{21}[AQgw]==$/);
      assert.deepEqual(more, []);
      keys.push(key);
    }
    assert.equal(new Set(keys).size, 10, keys.join());
  });

  subject.gapTest("headers", "CLI-10 headers and cookies travel, and those of the 101 are shown", async (scene) => {
    const server = await scene.serve(echoing({ headers: { "X-Node": "7", "Set-Cookie": ["a=1", "b=2"] } }));
    const client = await scene.connect(server, {
      customHeaders: { "X-Tenant": "blue" },
      cookies: { sid: "42", u: "x" },
    });
    assert.equal(server.attempts[0]?.request?.header("x-tenant"), "blue");
    assert.equal(server.attempts[0]?.request?.header("cookie"), "sid=42; u=x");
    if (scene.transport === "platform") return;
    assert.equal(client.responseHeaders["x-node"], "7");
    assert.equal(client.responseHeaders["set-cookie"], "a=1\nb=2");
  });

  subject.gapTest(
    "headers",
    "CAUTH-02 Basic and bearer travel in a header, from the URL and from a function",
    async (scene) => {
      const server = await scene.serve(echoing());
      const tries: [ClientAuth | undefined, string, string][] = [
        [{ username: "ada", password: "grace" }, "", "Basic YWRhOmdyYWNl"],
        [{ token: "t0k" }, "", "Bearer t0k"],
        [async () => ({ token: "later" }), "", "Bearer later"],
        [undefined, "ada:grace@", "Basic YWRhOmdyYWNl"],
      ];
      for (const [auth, user, expected] of tries) {
        await scene.connect(server.url.replace("//", `//${user}`), auth === undefined ? {} : { auth });
        assert.deepEqual(server.attempts.at(-1)?.request?.headerAll("authorization"), [expected]);
      }
    },
  );

  subject.test("CAUTH-03 a token travels as a subprotocol and in the query", async (scene) => {
    const server = await scene.serve(echoing({ protocol: "bearer" }));
    const auth = { token: "t0k" };
    await scene.connect(server, { auth, credentials: { subProtocol: "bearer" } });
    assert.match(server.attempts[0]?.request?.header("sec-websocket-protocol") ?? "", /^bearer, ?t0k$/);
    const plain = await scene.serve(echoing());
    await scene.connect(`${plain.url}/a?b=c`, { auth, credentials: { query: "access_token" } });
    assert.equal(plain.attempts[0]?.request?.target, "/a?b=c&access_token=t0k");
    assert.equal(plain.attempts[0]?.request?.header("authorization"), undefined);
  });

  subject.test("CVE-2026-1527 no option puts a line break or a zero into a handshake", async (scene) => {
    const server = await scene.serve(echoing());
    const wrong: ClientConfig[] = [];
    for (const end of ["\r\nX-Evil: 1", "\nX-Evil: 1", "\rX", "\0"]) {
      wrong.push(
        { customHeaders: { "X-A": `a${end}` } },
        { customHeaders: { [`X-A${end}`]: "a" } },
        { cookies: { a: `b${end}` } },
        { cookies: { [`a${end}`]: "b" } },
        { subProtocols: [`a${end}`] },
        ...["a", `a${end}`].map((username) => ({ auth: { username, password: `b${username === "a" ? end : ""}` } })),
      );
      for (const credentials of ["header", { subProtocol: "bearer" }, { query: "t" }] as const) {
        wrong.push(
          { auth: { token: `a${end}` }, credentials },
          { auth: async () => ({ token: `a${end}` }), credentials },
        );
      }
    }
    for (const config of wrong) await assert.rejects(scene.connecting(server, config), JSON.stringify(config));
    assert.equal(server.attempts.length, 0, server.describe());
    await scene.connect(`${server.url}/a\r\nX-Evil: 1?b=c\r\nX-Evil: 1`);
    assert.equal(server.attempts[0]?.request?.header("x-evil"), undefined);
  });

  subject.gapTest("refusals", "CLI-06 a refusal rejects with its status, headers and body", async (scene) => {
    const server = await scene.serve(refusing(403, { "X-Why": "because" }, "Not you"));
    const error = await failure(scene.connect(server));
    assert.ok(error instanceof InvalidHandshakeError, String(error));
    assert.equal(error.status, 403);
    assert.equal(error.headers["x-why"], "because");
    assert.equal(error.body, "Not you");
    assert.equal(server.attempts.length, 1);
  });

  subject.test("CLI-06 a refusal rejects, whatever is known of it, and not with a secret", async (scene) => {
    const server = await scene.serve(refusing(403, {}, "Not you"));
    const error = await failure(scene.connect(`${server.url}/a?key=c0nfidential`));
    assert.doesNotMatch(String(error.stack) + String(error.cause), /c0nfidential/);
  });

  subject.test("CLI-03 a URL that is malformed rejects, and shows no secret", async () => {
    for (const url of ["localhost:80", "ftp://host/", "chat", "ws://", "mailto:a@b.c"]) {
      await assert.rejects(Client.connect(url), /Malformed URL/, url);
    }
    await assert.rejects(Client.connect("ftp://ada:c0nfidential@host/?k=c0nfidential"), (error) => {
      assert.ok(error instanceof Error);
      return !error.message.includes("c0nfidential");
    });
  });

  subject.alone(undefined, "CLI-05 a port where nobody listens rejects with ConnectionError", async (scene) => {
    const server = await serve(echoing());
    const { url } = server;
    server.stopListening();
    await server[Symbol.asyncDispose]();
    assert.ok((await failure(scene.connect(url))) instanceof ConnectionError);
  });

  subject.test("CLI-07 a subprotocol that was not offered, or none, rejects", async (scene) => {
    const server = await scene.serve([
      accepting(undefined, { protocol: "other" }),
      accepting(undefined, { protocol: "other" }),
      accepting(),
    ]);
    await failure(scene.connect(server, { subProtocols: ["chat"] }));
    await failure(scene.connect(server));
    await failure(scene.connect(server, { subProtocols: ["chat"] }));
    assert.equal(server.attempts.length, 3);
  });

  subject.test("CLI-07 L8 a server that chooses no subprotocol is final, with retryConfig too", async (scene) => {
    const agreeing = echoing({ protocol: "chat" });
    const config = { subProtocols: ["chat"], retryConfig: soon };
    const server = await scene.serve([accepting(), agreeing]);
    await failure(scene.connect(server, config));
    const empty = await scene.serve([accepting(undefined, { protocol: "" }), agreeing]);
    await failure(scene.connect(empty, config));
    assert.equal(empty.attempts.length, 1);
    if (scene.transport === "platform") return;
    const later = await scene.serve([accepting((it) => it.fin(), { protocol: "chat" }), accepting(), agreeing]);
    const client = await scene.connect(later, config);
    assert.equal((await scene.within("the end", client.closed)).code, 1006);
    assert.deepEqual([server.attempts.length, later.attempts.length], [1, 2]);
  });

  subject.gapTest("refusals", "L8 an answer that is no handshake is tried again, subprotocol or not", async (scene) => {
    const server = await scene.serve([
      accepting(undefined, { accept: "d3Jvbmc=" }),
      accepting(undefined, { upgrade: "h2c" }),
      echoing({ protocol: "chat" }),
    ]);
    const client = await scene.connect(server, { subProtocols: ["chat"], retryConfig: soon });
    assert.equal(client.negotiatedSubProtocol, "chat");
    assert.equal(server.attempts.length, 3);
  });

  subject.test("CLI-08 an attempt that takes too long rejects with HandshakeTimedOut", async (scene) => {
    for (const answer of [saysNothing(), dripping(10)]) {
      const server = await scene.serve(answer);
      const started = performance.now();
      const error = await failure(scene.connect(server, { handShakeTimeout: 0.1 }));
      assert.ok(error instanceof HandshakeTimedOut, String(error));
      assert.ok(performance.now() - started >= 95);
    }
    const hung = () => new Promise<never>(() => {});
    const server = await scene.serve(echoing());
    const config = { auth: hung, credentials: { query: "t" }, handShakeTimeout: 0.05 };
    assert.ok((await failure(scene.connect(server, config))) instanceof HandshakeTimedOut);
    assert.equal(server.attempts.length, 0);
  });

  subject.test("CLI-08 an attempt that takes too long ends its socket", async (scene) => {
    const server = await scene.serve(saysNothing());
    await failure(scene.connect(server, { handShakeTimeout: 0.1 }));
    await (await server.attempt(1)).ended();
  });

  subject.gapTest("tls", "secureSocket: the CA that is given decides", async (scene) => {
    const { certificatePath, pem } = await import("../../kit/certificates.ts");
    const server = await scene.serve(echoing(), { tls: true });
    const client = await scene.connect(server, { secureSocket: { ca: pem("ca.pem") } });
    assert.equal(client.isSecure, true);
    await client.writeTextMessage("sealed");
    assert.equal(await scene.within("an echo", client.readTextMessage()), "sealed");
    await scene.connect(server, { secureSocket: { ca: certificatePath("ca.pem") } });
    const error = await failure(scene.connect(server, { secureSocket: { ca: pem("other-ca.pem") } }));
    assert.equal(error.code, "ssl_failed");
    await scene.connect(server, { secureSocket: { rejectUnauthorized: false } });
  });

  subject.gapTest("ping", "PING-04 the client sends pings and pongs, and is told of them", async (scene) => {
    const seen: string[] = [];
    const told = Promise.withResolvers<void>();
    const note = (kind: string) => (data: Uint8Array) => {
      seen.push(`${kind} ${new TextDecoder().decode(data)}`);
      if (seen.length === 2) told.resolve();
    };
    const server = await scene.serve(accepting());
    const pingPongHandler = { onPing: note("ping"), onPong: note("pong") };
    const client = await scene.connect(server, { pingPongHandler });
    const attempt = await server.attempt(1);
    await assert.rejects(client.ping("mine" as never), TypeError);
    await assert.rejects(client.ping(new Uint8Array(126)), RangeError);
    await client.ping(new TextEncoder().encode("mine"));
    assert.equal((await attempt.receivedFrame(9)).text, "mine");
    await attempt.send.ping("yours");
    await scene.within("ping and pong", told.promise);
    await client.ping();
    await server.until("an empty ping", () => attempt.received.some(({ opcode, text }) => opcode === 9 && text === ""));
    assert.deepEqual(seen, ["pong mine", "ping yours"]);
    await client.pong();
    await scene.within(
      "two pongs",
      server.until("two pongs", () => attempt.received.filter((f) => f.opcode === 10).length === 2),
    );
  });
}
