import assert from "node:assert/strict";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { httpsFetch } from "../../auth/https_fetch.ts";
import { pem } from "../kit/certificates.ts";

const tls: ServerOptions = { cert: pem("server.pem"), key: pem("server-key.pem") };

/** A server on a free port, that ends with its test. */
async function serve(t: TestContext, listener: Parameters<typeof createServer>[1]): Promise<URL> {
  const server = createServer(tls, listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(async () => {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    server.closeAllConnections();
    await closed;
  });
  return new URL(`https://localhost:${(server.address() as AddressInfo).port}/path?query`);
}

const send = httpsFetch({ ca: pem("ca.pem") });

test("httpsFetch() gives status, headers and body as fetch does", async (t) => {
  const url = await serve(t, (request, response) => {
    response.writeHead(201, { "x-a": ["1", "2"], "set-cookie": ["a=1", "b=2"] });
    response.end(`${request.method} ${request.url} ${request.headers["x-b"]} `);
  });
  const response = await send(url, { method: "POST", headers: { "X-B": "c" }, body: "d" });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("x-a"), "1, 2");
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(await response.text(), "POST /path?query c ");
});

test("httpsFetch() follows no redirect, and has no body for 204", async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.method === "POST") response.writeHead(204).end();
    else response.writeHead(302, { location: "/elsewhere" }).end("moved");
  });
  const redirect = await send(url, {});
  assert.deepEqual([redirect.status, await redirect.text()], [302, "moved"]);
  const none = await send(url, { method: "POST" });
  assert.deepEqual([none.status, none.body], [204, null]);
});

test("httpsFetch() hangs up when the body is cancelled", async (t) => {
  const closed = Promise.withResolvers<void>();
  const url = await serve(t, (_request, response) => {
    response.on("close", closed.resolve);
    response.write("first");
  });
  const { body } = await send(url, {});
  await body?.cancel();
  await closed.promise;
});

for (const when of ["before the answer", "within the body"] as const) {
  test(`httpsFetch() hangs up when its signal aborts ${when}`, async (t) => {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const url = await serve(t, (_request, response) => {
      response.on("close", closed.resolve);
      if (when === "within the body") response.write("first");
      arrived.resolve();
    });
    const abort = new AbortController();
    const response = send(url, { signal: abort.signal });
    const text = response.then((answer) => answer.text());
    await (when === "within the body" ? response : arrived.promise);
    abort.abort();
    await assert.rejects(text);
    await closed.promise;
  });
}

test("httpsFetch() fails when the connection breaks within the body", async (t) => {
  const url = await serve(t, (request, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("first", () => request.socket.destroy());
  });
  const response = await send(url, {});
  await assert.rejects(response.text());
});
