/** B5 to B10 over the wire: JSON Web Tokens, from the header or the subprotocol, with keys of a server. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { jwtAuth } from "../../../auth/mod.ts";
import type { ServiceConfig } from "../../../mod.ts";
import { type HandshakeOptions, request, toHandshake } from "../../kit/raw_client.ts";
import type { Subject } from "./subject.ts";

const issuer = "https://login.example.com/";
const now = (): number => Math.floor(Date.now() / 1000);

type Claims = Record<string, unknown>;

// What the token says besides, and whom it finds, or the refusal.
const table: readonly (readonly [what: string, claims: Claims, answer: string, challenge?: RegExp])[] = [
  ["a good token", {}, "ann"],
  ["scopes as a list", { scope: ["read", "chat"] }, "ann"],
  ["a token without the scope", { scope: "read" }, "403", /error="insufficient_scope"/],
  ["an expired token", { exp: now() - 60 }, "401", /error="invalid_token"/],
  ["a token of tomorrow", { nbf: now() + 86_400 }, "401", /error="invalid_token"/],
  ["a token for others", { aud: "news" }, "401", /error="invalid_token"/],
  ["a token of another issuer", { iss: "https://evil.example/" }, "401", /error="invalid_token"/],
  ["a token whose exp is text", { exp: `${now() + 60}` }, "401", /error="invalid_token"/],
];

/** Registers the tests. */
export function tokens(subject: Subject): void {
  const carriers: readonly (readonly [name: string, toOptions: (token: string) => HandshakeOptions])[] = [
    ["header", (token) => ({ headers: { Authorization: `Bearer ${token}` }, protocols: ["chat.v1"] })],
    ["subprotocol", (token) => ({ protocols: ["bearer", token, "chat.v1"] })],
  ];

  for (const [carrier, toOptions] of carriers) {
    subject.test(`B6 jwtAuth answers tokens in the ${carrier} by their claims, and tells none of them`, async () => {
      const { server, url, sign } = await serveKeys();
      try {
        await subject.run(
          () =>
            ({ principal }) => ({ onOpen: () => `${principal?.subject}` }),
          async ({ connect, listener, log }) => {
            for (const [what, claims, answer, challenge] of table) {
              const token = await sign(claims);
              if (challenge === undefined) {
                const client = await connect(toOptions(token));
                assert.equal(client.response.header("sec-websocket-protocol"), "chat.v1");
                assert.equal(await client.message(), answer, what);
                continue;
              }
              const response = await request(listener.port, toHandshake(listener.port, toOptions(token)));
              assert.equal(`${response.status}`, answer, what);
              assert.match(response.header("www-authenticate") ?? "", challenge, what);
              const told = [response.body, ...response.headers.flat(), ...log.entries].join("\n");
              for (const part of token.split(".")) assert.ok(!told.includes(part), what);
            }
          },
          { config: toConfig(url) },
        );
      } finally {
        await stop(server);
      }
    });
  }

  subject.test("B10 a token whose keys cannot be had is 503 with Retry-After, and the log names the host", async () => {
    const { server, url, sign } = await serveKeys();
    await stop(server);
    const token = await sign({});
    const headers = { Authorization: `Bearer ${token}` };
    await subject.run(
      () => () => ({ onOpen: () => "open" }),
      async ({ listener, log }) => {
        const response = await request(listener.port, toHandshake(listener.port, { headers }));
        assert.equal(response.status, 503);
        assert.match(response.header("retry-after") ?? "", /^(?:29|30)$/);
        const told = [response.body, ...response.headers.flat(), ...log.entries].join("\n");
        assert.ok(told.includes(new URL(url).host));
        for (const part of token.split(".")) assert.ok(!told.includes(part));
      },
      { config: toConfig(url), logs: /Cannot ask/ },
    );
  });
}

function toConfig(jwks: string): ServiceConfig {
  return {
    auth: [jwtAuth({ algorithms: ["ES256"], issuer, audience: "chat", jwks, scopes: ["chat"] })],
    credentials: ["header", { subProtocol: "bearer" }],
    subProtocols: ["chat.v1"],
  };
}

/** Serves a public key, and signs with the other one. */
async function serveKeys(): Promise<{ server: Server; url: string; sign: (claims: Claims) => Promise<string> }> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }];
  const server = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const usual = { iss: issuer, aud: "chat", sub: "ann", scope: "chat", exp: now() + 60 };
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    sign: (claims) =>
      new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(privateKey),
  };
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => {
    server.close(resolve);
  });
  server.closeAllConnections();
  await closed;
}
