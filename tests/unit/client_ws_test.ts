/** What the transport over `ws` can do beyond the others. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { test } from "node:test";
import { wsTransport } from "../../adapters/ws/mod.ts";
import { InvalidHandshakeError, SslError } from "../../mod.ts";
import { accepting, answering, echoing, refusing } from "../kit/answers.ts";
import { certificatePath, pem } from "../kit/certificates.ts";
import { unzip, zipped } from "../kit/deflate.ts";
import { BINARY, CLOSE } from "../kit/frames.ts";
import { deflateBomb } from "../kit/hostile.ts";
import { serve } from "../kit/raw_server.ts";
import { type Own, scoped } from "../kit/scoped.ts";
import { type Dialled, dial as dialBy, everyText } from "./client_transport_support.ts";

const onDeno = process.versions.deno !== undefined;

const dial = (url: string, options: Parameters<typeof dialBy>[2] = {}): Dialled => dialBy(wsTransport, url, options);
const it = (title: string, fn: (own: Own) => Promise<void>): void => {
  test(`ws: ${title}`, () => scoped(fn));
};
// On Deno nothing is compressed.
const itDeflates = onDeno ? () => {} : it;

/** Dials what refuses, and gives the error. */
async function refusalOf(own: Own, url: string, options: Parameters<typeof dialBy>[2] = {}): Promise<Error> {
  const { line } = own(dial(url, options));
  await line.heard("refused");
  assert.deepEqual(line.told, ["refused"]);
  assert.ok(line.refusal);
  return line.refusal;
}

it("the handshake carries our headers, and the headers of the 101 are told", async (own) => {
  const headers = { "X-One": "1", "Set-Cookie": ["a=1; Path=/", "b=2"] };
  const server = own(await serve(accepting(undefined, { headers })));
  const { line } = own(dial(server.url, { headers: { "X-Ours": "yes", cookie: "c=3" } }));
  await line.heard("opened");
  assert.equal(line.handshake?.headers?.["x-one"], "1");
  assert.equal(line.handshake?.headers?.["set-cookie"], "a=1; Path=/\nb=2");
  const { request } = await server.attempt(1);
  assert.equal(request?.header("x-ours"), "yes");
  assert.equal(request?.header("cookie"), "c=3");
});

it("CLI-06 a refusal tells status, headers and body, its message the first line", async (own) => {
  const server = own(
    await serve([
      refusing(503, { "Retry-After": "8", "Set-Cookie": ["a=1", "b=2"] }, "Busy\u0007 now\nmore"),
      refusing(404),
      refusing(400, {}, "x".repeat(1000)),
    ]),
  );
  const busy = await refusalOf(own, server.url);
  assert.ok(busy instanceof InvalidHandshakeError);
  assert.equal(busy.status, 503);
  assert.equal(busy.headers["retry-after"], "8");
  assert.equal(busy.headers["set-cookie"], "a=1\nb=2");
  assert.equal(busy.body, "Busy\u0007 now\nmore");
  assert.equal(busy.message, "The server answered with status 503: Busy\\u{7} now");
  assert.equal((await refusalOf(own, server.url)).message, "The server answered with status 404");
  const { message } = await refusalOf(own, server.url);
  assert.equal(message, `The server answered with status 400: ${"x".repeat(199)}…`);
});

it("a message repeats no secret that the server does", async (own) => {
  const body = "Cannot GET /chat?access_token=s3cr3t%2Bs3cr3t with s3cr3t+s3cr3t, Bearer t0k3n.t0k3n and pr0t0c0l";
  const server = own(await serve(refusing(401, {}, body)));
  const { message } = await refusalOf(own, `${server.url}/chat?access_token=s3cr3t%2Bs3cr3t`, {
    headers: { authorization: "Bearer t0k3n.t0k3n" },
    protocols: ["bearer", "pr0t0c0l"],
  });
  assert.equal(message, "The server answered with status 401: Cannot GET /chat?… with …, … and …");
});

it("a redirect is a refusal", async (own) => {
  const server = own(await serve(refusing(302, { Location: "/elsewhere" })));
  const error = await refusalOf(own, server.url);
  assert.ok(error instanceof InvalidHandshakeError);
  assert.equal(error.status, 302);
  assert.equal(server.attempts.length, 1);
});

it("the body of a refusal is bounded in size and in time", async (own) => {
  const head = "HTTP/1.1 500 X\r\nContent-Length: 99999999\r\n\r\n";
  const server = own(
    await serve(async (attempt) => {
      await attempt.requested();
      await attempt.write(attempt.number === 1 ? head + "b".repeat(200_000) : `${head}begun`);
    }),
  );
  const large = await refusalOf(own, server.url);
  assert.ok(large instanceof InvalidHandshakeError);
  assert.equal(large.body, "b".repeat(65536));
  const slow = await refusalOf(own, server.url);
  assert.ok(slow instanceof InvalidHandshakeError);
  assert.equal(slow.body, "begun");
  await server.until("the end of both", () => server.open === 0);
});

it("an attempt that is given up while a refusal is read is told nothing, and ends", async (own) => {
  const server = own(await serve(answering("HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nbegun")));
  const { line, socket } = own(dial(server.url));
  await (await server.attempt(1)).requested();
  socket.terminate?.();
  await (await server.attempt(1)).ended();
  assert.deepEqual(line.told, []);
});

it("G12 a deflate bomb fails, and closes with 1009", async (own) => {
  const server = own(await serve(deflateBomb.answer));
  const { line } = own(dial(server.url, { compression: true }));
  await line.heard("closed");
  assert.deepEqual(line.told, ["opened", onDeno ? "failed 1002" : "failed 1009", "closed 1009"]);
});

it("permessage-deflate is offered where it can be, and by choice", async (own) => {
  const server = own(await serve(accepting()));
  for (const compression of [true, false]) {
    const { line } = own(dial(server.url, { compression }));
    await line.heard("opened");
  }
  const [offered, none] = server.attempts.map(({ request }) => request?.header("sec-websocket-extensions"));
  assert.equal(none, undefined);
  if (onDeno) assert.equal(offered, undefined);
  else assert.match(offered ?? "", /^permessage-deflate;.*server_no_context_takeover/);
});

itDeflates("a message is compressed from 1,024 bytes on, or as it is told, and order is kept", async (own) => {
  const extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  const server = own(await serve(accepting(undefined, { headers: { "Sec-WebSocket-Extensions": extension } })));
  const { line, socket } = own(dial(server.url, { compression: true }));
  await line.heard("opened");
  const attempt = await server.attempt(1);
  socket.send("s".repeat(1023));
  socket.send("l".repeat(1024));
  socket.send("short", true);
  socket.send("long".repeat(1000), false);
  socket.send(new Uint8Array(2000));
  socket.send("last");
  await server.until("six frames", () => attempt.received.length === 6);
  assert.deepEqual(
    attempt.received.map((frame) => [frame.rsv, (frame.rsv === 0 ? frame.payload : unzip(frame)).length]),
    [
      [0, 1023],
      [4, 1024],
      [4, 5],
      [0, 4000],
      [4, 2000],
      [0, 4],
    ],
  );
});

itDeflates("a compressed message of maxFrameSize passes, a longer one fails with 1009", async (own) => {
  const headers = { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover" };
  // Random bytes get longer.
  const bytes = randomBytes(1000);
  const server = own(
    await serve([
      accepting((attempt) => attempt.send.frame(zipped(bytes, BINARY)), { headers }),
      accepting((attempt) => attempt.send.frame(zipped(Buffer.concat([bytes, bytes.subarray(0, 1)]), BINARY)), {
        headers,
      }),
    ]),
  );
  const fits = own(dial(server.url, { compression: true, maxFrameSize: 1000 }));
  await fits.line.heard("binary");
  const { line } = own(dial(server.url, { compression: true, maxFrameSize: 1000 }));
  await line.heard("closed");
  assert.deepEqual(line.told, ["opened", "failed 1009", "closed 1009"]);
  assert.equal((await (await server.attempt(2)).receivedFrame(CLOSE)).code, 1009);
});

it("TLS: the server must be one of the CA, given as text or path, and of the name", async (own) => {
  const server = own(await serve(echoing(), { tls: true }));
  for (const ca of [pem("ca.pem"), certificatePath("ca.pem")]) {
    const { line } = own(dial(server.url, { secureSocket: { ca } }));
    await line.heard("opened");
  }
  const { line } = own(dial(server.url, { secureSocket: { rejectUnauthorized: false } }));
  await line.heard("opened");
  const url = `${server.url}/?token=hunter2-hunter2`;
  for (const secureSocket of [{}, { ca: pem("other-ca.pem") }, { ca: pem("ca.pem"), serverName: "a.example" }]) {
    const error = await refusalOf(own, url, { secureSocket });
    assert.ok(error instanceof SslError, error.message);
    assert.match(error.message, /^Cannot connect to "localhost:\d+" with TLS: [A-Z_]+$/);
    assert.doesNotMatch(everyText(error), /hunter2/);
  }
});

it("TLS: what is no file and no certificate is an SslError that names the option", async (own) => {
  const server = own(await serve(echoing(), { tls: true }));
  const missing = "/does/not/exist.pem";
  const reads = await refusalOf(own, server.url, { secureSocket: { ca: missing } });
  assert.ok(reads instanceof SslError);
  assert.equal(reads.message, `Cannot read secureSocket.ca from "${missing}": ENOENT`);
  const noPem = certificatePath("server.p12");
  const empty = await refusalOf(own, server.url, { secureSocket: { cert: noPem } });
  assert.ok(empty instanceof SslError);
  assert.equal(empty.message, `Cannot use secureSocket.cert: "${noPem}" holds no PEM text`);
  const secureSocket = { cert: pem("client.pem"), key: pem("other-client-key.pem") };
  const pair = await refusalOf(own, server.url, { secureSocket });
  assert.ok(pair instanceof SslError, pair.name);
  assert.doesNotMatch(everyText(pair), /PRIVATE KEY/);
  // Deno finds out when it connects.
  if (onDeno) return;
  assert.match(pair.message, /^Cannot use cert, key of secureSocket: /);
  assert.equal(server.attempts.length, 0);
});

it("plain text where TLS was asked for is an SslError", async (own) => {
  // It has not asked for anything that could be waited for.
  const server = own(await serve((attempt) => attempt.write("HTTP/1.1 400 Bad Request\r\n\r\n")));
  const error = await refusalOf(own, server.url.replace("ws:", "wss:"));
  assert.ok(error instanceof SslError, error.name);
});
