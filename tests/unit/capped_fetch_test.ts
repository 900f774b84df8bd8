import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { fetchCapped, type Send } from "../../auth/capped_fetch.ts";
import { AuthError } from "../../src/errors.ts";
import { FakeClock } from "../../src/testing/mod.ts";

/** Gives a test a server on a free port, and stops it. */
async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  try {
    await use(`http://127.0.0.1:${port}/s3cret-path?token=s3cret-query`);
  } finally {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    server.closeAllConnections();
    await closed;
  }
}

/** A request that fails, and must say nothing but the host and why. */
async function refusal(url: string, why: RegExp, options: Parameters<typeof fetchCapped>[2] = {}): Promise<void> {
  const init = { method: "POST", headers: { authorization: "Basic s3cret-header" }, body: "token=s3cret-body" };
  const error = await fetchCapped(url, init, options).then(
    () => assert.fail("The request succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof AuthError, String(error));
  assert.equal(error.status, 503);
  assert.equal(error.retryAfter, 1);
  assert.match(error.message, why);
  assert.ok(error.message.startsWith(`Cannot ask "${new URL(url).host}": `), error.message);
  assert.doesNotMatch(`${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`, /s3cret/);
}

test("fetchCapped() sends method, headers and body, and gives status, headers and body", async () => {
  const echo: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method, url, headers } = request;
      response.writeHead(418, { "x-kind": "teapot" });
      response.end(
        JSON.stringify({ method, url, body, type: headers["x-type"], encoding: headers["accept-encoding"] }),
      );
    });
  };
  await withServer(echo, async (url) => {
    const response = await fetchCapped(url, { method: "POST", headers: { "x-type": "e" }, body: "häl=lo" });
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-kind"), "teapot");
    assert.deepEqual(JSON.parse(response.body), {
      method: "POST",
      url: "/s3cret-path?token=s3cret-query",
      body: "häl=lo",
      type: "e",
      encoding: "identity",
    });
    const got = await fetchCapped(new URL(url), { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(JSON.parse(got.body).method, "GET");
    assert.equal(JSON.parse(got.body).encoding, "identity");
  });
});

test("B10: fetchCapped() takes a body of maxBytes, and no byte more", async () => {
  await withServer(
    (_request, response) => response.end("x".repeat(262_144)),
    async (url) => {
      assert.equal((await fetchCapped(url, {})).body.length, 262_144);
      await refusal(url, /larger than 262143 bytes$/, { maxBytes: 262_143 });
    },
  );
});

test("B10: fetchCapped() stops reading a body without end", async () => {
  let sent = 0;
  const closed = Promise.withResolvers<void>();
  const endless: RequestListener = (_request, response) => {
    const chunk = "x".repeat(65_536);
    const pour = () => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) break;
      }
    };
    response.on("drain", pour);
    response.on("close", closed.resolve);
    pour();
  };
  await withServer(endless, async (url) => {
    await refusal(url, /larger than 262144 bytes$/);
    await closed.promise;
    assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
  });
});

const bomb = gzipSync(Buffer.alloc(32_000_000));

for (const [what, encoding, body] of [
  ["a small one", "gzip", gzipSync("hello")],
  ["a bomb", "gzip", bomb],
  ["a bomb in a chain of encodings", "gzip, gzip", gzipSync(bomb)],
] as const) {
  test(`B10: CVE-2026-22036: fetchCapped() takes no compressed answer, ${what}`, async () => {
    const compressed: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-encoding": encoding });
      response.end(body);
    };
    await withServer(compressed, (url) => refusal(url, /is compressed, which was not asked for$/));
  });
}

test("B10: fetchCapped() counts the bytes that a fetch hands over, whatever content-length says", async () => {
  const large: Send = () => Promise.resolve(new Response("x".repeat(262_145), { headers: { "content-length": "2" } }));
  await refusal("https://h/s3cret", /larger than 262144 bytes$/, { fetch: large });
});

for (const [what, init, size] of [
  ["too large", {}, 262_145],
  ["compressed", { headers: { "content-encoding": "br" } }, 1],
  ["of a redirect", { status: 302, headers: { location: "/" } }, 1],
] as const) {
  test(`B10: fetchCapped() cancels a body that is ${what}`, async () => {
    let cancelled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(size)),
      cancel: () => {
        cancelled += 1;
      },
    });
    await refusal("https://h/s3cret", /./, { fetch: () => Promise.resolve(new Response(body, init)) });
    assert.equal(cancelled, 1);
  });
}

test("B10: fetchCapped() follows no redirect", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    let requests = 0;
    const redirect: RequestListener = (_request, response) => {
      requests += 1;
      response.writeHead(status, { location: "/elsewhere" });
      response.end();
    };
    await withServer(redirect, (url) => refusal(url, /redirects, which is not followed$/));
    assert.equal(requests, 1);
  }
});

/** Sends a byte each 20 ms until the peer is gone. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(timer));
}

for (const [what, listener] of [
  ["never answers", () => {}],
  ["sends a head and no body", (_request, response) => response.writeHead(200).flushHeaders()],
  ["drips", (_request, response) => drip(response)],
] satisfies [string, RequestListener][]) {
  test(`B10: fetchCapped() gives up at the timeout on a server that ${what}, and hangs up`, async () => {
    const closed = Promise.withResolvers<void>();
    const slow: RequestListener = (request, response) => {
      response.on("close", closed.resolve);
      listener(request, response);
    };
    await withServer(slow, async (url) => {
      const start = performance.now();
      await refusal(url, /no whole answer within 0.2 s$/, { timeout: 0.2 });
      const elapsed = performance.now() - start;
      assert.ok(elapsed > 190 && elapsed < 2000, `${elapsed} ms`);
      await closed.promise;
    });
  });
}

test("fetchCapped() gives up at the timeout on a fetch that heeds no signal", async () => {
  await refusal("https://h/s3cret", /no whole answer/, { timeout: 0.05, fetch: () => new Promise(() => {}) });
});

test("fetchCapped() takes 5 s unless told", async () => {
  const clock = new FakeClock();
  const answer = refusal("https://h/s3cret", /within 5 s$/, { fetch: () => new Promise(() => {}), clock });
  await clock.advance(5);
  await answer;
  assert.equal(clock.pending, 0);
});

test("fetchCapped() is given up when its signal aborts, and hangs up", async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const silent: RequestListener = (_request, response) => {
    response.on("close", closed.resolve);
    arrived.resolve();
  };
  await withServer(silent, async (url) => {
    const abort = new AbortController();
    const answer = refusal(url, /it was given up$/, { signal: abort.signal });
    await arrived.promise;
    abort.abort();
    await answer;
    await closed.promise;
    await refusal(url, /it was given up$/, { signal: abort.signal });
  });
});

test("fetchCapped() takes a compressed answer where no header can refuse it, and counts what comes out", async (t) => {
  // As a browser does: what it would not send is left out of the request.
  const { Request } = globalThis;
  t.after(() => Object.assign(globalThis, { Request }));
  class BrowserRequest extends Request {
    constructor(url: URL, init: RequestInit) {
      const headers = new Headers(init.headers);
      headers.delete("accept-encoding");
      super(url, { ...init, headers });
    }
  }
  Object.assign(globalThis, { Request: BrowserRequest });
  const answer = (length: number): Send => {
    const response = new Response("x".repeat(length), { headers: { "content-encoding": "gzip" } });
    return () => Promise.resolve(response);
  };
  assert.equal((await fetchCapped("https://h/", {}, { fetch: answer(262_144) })).body.length, 262_144);
  await refusal("https://h/s3cret", /larger than 262144 bytes$/, { fetch: answer(262_145) });
});

test("fetchCapped() fails without a word of the request when the server hangs up, is gone or refuses", async () => {
  let gone = "";
  const hangUp: RequestListener = (request) => request.socket.destroy();
  await withServer(hangUp, async (url) => {
    gone = url;
    await refusal(url, /the request failed/);
  });
  await refusal(gone, /the request failed/);
  await refusal("http://user:s3cret@127.0.0.1:1/", /the request failed/);
});

/** A fetch that fails so often, and what it was told each time. */
function failing(times: number, code: string): { send: Send; connections: (string | null)[] } {
  const connections: (string | null)[] = [];
  const send: Send = (_url, { headers }) => {
    connections.push(new Headers(headers).get("connection"));
    if (connections.length > times) return Promise.resolve(new Response("ok"));
    return Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("s3cret"), { code }) }));
  };
  return { send, connections };
}

for (const code of ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]) {
  test(`fetchCapped() tries a fresh connection, once, when one ends with ${code}, if it may`, async () => {
    const once = failing(1, code);
    assert.equal((await fetchCapped("https://h/", {}, { fetch: once.send, again: true })).body, "ok");
    assert.deepEqual(once.connections, [null, "close"]);
    const twice = failing(2, code);
    await refusal("https://h/s3cret", new RegExp(`the request failed with ${code}$`), {
      fetch: twice.send,
      again: true,
    });
    assert.deepEqual(twice.connections, [null, "close"]);
    const never = failing(1, code);
    await refusal("https://h/s3cret", new RegExp(`the request failed with ${code}$`), { fetch: never.send });
    assert.deepEqual(never.connections, [null]);
  });
}

test("fetchCapped() does not try again when there is no server", async () => {
  const none = failing(1, "ECONNREFUSED");
  await refusal("https://h/s3cret", /the request failed with ECONNREFUSED$/, { fetch: none.send, again: true });
  assert.equal(none.connections.length, 1);
});

test("fetchCapped() succeeds each time with a server that ends its idle connections", async () => {
  const hasty: RequestListener = (request, response) => {
    request.resume();
    response.end("{}", () => setTimeout(() => request.socket.destroy(), 3));
  };
  await withServer(hasty, async (url) => {
    for (let index = 0; index < 200; index++) {
      assert.equal((await fetchCapped(url, { method: "POST", body: "token" }, { again: true })).body, "{}");
      // So that some requests meet the end of the connection.
      await new Promise((resolve) => setTimeout(resolve, index % 7));
    }
  });
});

test("fetchCapped() refuses bytes that are not UTF-8, and joins characters that were split", async () => {
  for (const bytes of [
    [0x7b, 0xff, 0x7d],
    [0x7b, 0xe2, 0x82],
  ]) {
    const bad: Send = () => Promise.resolve(new Response(Uint8Array.from(bytes)));
    await refusal("https://h/s3cret", /not UTF-8$/, { fetch: bad });
  }
  const euro = new TextEncoder().encode("€");
  const bytes = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of euro) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const split: Send = () => Promise.resolve(new Response(bytes));
  assert.equal((await fetchCapped("https://h/", {}, { fetch: split })).body, "€");
});

test("fetchCapped() gives an empty body for none", async () => {
  const none: Send = () => Promise.resolve(new Response(null, { status: 204 }));
  assert.equal((await fetchCapped("https://h/", {}, { fetch: none })).body, "");
});
