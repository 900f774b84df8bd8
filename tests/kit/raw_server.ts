/**
 * A WebSocket server over bare TCP or TLS, with every byte of it under the test's control: the counterpart of raw_client.ts.
 *
 *     const server = own(await serve([refusing(503), echoing()])); // the first attempt, and all after it
 *     const client = await Client.connect(server.url);
 *     const attempt = await server.attempt(2);
 *     assert.equal(await attempt.nextMessage(), "hello");
 */
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Attempt } from "./attempt.ts";
import { pem } from "./certificates.ts";
import { PATIENCE } from "./raw_peer.ts";
import { Waiter } from "./waiter.ts";

export { Attempt } from "./attempt.ts";

/** What a server does with one attempt; called when TCP, and TLS, are there. What it throws fails the test when the server is disposed of. */
export type Answer = (attempt: Attempt) => unknown;

/** How to serve. */
export interface ServeOptions {
  /** Serve TLS with `server.pem`, which `ca.pem` signed for localhost. @default false */
  tls?: boolean;
  /** Milliseconds that each wait may take. @default 20000 */
  patience?: number;
  /** @default any that is free */
  port?: number;
  /** Where to listen. @default "127.0.0.1" */
  host?: string;
}

/** Begins to listen. `answers` are those of the first attempts in order, the last one for all that follow; or one for all. */
export async function serve(answers: Answer | readonly Answer[], options: ServeOptions = {}): Promise<RawServer> {
  const list = typeof answers === "function" ? [answers] : answers;
  const server = options.tls
    ? createTlsServer({ cert: pem("server.pem"), key: pem("server-key.pem"), allowHalfOpen: true })
    : createTcpServer({ allowHalfOpen: true, noDelay: true });
  const raw = new RawServer(server, list, options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", () => resolve());
  });
  return raw;
}

/** A running server. */
export class RawServer implements AsyncDisposable {
  /** All that connected, in order. */
  readonly attempts: Attempt[] = [];
  /** The most connections that were open at once. */
  peak = 0;
  readonly #server: Server;
  readonly #options: ServeOptions;
  readonly #waiter = new Waiter();
  readonly #faults: unknown[] = [];
  #isOver = false;

  constructor(server: Server, answers: readonly Answer[], options: ServeOptions) {
    this.#server = server;
    this.#options = options;
    // With TLS a handshake that fails is an event of the server, and none of a test that did not ask for it.
    server.on("tlsClientError", () => {});
    server.on(options.tls ? "secureConnection" : "connection", (socket: Socket) => {
      if (this.#isOver) return void socket.on("error", () => {}).destroy();
      const attempt = new Attempt(socket, this.attempts.length + 1, () => this.#waiter.wake(), options);
      this.attempts.push(attempt);
      this.peak = Math.max(this.peak, this.open);
      this.#waiter.wake();
      void this.#answer(answers[Math.min(attempt.number, answers.length) - 1], attempt);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The address where it listens. */
  get host(): string {
    return (this.#server.address() as AddressInfo).address;
  }

  /** Where it listens, without a path. */
  get url(): string {
    return this.#options.tls ? `wss://localhost:${this.port}` : `ws://${this.host}:${this.port}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.attempts.filter(({ end }) => end === undefined).length;
  }

  /**
   * Waits for the nth attempt, counted from 1.
   *
   * @throws If it does not come in time
   */
  async attempt(number: number, patience?: number): Promise<Attempt> {
    await this.until(`attempt ${number}`, () => this.attempts.length >= number, patience);
    return this.attempts[number - 1] as Attempt;
  }

  /** Waits until `isThere` holds, which is looked at whenever a connection, a frame or an end has come. */
  async until(
    what: string,
    isThere: () => boolean,
    patience: number = this.#options.patience ?? PATIENCE,
  ): Promise<void> {
    await this.#waiter.until(what, isThere, patience, () => this.describe());
  }

  /** Stops listening, and leaves the port; what is open stays so. */
  stopListening(): void {
    if (this.#server.listening) this.#server.close();
  }

  /**
   * Ends everything. The port stays taken until the process ends, for a client that still tries it must not meet the server of another test.
   *
   * @throws What an answer threw
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#server.unref();
    for (const attempt of this.attempts) attempt.destroy();
    await Promise.all(this.attempts.map(({ closed }) => closed));
    if (this.#faults.length > 0) throw this.#faults[0];
  }

  async #answer(answer: Answer | undefined, attempt: Attempt): Promise<void> {
    try {
      await answer?.(attempt);
    } catch (error) {
      // Of an answer that waits for something nothing is left to be told when the connection ends.
      if (attempt.end === undefined) this.#faults.push(error);
    }
  }

  /** Tells of the last attempts, for messages. */
  describe(): string {
    const all = this.attempts.map(
      ({ number, end, request }) => `${number} ${request?.line ?? "no request"} ${end ?? "open"}`,
    );
    return `attempts: ${all.slice(-20).join(", ") || "none"}`;
  }
}
