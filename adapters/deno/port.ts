/**
 * A port that `Deno.serve` listens on.
 *
 * @module
 */

import { answerFault } from "../../src/ask.ts";
import type { ListenOptions, Server } from "../../src/engine.ts";
import type { Host } from "../../src/host.ts";
import { type DenoGlobal, type DenoServeInfo, type DenoServer, portOf } from "./runtime.ts";

// Milliseconds.
const SETTLES_WITHIN = 100;
const OPENS_AGAIN_AFTER = 500;

type Answer = (request: Request, info: DenoServeInfo) => Response | Promise<Response>;

/** Keeps a port open until it is closed. */
export class DenoPort implements Server {
  /** The port that was bound. */
  readonly port: number;
  readonly #runtime: DenoGlobal;
  readonly #options: ListenOptions;
  readonly #answer: Answer;
  readonly #host: Host;
  #server: DenoServer;
  #abort: AbortController = new AbortController();
  #isServing = false;
  #closed: Promise<void> | undefined;

  /** Opens the port; throws Deno's own error when it cannot. */
  constructor(runtime: DenoGlobal, options: ListenOptions, answer: Answer, host: Host) {
    this.#runtime = runtime;
    this.#options = options;
    this.#answer = answer;
    this.#host = host;
    this.#server = this.#serve(options.port);
    this.port = portOf(this.#server.addr) ?? options.port;
  }

  /** Stops listening; with `force` what is left is cut. */
  close(force: boolean): Promise<void> {
    // Deno throws when a server that is going down, or has gone, is aborted.
    if (force && this.#closed === undefined && this.#isServing) this.#abort.abort();
    this.#closed ??= this.#server.shutdown();
    return force ? settleWithin(SETTLES_WITHIN, this.#closed) : this.#closed;
  }

  #serve(port: number): DenoServer {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const { hostname, secure } = this.#options;
    const tls = secure === undefined ? {} : { cert: secure.cert, key: secure.key };
    const onError = (error: unknown): Response => answerFault(this.#host, error);
    const options = { port, hostname, ...tls, signal, onListen: () => {}, onError };
    const server = this.#runtime.serve(options, this.#answer);
    this.#isServing = true;
    // A response that it cannot send ends Deno's loop too, as if all were well.
    server.finished.then(
      () => this.#serveAgain(0),
      (error: unknown) => this.#serveAgain(OPENS_AGAIN_AFTER, error),
    );
    return server;
  }

  // Deno gives up listening when it cannot accept, for example when the file descriptors have run out; a peer can bring that about.
  #serveAgain(ms: number, ...cause: unknown[]): void {
    this.#isServing = false;
    if (this.#closed !== undefined) return;
    this.#host.logger.error("Deno has stopped listening; the port is opened again", ...cause);
    setTimeout(() => {
      if (this.#closed !== undefined) return;
      try {
        this.#server = this.#serve(this.port);
      } catch (error) {
        this.#serveAgain(OPENS_AGAIN_AFTER, error);
      }
    }, ms);
  }
}

// Deno waits for ever for an upgrade whose peer left before the 101; the port is free by then.
function settleWithin(ms: number, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void promise.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
