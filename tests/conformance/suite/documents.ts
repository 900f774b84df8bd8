/** What is served beside a service with a contract: its AsyncAPI document, and the page. */
import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { Hono } from "hono";
import { z } from "zod";
import { contract } from "../../../entries/contract.ts";
import { Listener, upgrade } from "../../../mod.ts";
import { pem } from "../../kit/certificates.ts";
import { type HttpResponse, ResponseReader } from "../../kit/http.ts";
import { connect } from "../../kit/raw_client.ts";
import { dialTls } from "../../kit/tls_client.ts";
import type { Subject } from "./subject.ts";

const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { ask: { message: z.object({ symbol: z.string() }), reply: z.object({ price: z.number() }) } },
});
const service = upgrade(() => market.service({ onAsk: () => ({ price: 1 }) }));
const paths = { contract: market, asyncapi: "/asyncapi.json", docs: "/docs" } as const;

export function documents(subject: Subject): void {
  subject.test("a document names wss over TLS", async () => {
    const key = { cert: pem("server.pem"), key: pem("server-key.pem") };
    await serve(subject.listener({ secureSocket: { key } }), async (_url, port) => {
      const { status, body } = await readSecurely(port, "/asyncapi.json");
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(body).servers, { here: { host: "example.com:8443", protocol: "wss" } });
    });
  });

  const kinds: readonly [string, () => Listener][] = [
    ["a port", () => subject.listener({ trustedProxies: 1 })],
    ["an app", () => new Listener(new Hono(), { port: 0, engine: subject.engine, trustedProxies: 1 })],
  ];
  for (const [kind, make] of kinds) {
    subject.test(`attach() serves the AsyncAPI document beside the service, for a listener with ${kind}`, async () => {
      await serve(make(), async (url, port) => {
        const response = await fetch(`${url}/asyncapi.json`);
        assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/json"]);
        const text = await response.text();
        const { channels, servers } = JSON.parse(text);
        assert.deepEqual(
          [channels.market.address, servers],
          ["/market", { here: { host: `127.0.0.1:${port}`, protocol: "ws" } }],
        );
        const etag = response.headers.get("etag") ?? assert.fail("no ETag");
        assert.equal(response.headers.get("cache-control"), "no-cache");
        const head = await fetch(`${url}/asyncapi.json`, { method: "HEAD" });
        assert.deepEqual([head.status, head.headers.get("etag"), await head.text()], [200, etag, ""]);
        const again = await fetch(`${url}/asyncapi.json`, { headers: { "if-none-match": `"x", W/${etag}` } });
        assert.deepEqual([again.status, again.headers.get("etag"), await again.text()], [304, etag, ""]);
        const other = await fetch(`${url}/asyncapi.json`, { headers: { "if-none-match": '"x"' } });
        assert.deepEqual([other.status, await other.text()], [200, text]);
        const client = await connect(port, { path: "/market" });
        await client.send.text('{"event":"ask","id":1,"symbol":"ACME"}');
        assert.equal(await client.message(), '{"event":"ask","id":1,"price":1}');
        client.destroy();
      });
    });

    subject.test(`attach() serves the documentation page beside the service, for a listener with ${kind}`, async () => {
      await serve(make(), async (url, port) => {
        const seen = new Set<string>();
        for (let i = 0; i < 2; i++) {
          const response = await fetch(`${url}/docs`);
          assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
          assert.equal(response.headers.get("x-content-type-options"), "nosniff");
          const policy = response.headers.get("content-security-policy") ?? "";
          const nonce =
            /^default-src 'none'; script-src 'nonce-([\w+/]{22}==)'; style-src 'nonce-\1'; /.exec(policy)?.[1] ?? "";
          assert.match(
            policy,
            new RegExp(`; connect-src 'self' ws://127.0.0.1:${port} wss://127.0.0.1:${port}; base-uri 'none'; `),
          );
          assert.match(policy, /; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/);
          const page = await response.text();
          assert.ok(page.includes(`nonce="${nonce}"`), "the page has another nonce");
          assert.ok(page.includes('"/market"'));
          seen.add(nonce);
        }
        assert.equal(seen.size, 2, "a nonce was used twice");
        const head = await fetch(`${url}/docs`, { method: "HEAD" });
        assert.deepEqual([head.status, await head.text()], [200, ""]);
      });
    });

    subject.test(
      `a document answers 405 to what does not read, and is gone when detached, for a listener with ${kind}`,
      async () => {
        await serve(make(), async (url, _port, listener) => {
          for (const path of ["/asyncapi.json", "/docs"]) {
            for (const method of ["POST", "DELETE", "OPTIONS"]) {
              const response = await fetch(url + path, { method });
              assert.deepEqual([response.status, response.headers.get("allow")], [405, "GET, HEAD"], method);
              await response.body?.cancel();
            }
          }
          listener.detach(service);
          for (const path of ["/asyncapi.json", "/docs"]) {
            const response = await fetch(url + path);
            assert.equal(response.status, 404);
            await response.body?.cancel();
          }
        });
      },
    );

    subject.test(`a document names the server that trusted proxies tell, for a listener with ${kind}`, async () => {
      await serve(make(), async (url) => {
        const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "api.example" };
        const response = await fetch(`${url}/asyncapi.json`, { headers });
        assert.deepEqual((await response.json()).servers, { here: { host: "api.example", protocol: "wss" } });
        const page = await fetch(`${url}/docs`, { headers });
        assert.match(page.headers.get("content-security-policy") ?? "", /connect-src 'self' ws:\/\/api\.example wss:/);
        await page.body?.cancel();
      });
    });
  }
}

/** Asks for a path over TLS. */
async function readSecurely(port: number, path: string): Promise<HttpResponse> {
  const socket = await dialTls(port);
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const reader = new ResponseReader("GET");
  socket.on("data", (chunk: Buffer) => {
    const response = reader.push(chunk);
    if (response !== undefined) resolve(response);
  });
  socket.once("close", () => reject(new Error("The connection ended before the response")));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: example.com:8443\r\n\r\n`);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function serve(
  listener: Listener,
  use: (url: string, port: number, listener: Listener) => Promise<void>,
): Promise<void> {
  listener.attach("/market", service, paths);
  await listener.start();
  try {
    await use(`http://127.0.0.1:${listener.port}`, listener.port, listener);
  } finally {
    await listener.immediateStop();
  }
}
