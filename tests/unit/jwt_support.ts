import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type CompactJWSHeaderParameters, CompactSign, exportJWK, generateKeyPair, type JWK } from "jose";
import { type JwtAuthOptions, toJwtAuthenticator } from "../../auth/jwt.ts";
import type { Principal } from "../../src/authenticator.ts";
import { AuthError } from "../../src/errors.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { UpgradeRequest } from "../../src/upgrade_request.ts";

/** The time at which tests begin, in seconds since the epoch. */
export const NOW = 1_800_000_000;
export const SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/** An authenticator whose time stands still until its clock is advanced. */
export interface Gate {
  readonly clock: FakeClock;
  ask(token: string): Promise<Principal | undefined>;
}

export function gate(options: JwtAuthOptions): Gate {
  const clock = new FakeClock();
  const authenticator = toJwtAuthenticator(options, { epoch: () => NOW + clock.now() / 1000, clock });
  return { clock, ask: (token) => authenticator.authenticate(token, request()) };
}

/** A request for an upgrade, of which these authenticators read nothing. */
export function request(): UpgradeRequest {
  const raw = new Request("http://localhost/");
  const context = { req: { raw, param: () => ({}) }, env: {}, header() {}, body: () => new Response(), get() {} };
  return new UpgradeRequest(raw, context, {});
}

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** The public key with its `kid` and `alg`. */
  readonly jwk: JWK;
}

export async function keyPair(alg: string, kid?: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), alg, ...(kid !== undefined && { kid }) } };
}

/** Signs claims, or whatever text; with an HMAC if the key is text. */
export async function sign(
  claims: object | string,
  header: CompactJWSHeaderParameters,
  key: CryptoKey | string,
): Promise<string> {
  const payload = new TextEncoder().encode(typeof claims === "string" ? claims : JSON.stringify(claims));
  const secret = typeof key === "string" ? new TextEncoder().encode(key) : key;
  return await new CompactSign(payload).setProtectedHeader(header).sign(secret);
}

/** Puts a token together out of a header and claims that no library would sign. */
export function forge(header: object, claims: object, signature: string | Uint8Array): string {
  const parts = [JSON.stringify(header), JSON.stringify(claims), signature];
  return parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
}

/** A server on a free port whose answer can be changed, and which counts its requests. */
export class KeyServer {
  /** How many requests came. */
  count = 0;
  answer: RequestListener;
  readonly #server = createServer((request, response) => {
    this.count += 1;
    this.answer(request, response);
  });

  private constructor(answer: RequestListener) {
    this.answer = answer;
  }

  /** Starts one that stops with the test. */
  static async start(
    t: TestContext,
    answer: RequestListener = (_, response) => response.end("{}"),
  ): Promise<KeyServer> {
    const server = new KeyServer(answer);
    t.after(() => server.stop());
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  /** Answers with these keys from now on. */
  publish(...keys: unknown[]): void {
    this.answer = (_, response) => {
      // Bun and Deno ask again by themselves when a connection that they used before is cut.
      response.writeHead(200, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify({ keys }));
    };
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Checks that a promise rejects with 503, and that neither the error nor its causes hold a part of the token. */
export async function unavailable(answer: Promise<unknown>, token: string): Promise<AuthError> {
  const error = await answer.then(
    (principal) => assert.fail(`Answered with ${JSON.stringify(principal)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AuthError, String(error));
  assert.equal(error.status, 503);
  for (let next: unknown = error; next instanceof Error; next = next.cause) {
    for (const part of token.split(".")) assert.ok(!`${next.stack}${JSON.stringify(next)}`.includes(part));
  }
  return error;
}
