/** A small authorization server in this process: it issues, shows, introspects and revokes tokens, and misbehaves when told. */
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import {
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { pem } from "./certificates.ts";
import { Grants } from "./grants.ts";
import { Waiter } from "./waiter.ts";

/** What the server does instead of its work. */
export type Misbehaviour =
  /** Status 500. */
  | "error"
  /** Ends the connection. */
  | "hang up"
  /** Never answers. */
  | "slow"
  /** Sends a byte each 20 ms, and never the last. */
  | "drip"
  /** 10 MiB of JSON. */
  | "huge"
  /** 307 to another path of its own. */
  | "redirect"
  /** A page, with status 200. */
  | "html"
  /** 32 MB of zeros, in 32 kB of gzip. */
  | "bomb"
  /** `{}` with status 200. */
  | "empty";

/** A request that the server got. */
export interface Seen {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingMessage["headers"];
  readonly form: URLSearchParams;
  /** Whether the client showed a certificate of the test CA. */
  readonly certified: boolean;
}

/** What ends a server: the context of a test is one. */
export interface Owner {
  after(fn: () => Promise<void>): void;
}

/** How a server is started. */
export interface ServerOptions {
  /** Whether it speaks TLS, with the certificate for localhost, and asks for one of the client. @default false */
  readonly tls?: boolean | "mutual";
  /** @default "chat" */
  readonly clientId?: string;
  /** @default "s3cret" */
  readonly clientSecret?: string;
}

type Answer = (seen: Seen, response: ServerResponse) => void | Promise<void>;

const BOMB = gzipSync(Buffer.alloc(32_000_000));

/** A running authorization server; the test that started it ends it. */
export class AuthorizationServer {
  /** What it does instead of its work. @default undefined */
  misbehaviour: Misbehaviour | undefined;
  /** The requests that it got, in order. */
  readonly seen: Seen[] = [];
  /** What the token endpoint grants. */
  readonly grants: Grants;
  /** What introspection says besides `active: true` and the claims of the token. */
  extra: Record<string, unknown> = {};
  readonly #waiter = new Waiter();
  #port = 0;
  #dripped = 0;
  #left = 0;
  #held: Promise<void> | undefined;
  readonly #revoked: Set<string> = new Set();
  readonly #keys: GenerateKeyPairResult;
  readonly #jwk: JWK;
  readonly #options: Required<ServerOptions>;

  private constructor(options: ServerOptions, keys: GenerateKeyPairResult, jwk: JWK) {
    this.#options = { tls: false, clientId: "chat", clientSecret: "s3cret", ...options };
    this.#keys = keys;
    this.#jwk = jwk;
    this.grants = new Grants((claims) => this.issue(claims), this.#options.clientId, this.#options.clientSecret);
  }

  /** Starts a server on a free port, and stops it after the test. */
  static async start(t: Owner, options: ServerOptions = {}): Promise<AuthorizationServer> {
    const keys = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: "first", alg: "ES256", use: "sig" };
    const authorization = new AuthorizationServer(options, keys, jwk);
    const listener: RequestListener = (request, response) => authorization.#take(request, response);
    const { tls } = authorization.#options;
    const server = tls === false ? createServer(listener) : createSecureServer(toTls(tls), listener);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    authorization.#port = (server.address() as AddressInfo).port;
    t.after(async () => {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeAllConnections();
      await closed;
    });
    return authorization;
  }

  /** The issuer, and what the paths `/jwks`, `/token`, `/introspect` and `/revoke` follow. */
  get url(): string {
    return `${this.#options.tls === false ? "http" : "https"}://localhost:${this.#port}`;
  }

  /** Its host and port, as errors name it. */
  get host(): string {
    return `localhost:${this.#port}`;
  }

  /** Waits until so many requests have come. */
  async arrived(count: number): Promise<void> {
    await this.#waiter.until(`${count} requests`, () => this.seen.length >= count, 10_000);
  }

  /** Waits until three bytes of an answer that drips were sent. */
  async dripped(): Promise<void> {
    await this.#waiter.until("an answer that drips", () => this.#dripped >= 3, 10_000);
  }

  /** Waits until so many clients have left without the whole answer. */
  async left(count = 1): Promise<void> {
    await this.#waiter.until(`${count} clients that leave`, () => this.#left >= count, 10_000);
  }

  /** How many requests came for a path. */
  count(path: string): number {
    return this.seen.filter((seen) => seen.path === path).length;
  }

  /** Issues a token: a JWT of these claims, that expires in an hour unless they say when. */
  issue(claims: JWTPayload = {}): Promise<string> {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const payload = { iss: this.url, sub: "zoe", jti: crypto.randomUUID(), exp, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid: "first" }).sign(this.#keys.privateKey);
  }

  /** Makes a token inactive. */
  revoke(token: string): void {
    this.#revoked.add(token);
  }

  /** Keeps back all answers until the function that it gives is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = new URL(request.url ?? "/", this.url).pathname;
    const seen = {
      path,
      method: request.method ?? "",
      headers: request.headers,
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
      certified: "authorized" in request.socket && request.socket.authorized === true,
    };
    this.seen.push(seen);
    response.on("close", () => {
      if (!response.writableFinished) this.#left += 1;
      this.#waiter.wake();
    });
    this.#waiter.wake();
    await this.#held;
    if (this.misbehaviour === "drip") return this.#drip(response);
    if (this.misbehaviour !== undefined) return misbehave(this.misbehaviour, response);
    await (this.#answers.get(`${seen.method} ${path}`) ?? notFound)(seen, response);
  }

  readonly #answers: ReadonlyMap<string, Answer> = new Map<string, Answer>([
    ["GET /jwks", (_, response) => json(response, 200, { keys: [this.#jwk] })],
    ["POST /token", (seen, response) => this.#token(seen, response)],
    ["POST /introspect", (seen, response) => this.#introspect(seen, response)],
    ["POST /revoke", (seen, response) => this.#revoke(seen, response)],
  ]);

  #drip(response: ServerResponse): void {
    const timer = setInterval(() => {
      response.write(" ");
      this.#dripped += 1;
      this.#waiter.wake();
    }, 20);
    response.on("close", () => clearInterval(timer));
  }

  /** The grants of RFC 6749 and RFC 7523. */
  async #token(seen: Seen, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.grants.answer(seen.form, this.#knows(seen));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    json(response, status, body);
  }

  /** RFC 7662. */
  async #introspect(seen: Seen, response: ServerResponse): Promise<void> {
    if (!this.#knows(seen)) return json(response, 401, { error: "invalid_client" });
    const token = seen.form.get("token") ?? "";
    const claims = this.#revoked.has(token) ? undefined : await this.#verify(token);
    json(response, 200, claims === undefined ? { active: false } : { active: true, ...claims, ...this.extra });
  }

  /** RFC 7009. */
  #revoke(seen: Seen, response: ServerResponse): void {
    if (!this.#knows(seen)) return json(response, 401, { error: "invalid_client" });
    this.revoke(seen.form.get("token") ?? "");
    response.writeHead(200).end();
  }

  async #verify(token: string): Promise<JWTPayload | undefined> {
    try {
      return (await jwtVerify(token, this.#keys.publicKey, { issuer: this.url })).payload;
    } catch {
      return undefined;
    }
  }

  /** Basic, with both parts encoded as in a form (RFC 6749, section 2.3.1). */
  #knows({ headers }: Seen): boolean {
    const [scheme, encoded = ""] = (headers.authorization ?? "").split(" ");
    const parts = Buffer.from(encoded, "base64").toString("latin1").split(":");
    if (scheme !== "Basic" || parts.length !== 2) return false;
    const [id, secret] = parts.map((part) => new URLSearchParams(`_=${part}`).get("_"));
    return id === this.#options.clientId && secret === this.#options.clientSecret;
  }
}

function toTls(tls: true | "mutual"): object {
  const own = { cert: pem("server.pem"), key: pem("server-key.pem") };
  return tls === true ? own : { ...own, ca: pem("ca.pem"), requestCert: true, rejectUnauthorized: true };
}

function notFound(_seen: Seen, response: ServerResponse): void {
  json(response, 404, { error: "not_found" });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

function misbehave(misbehaviour: Misbehaviour, response: ServerResponse): void {
  if (misbehaviour === "error") json(response, 500, { active: true, error: "server_error" });
  else if (misbehaviour === "hang up") response.socket?.destroy();
  else if (misbehaviour === "huge") json(response, 200, { active: true, keys: [], padding: "x".repeat(10_485_760) });
  else if (misbehaviour === "redirect") response.writeHead(307, { location: "/elsewhere" }).end();
  else if (misbehaviour === "html") response.writeHead(200, { "content-type": "text/html" }).end("<p>Sign in</p>");
  else if (misbehaviour === "bomb") response.writeHead(200, { "content-encoding": "gzip" }).end(BOMB);
  else if (misbehaviour === "empty") json(response, 200, {});
}
