/** What the transport over `ws` can do beyond the others. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { test } from "node:test";
import { wsTransport } from "../../adapters/ws/mod.ts";
import { toTlsOptions } from "../../adapters/ws/tls.ts";
import { InvalidHandshakeError, SslError } from "../../mod.ts";
import { accepting, answering, echoing, refusing } from "../kit/answers.ts";
import { certificatePath, pem } from "../kit/certificates.ts";
import { unzip, zipped } from "../kit/deflate.ts";
import { BINARY, CLOSE, toFrame } from "../kit/frames.ts";
import { deflateBomb } from "../kit/hostile.ts";
import { serve } from "../kit/raw_server.ts";
import { type Own, scoped } from "../kit/scoped.ts";
import { type Dialled, dial as dialBy, everyText, gapTest } from "./client_transport_support.ts";

const onDeno = process.versions.deno !== undefined;

const dial = (url: string, options: Parameters<typeof dialBy>[2] = {}): Dialled => dialBy(wsTransport, url, options);
const it = (title: string, fn: (own: Own) => Promise<void>): void => {
  test(`ws: ${title}`, () => scoped(fn));
};
// On Deno nothing is compressed, and the runner of tests fakes nothing.
const itDeflates = onDeno ? () => {} : it;
const itFakes = itDeflates;

/** Dials what refuses, and gives the error. */
async function refusalOf(own: Own, url: string, options: Parameters<typeof dialBy>[2] = {}): Promise<Error> {
  const { line } = own(dial(url, options));
  await line.heard("refused");
  assert.deepEqual(line.told, ["refused"]);
  assert.ok(line.refusal);
  return line.refusal;
}

itFakes("a message leaves, and a fault of TLS is told, where a test runner fakes what calls back soon", async (own) => {
  const server = own(await serve(echoing()));
  const { line, socket } = own(dial(server.url));
  await line.heard("opened");
  const { nextTick } = process;
  const { queueMicrotask } = globalThis;
  process.nextTick = globalThis.queueMicrotask = () => {};
  let refused: Dialled;
  try {
    socket.send("one");
    refused = own(dial("wss://localhost:1", { secureSocket: { ca: "/does/not/exist.pem" } }));
  } finally {
    process.nextTick = nextTick;
    globalThis.queueMicrotask = queueMicrotask;
  }
  await line.heard("text");
  await refused.line.heard("refused");
});

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

it("a refusal whose body is a page of HTML is told by its status alone", async (own) => {
  const server = own(
    await serve(refusing(503, { "Content-Type": "text/html; charset=utf-8" }, "<!DOCTYPE html>\nBusy")),
  );
  const error = await refusalOf(own, server.url);
  assert.equal(error.message, "The server answered with status 503");
  assert.ok(error instanceof InvalidHandshakeError && error.body.endsWith("Busy"));
});

it("several protocols are offered as a list with blanks, for Deno's own upgrade finds none without", async (own) => {
  const server = own(await serve(accepting(undefined, { headers: { "Sec-WebSocket-Protocol": "b" } })));
  const { line } = own(dial(server.url, { protocols: ["a", "b", "c"] }));
  await line.heard("opened");
  assert.equal((await server.attempt(1)).request?.header("sec-websocket-protocol"), "a, b, c");
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
      await attempt.write(attempt.number === 1 ? `${head}begun` : head + "b".repeat(200_000));
    }),
  );
  const bodies: string[] = [];
  const read = async (): Promise<void> => {
    const error = await refusalOf(own, server.url);
    assert.ok(error instanceof InvalidHandshakeError);
    bodies.push(error.body);
  };
  const slow = read();
  await server.attempt(1);
  await Promise.all([slow, read()]);
  // The large one does not wait for its end.
  assert.deepEqual(bodies, ["b".repeat(65536), "begun"]);
  await server.until("the end of both", () => server.open === 0);
});

it("an attempt that is given up while a refusal is read is told nothing, and ends", async (own) => {
  const server = own(
    await serve([
      async (attempt) => {
        await attempt.requested();
        await attempt.write("HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nbegun");
      },
      echoing(),
    ]),
  );
  const { line, socket } = own(dial(server.url));
  await (await server.attempt(1)).requested();
  // What goes round on another connection comes later than the beginning of the refusal.
  const other = own(dial(server.url));
  await other.line.heard("opened");
  other.socket.send("round");
  await other.line.heard("text");
  socket.terminate?.();
  await (await server.attempt(1)).ended();
  other.socket.send("round");
  await other.line.heard("text", 2);
  assert.deepEqual(line.told, []);
});

it("a refusal that breaks off is told once, with what has come", async (own) => {
  const server = own(
    await serve([
      async (attempt) => {
        await attempt.requested();
        await attempt.write("HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nbegun");
        attempt.fin();
      },
      async (attempt) => {
        await attempt.requested();
        await attempt.write("HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\nno chunk\r\n");
      },
    ]),
  );
  for (let i = 1; i <= 2; i++) {
    const error = await refusalOf(own, server.url);
    assert.ok(error instanceof InvalidHandshakeError, error.message);
    assert.equal(error.status, 500);
    // Node gives nothing of a segment in which it finds a fault.
    if (i === 1) assert.equal(error.body, "begun");
    await (await server.attempt(i)).ended();
  }
});

it("an attempt that cannot begin is told nothing once it is given up", async (own) => {
  const { line, socket } = own(dial("wss://localhost:1", { secureSocket: { ca: "/does/not/exist.pem" } }));
  socket.terminate?.();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(line.told, []);
});

it("an answer that is too large shows no secret", async (own) => {
  const server = own(await serve(answering(`HTTP/1.1 101 X\r\nx: ${"y".repeat(1_048_576)}\r\n\r\n`)));
  const error = await refusalOf(own, `${server.url}/?token=hunter2-hunter2`);
  assert.doesNotMatch(everyText(error), /hunter2/);
});

it("our close waits for the server's answer", async (own) => {
  const server = own(await serve([accepting(undefined, { answersClose: false }), echoing()]));
  const { line, socket } = own(dial(server.url));
  await line.heard("opened");
  const other = own(dial(server.url));
  await other.line.heard("opened");
  socket.close(4001, "ours");
  const attempt = await server.attempt(1);
  await attempt.receivedFrame(CLOSE);
  for (let i = 1; i <= 20; i++) {
    other.socket.send("round");
    await other.line.heard("text", i);
  }
  assert.deepEqual(line.told, ["opened"]);
  await attempt.send.close(4002, "theirs");
  attempt.fin();
  await line.heard("closed");
  assert.deepEqual(line.end, { code: 4002, reason: "theirs" });
});

it("G12 a deflate bomb fails, and closes with 1009", async (own) => {
  const server = own(await serve(deflateBomb.answer));
  const { line } = own(dial(server.url, { compression: true }));
  await line.heard("closed");
  assert.deepEqual(line.told, [
    "opened",
    ...(onDeno ? ["failed 1002", "closed 1002"] : ["failed 1009", "closed 1009"]),
  ]);
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

itDeflates("bytes may be changed once they are sent, compressed or behind what is compressed", async (own) => {
  const headers = { "Sec-WebSocket-Extensions": "permessage-deflate; client_no_context_takeover" };
  const server = own(await serve(accepting(undefined, { headers })));
  const { line, socket } = own(dial(server.url, { compression: true }));
  await line.heard("opened");
  const kinds = [new Uint8Array(5000), Buffer.alloc(5000)];
  for (let i = 0; i < 20; i++) {
    for (const bytes of kinds) {
      bytes.fill(i);
      socket.send(bytes, i % 3 === 0);
      bytes.fill(255);
    }
  }
  const attempt = await server.attempt(1);
  await server.until("40 frames", () => attempt.received.length === 40);
  assert.deepEqual(
    attempt.received.map((frame) => (frame.rsv === 0 ? frame.payload : unzip(frame))[0]),
    Array.from({ length: 40 }, (_, i) => Math.trunc(i / 2)),
  );
});

itDeflates("a compressed message of maxFrameSize passes, a longer one fails with 1009", async (own) => {
  const headers = { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover" };
  // Random bytes get longer.
  const bytes = randomBytes(1000);
  const server = own(
    await serve([
      accepting((attempt) => attempt.send.frame(zipped(bytes, BINARY)), { headers }),
      accepting(
        (attempt) => {
          void attempt.send.frame(zipped(Buffer.concat([bytes, bytes.subarray(0, 1)]), BINARY));
          return attempt.send.text("Nobody is told of this");
        },
        { headers },
      ),
    ]),
  );
  const fits = own(dial(server.url, { compression: true, maxFrameSize: 1000 }));
  await fits.line.heard("binary");
  const { line } = own(dial(server.url, { compression: true, maxFrameSize: 1000 }));
  await line.heard("closed");
  assert.deepEqual(line.told, ["opened", "failed 1009", "closed 1009"]);
  assert.equal((await (await server.attempt(2)).receivedFrame(CLOSE)).code, 1009);
});

gapTest("ws", "lingering", "ws: a server that closes and does not let go is let go of", async (own, patience) => {
  const close = toFrame({ opcode: CLOSE, payload: Uint8Array.of(3, 244), mask: false });
  const headers = { "Sec-WebSocket-Extensions": "permessage-deflate" };
  const stubborn = { answersClose: false, answersFin: false };
  const server = own(
    await serve([
      accepting((attempt) => attempt.write(close), stubborn),
      accepting((attempt) => attempt.send.binary(new Uint8Array(200)), stubborn),
      onDeno
        ? accepting((attempt) => attempt.send.binary(new Uint8Array(200)), stubborn)
        : accepting((attempt) => attempt.send.frame(zipped(randomBytes(101), BINARY)), { ...stubborn, headers }),
    ]),
  );
  const dials = [];
  for (let i = 1; i <= 3; i++) {
    const { line } = own(dial(server.url, { maxFrameSize: 100, compression: i === 3 }));
    await server.attempt(i);
    dials.push(line);
  }
  const ends = dials.map(async (line) => {
    // The transport waits for two seconds.
    line.patience = 3 * patience;
    await line.heard("closed");
    return line.told.join();
  });
  const fault = "opened,failed 1009,closed 1009";
  assert.deepEqual(await Promise.all(ends), ["opened,closed 1012", fault, fault]);
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
  // A key that has lost its first line is no path to show.
  const bare = pem("client-key.pem").replace(/-----BEGIN.*\n/, "");
  for (const key of [bare, bare.replace(/-----END.*/, "").replaceAll("\n", "")]) {
    const unread = await refusalOf(own, server.url, { secureSocket: { key } });
    assert.ok(unread instanceof SslError);
    assert.equal(unread.message, "Cannot use secureSocket.key: it is neither PEM text nor a path");
    assert.ok(!everyText(unread).includes(bare.slice(0, 40)));
  }
  const noPem = certificatePath("server.p12");
  const empty = await refusalOf(own, server.url, { secureSocket: { cert: noPem } });
  assert.ok(empty instanceof SslError);
  assert.equal(empty.message, `Cannot use secureSocket.cert: "${noPem}" holds no PEM text`);
});

it("TLS: a client that cannot show its certificate is told why before it connects, on every runtime", async (own) => {
  const server = own(await serve(echoing(), { tls: true }));
  const cert = pem("client.pem");
  const tries: [cert: string, key: string, message: string][] = [
    [cert, pem("other-client-key.pem"), "Cannot use secureSocket.key: it is not the key of secureSocket.cert"],
    [cert, pem("server-key-encrypted.pem"), "Cannot use secureSocket.key: it is encrypted, and must not be"],
    [cert, pem("client.pem"), "Cannot use secureSocket.key: it holds no private key as PEM text"],
    [cert, pem("client-key.pem").replace(/^(?!-).*$/gm, "AAAA"), "Cannot use secureSocket.key: it is malformed"],
    [pem("client-key.pem"), pem("client-key.pem"), "Cannot use secureSocket.cert: it holds no certificate as PEM text"],
    [cert.replace(/^(?!-).*$/gm, "AAAA"), pem("client-key.pem"), "Cannot use secureSocket.cert: it is malformed"],
  ];
  for (const [cert, key, message] of tries) {
    const error = await refusalOf(own, server.url, { secureSocket: { cert, key, rejectUnauthorized: false } });
    assert.ok(error instanceof SslError, error.name);
    assert.equal(error.message, message);
    assert.doesNotMatch(everyText(error), /PRIVATE KEY/);
  }
  assert.equal(server.attempts.length, 0);
});

it("TLS: key and certificate may stand in one file, in any order", async (own) => {
  const server = own(await serve(echoing(), { tls: true }));
  const [cert, key] = [pem("client.pem"), pem("client-key.pem")];
  for (const both of [`${cert}\n${key}`, `${key}\n${cert}`]) {
    const { line } = own(dial(server.url, { secureSocket: { cert: both, key: both, ca: pem("ca.pem") } }));
    await line.heard("opened");
  }
});

it("TLS: blanks and line ends of PEM text, and what stands around it, are of no account", async (own) => {
  const server = own(await serve(echoing(), { tls: true }));
  const [cert, key, ca] = [pem("client.pem"), pem("client-key.pem"), pem("ca.pem")];
  const forms: ((text: string) => string)[] = [
    (text) => text.replaceAll("\n", "\r\n"),
    (text) => text.replaceAll("\n", "\r"),
    (text) => text.replaceAll("\n", "  \n"),
    (text) => text.replace(/^/gm, "    "),
    (text) => `\ufeff${text}`,
    // Not the same text, but the same in it.
    (text) => `# Of the tests - - -\n${text}${text}\nThe end`,
  ];
  const plain = toTlsOptions({ cert, key, ca });
  for (const [i, form] of forms.entries()) {
    const secureSocket = { cert: form(cert), key: form(key), ca: form(ca) };
    if (i < 5) assert.deepEqual(toTlsOptions(secureSocket), plain);
    const { line } = own(dial(server.url, { secureSocket }));
    await line.heard("opened");
  }
});

it("plain text where TLS was asked for is an SslError", async (own) => {
  // It has not asked for anything that could be waited for.
  const server = own(await serve((attempt) => attempt.write("HTTP/1.1 400 Bad Request\r\n\r\n")));
  const error = await refusalOf(own, server.url.replace("ws:", "wss:"));
  assert.ok(error instanceof SslError, error.name);
});

for (const tls of [false, true]) {
  it(`pause() holds the server up, ${tls ? "over" : "without"} TLS`, async (own) => {
    const server = own(await serve(echoing(), { tls }));
    const options = tls ? { secureSocket: { ca: pem("ca.pem") } } : {};
    const { line, socket } = own(dial(server.url, options));
    await line.heard("opened");
    const other = own(dial(server.url, options));
    await other.line.heard("opened");
    const attempt = await server.attempt(1);
    socket.pause?.();
    const message = new Uint8Array(65536);
    for (let i = 0; i < 400; i++) void attempt.send.binary(message);
    // While that goes round on another connection, what can leave has left.
    for (let i = 1; i <= 200; i++) {
      other.socket.send("round");
      await other.line.heard("text", i);
    }
    assert.deepEqual(line.told, ["opened"]);
    assert.ok(attempt.unsent > 0, "the server has sent 25 MiB to one who does not read");
    socket.resume?.();
    await line.heard("binary", 400);
    assert.equal(attempt.unsent, 0);
  });
}
