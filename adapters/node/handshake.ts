/**
 * One opening handshake on Node, in the place where `@hono/node-server` expects a response.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";

/**
 * Stands for the response until there is a decision: most handshakes are accepted, and need none.
 *
 * It has the few members of `ServerResponse` that are used of one without a body.
 */
export class Handshake {
  /** The request. */
  readonly incoming: IncomingMessage;
  /** The connection. From Node 26 on the stream of a request with a body is not its socket. */
  readonly socket: Socket;
  /** What came right behind the request. */
  readonly head: Buffer;
  #isDecided = false;
  #left: (() => void) | undefined;

  /** Begins a handshake. */
  constructor(incoming: IncomingMessage, head: Buffer) {
    this.incoming = incoming;
    this.socket = incoming.socket;
    this.head = head;
  }

  /** Notes that the decision takes time: a peer that leaves meanwhile aborts the request. */
  on(_event: "close", left: () => void): this {
    if (this.#isDecided) return this;
    this.#left = left;
    this.socket.on("error", ignore).on("close", left);
    return this;
  }

  /** Notes the decision, after which `ws` or a response of its own has the socket. */
  decide(): void {
    this.#isDecided = true;
    if (this.#left === undefined) return;
    this.socket.off("close", this.#left).off("error", ignore);
    this.#left = undefined;
  }

  /** Refuses, the request being malformed. */
  writeHead(statusCode: number): this {
    if (!this.#isDecided) this.refuse(new Response(null, { status: statusCode }));
    return this;
  }

  /** Does nothing: `writeHead` has done all. */
  end(): void {}

  /** Answers with a response and lets go of the socket. */
  refuse(response: Response): void {
    this.decide();
    const { incoming, socket } = this;
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.on("finish", () => socket.destroySoon());
    socket.on("error", ignore);
    outgoing.assignSocket(socket);
    void getRequestListener(() => response)(incoming, outgoing);
  }
}

// A peer that leaves during the handshake; `close` follows. A function of its own, for it lives as long as the socket.
function ignore(): void {}
