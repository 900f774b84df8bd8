/**
 * Answers the event `upgrade` of an `http.Server`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { WebSocket, WebSocketServer } from "ws";
import { ask, dress } from "../../src/ask.ts";
import { LONGEST } from "../../src/clock.ts";
import { toDeflatedLimit } from "../../src/compression.ts";
import { toFragmentLimit } from "../../src/fragments.ts";
import type { Host } from "../../src/host.ts";
import { refuse } from "../../src/refusal.ts";
import type { ServiceRules } from "../../src/service_config.ts";
import { type App, Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { joinCookies } from "./cookies.ts";
import { pickOffer } from "./deflate_offer.ts";
import { DeflatingSocket } from "./deflating_socket.ts";
import { malformed } from "./faults.ts";
import { JoinedSocket } from "./joined_socket.ts";
import { JoinedWriter } from "./joined_writer.ts";
import { conclude, inTurn, isAnswered, leave } from "./neighbours.ts";
import { toPeer } from "./peers.ts";
import { afterResponses } from "./pipeline.ts";
import {
  decideOn,
  decisionOf,
  headerSizeOf,
  isNode,
  type NodeSocket,
  onBun,
  toOutgoing,
  toWsClass,
  toWsSocket,
  type UpgradeListener,
} from "./runtime.ts";
import { openConnection } from "./sockets.ts";

/**
 * Makes the listener: `@hono/node-server` turns the request into a `Request` and writes a refusal, `ws` writes the 101.
 *
 * @param strays Holds the sockets that are neither the server's any more nor yet the core's: those that wait for a decision, or for the end of
 *   their refusal
 */
export function toUpgradeListener(app: App, host: Host, strays: Set<NodeSocket> = new Set()): UpgradeListener {
  const plain = new WeakMap<ServiceRules, WebSocketServer>();
  const deflating = new WeakMap<ServiceRules, WebSocketServer>();
  const writer = new JoinedWriter();

  const settle = (answer: Response | Upgrade, slot: UpgradeSlot, handshake: Handshake): Response => {
    if (!(answer instanceof Upgrade)) {
      if (isForOthers(answer, slot)) leaveTo(answer, handshake);
      else turnAway(answer, handshake);
    }
    // RFC 6455, section 4.2.1; a `Request` does not tell, so the core cannot.
    else if (handshake.incoming.httpVersion === "1.0") {
      answer.abandon();
      turnAway(dress(host, refuse(400, "Open a WebSocket with HTTP/1.1")), handshake);
    } else accept(answer, handshake);
    return nothing;
  };

  const leaveTo = (answer: Response, handshake: Handshake): void => {
    const { socket } = handshake;
    handshake.decide();
    if (!socket.listeners("error").includes(ignore)) socket.on("error", ignore);
    const late = (): void => turnAway(refuse(404, "Nobody serves WebSockets here"), handshake);
    if (!leave(socket, host.clock, late)) return turnAway(answer, handshake);
    discard(answer);
  };

  const turnAway = (response: Response, handshake: Handshake): void => {
    const { socket } = handshake;
    if (socket.destroyed) {
      handshake.decide();
      return discard(response);
    }
    strays.add(socket);
    socket.on("close", () => strays.delete(socket));
    handshake.refuse(response);
  };

  const accept = (upgrade: Upgrade, handshake: Handshake): void => {
    const { incoming, socket, head } = handshake;
    if (isAnswered(socket)) {
      handshake.decide();
      return upgrade.abandon();
    }
    conclude(socket);
    const header = incoming.headers["sec-websocket-extensions"];
    const offer = host.capabilities.compression ? pickOffer(header) : undefined;
    const servers = offer === undefined ? plain : deflating;
    let server = servers.get(upgrade.rules);
    if (server === undefined) {
      server = toWebSocketServer(upgrade.rules, offer !== undefined);
      servers.set(upgrade.rules, server);
    }
    handshake.decide();
    decideOn(incoming, upgrade);
    let isOpen = false;
    if (offer !== undefined) incoming.headers["sec-websocket-extensions"] = offer.extension;
    server.handleUpgrade(incoming, socket, head, (ws) => {
      isOpen = true;
      const joined: unknown = ws;
      if (joined instanceof DeflatingSocket && offer !== undefined) joined.windowBits = offer.windowBits;
      if (joined instanceof JoinedSocket) joined.serve(upgrade, socket, writer);
      else openConnection(upgrade, toWsSocket(ws), socket, offer !== undefined);
    });
    if (offer !== undefined) incoming.headers["sec-websocket-extensions"] = header;
    if (!isOpen) upgrade.abandon();
  };

  const fetch = (request: Request, { outgoing }: { outgoing: unknown }): Response | Promise<Response> => {
    if (!(outgoing instanceof Handshake)) return refuse(500, "Internal server error");
    const { incoming, socket } = outgoing;
    const slot = new UpgradeSlot(host, toPeer(socket), isSecure(socket));
    slot.headerSize = headerSizeOf(incoming);
    const answer = ask(app, request, slot, { incoming });
    if (!(answer instanceof Promise)) return settle(answer, slot, outgoing);
    strays.add(socket);
    return answer.then((late) => {
      strays.delete(socket);
      return settle(late, slot, outgoing);
    });
  };
  // The rest of a body is left to the response of a refusal.
  const answer = getRequestListener(fetch, { autoCleanupIncoming: false, overrideGlobalObjects: isNode });
  // What `@hono/node-server` is told to write in the place of an answer that is on its way by other means.
  const nothing = new Response(null);

  return function (this: unknown, incoming, stream, rest) {
    if (!(incoming instanceof IncomingMessage)) {
      throw new TypeError("An upgrader listens to the event upgrade of an http.Server");
    }
    const emitter = this instanceof EventEmitter ? this : undefined;
    const head = Buffer.isBuffer(rest) ? rest : Buffer.from(rest);
    const { socket } = incoming;
    const look = (): void => {
      joinCookies(incoming);
      void answer(incoming, toOutgoing(new Handshake(incoming, head, host)));
    };
    afterResponses(socket, strays, () => inTurn(socket, stream, emitter, look));
  };
}

// No service of ours was asked, and no middleware has refused: another listener of the server may know the path.
function isForOthers({ status }: Response, slot: UpgradeSlot): boolean {
  return !slot.isReached && (status === 404 || status < 400);
}

// On Bun a plain socket has the property too.
function isSecure(socket: Socket): boolean {
  return "encrypted" in socket && socket.encrypted === true;
}

// What is offered has been judged; `ws` compresses what it is told to.
const PER_MESSAGE_DEFLATE = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 0,
  // Of one process, and for inflating and deflating together.
  concurrencyLimit: 10,
};

// `ws` has one limit per server, so there is a server for each service; none of them listens.
function toWebSocketServer(rules: ServiceRules, deflates: boolean): WebSocketServer {
  // Apart from the rest, since the types of `ws` do not know them all.
  const limits = {
    maxPayload: deflates ? toDeflatedLimit(rules.maxFrameSize) : rules.maxFrameSize,
    maxFragments: toFragmentLimit(rules.maxFrameSize),
    // A peer whose answers pile up is the core's to close; `ws` would drop one that sends many pings at once, without a word.
    maxPendingAutoPongs: 0,
    // The core waits for the close frame; Bun's own `ws` tells nothing of what comes after it.
    closeTimeout: onBun && rules.closureTimeout !== -1 ? rules.closureTimeout : LONGEST,
  };
  const server = new WebSocketServer({
    WebSocket: onBun ? WebSocket : toWsClass(deflates ? DeflatingSocket : JoinedSocket),
    noServer: true,
    clientTracking: false,
    perMessageDeflate: deflates && PER_MESSAGE_DEFLATE,
    ...limits,
    handleProtocols: (_offered, request) => decisionOf(request)?.protocol || false,
  });
  server.on("headers", (lines, request) => {
    for (const [name, value] of decisionOf(request)?.headers ?? []) lines.push(`${name}: ${value}`);
  });
  return server;
}

/**
 * Stands for the response until there is a decision: most handshakes are accepted, and need none.
 *
 * It has the few members of `ServerResponse` that are used of one without a body.
 */
class Handshake {
  /** The request. */
  readonly incoming: IncomingMessage;
  /** The connection. From Node 26 on the stream of a request with a body is not its socket. */
  readonly socket: Socket;
  /** What came right behind the request. */
  readonly head: Buffer;
  readonly #host: Host;
  #isDecided = false;
  #left: (() => void) | undefined;

  /** Begins a handshake. */
  constructor(incoming: IncomingMessage, head: Buffer, host: Host) {
    this.incoming = incoming;
    this.socket = incoming.socket;
    this.head = head;
    this.#host = host;
  }

  /** Notes that the decision takes time: a peer that leaves meanwhile aborts the request. */
  on(_event: "close", left: () => void): this {
    if (this.#isDecided) return this;
    this.#left = left;
    // Half an end is a whole one: a client that sends it before the 101 could not even close.
    this.socket.on("error", ignore).on("close", left).on("end", hangUp);
    return this;
  }

  /** Notes the decision, after which `ws` or a response of its own has the socket. */
  decide(): void {
    this.#isDecided = true;
    if (this.#left === undefined) return;
    this.socket.off("end", hangUp).off("close", this.#left);
    // Of a socket that has failed the error may yet be told, and with nobody to hear it would end the process.
    if (!this.socket.destroyed) this.socket.off("error", ignore);
    this.#left = undefined;
  }

  /** Refuses, the request being malformed. */
  writeHead(_statusCode: number): this {
    if (!this.#isDecided) this.refuse(dress(this.#host, malformed()));
    return this;
  }

  /** Does nothing: `writeHead` has done all. */
  end(): void {}

  /** Answers with a response and lets go of the socket, unless another listener has answered meanwhile. */
  refuse(response: Response): void {
    this.decide();
    const { incoming, socket } = this;
    socket.on("error", ignore);
    const isTheirs = isAnswered(socket);
    conclude(socket);
    if (isTheirs) return discard(response);
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.on("finish", () => letGo(socket));
    // What the server did for its sockets until the upgrade: a response that was held up goes on.
    socket.on("drain", () => outgoing.emit("drain"));
    outgoing.assignSocket(socket);
    const answer = (): Response => toLast(response);
    // It is called for a request of which no `Request` can be made.
    void getRequestListener(answer, { overrideGlobalObjects: isNode, errorHandler: answer })(incoming, outgoing);
  }
}

// The connection ends behind it, which Node says by itself where nothing else is said of the connection (RFC 9112, section 9.6).
function toLast(response: Response): Response {
  if (response.headers.get("connection")?.toLowerCase() !== "upgrade") return response;
  try {
    response.headers.append("connection", "close");
  } catch {
    // Those of a response that was fetched cannot be changed.
  }
  return response;
}

// The sockets of Bun before 1.4 have no `destroySoon`, and a fault here would end the process.
function letGo(socket: NodeSocket): void {
  if (socket.destroySoon === undefined) socket.end();
  else socket.destroySoon();
}

function hangUp(this: Socket): void {
  if (!isAnswered(this)) this.destroy();
}

// A page would keep its file open.
function discard(response: Response): void {
  response.body?.cancel().catch(ignore);
}

// A peer that leaves during the handshake; `close` follows. A function of its own, for it lives as long as the socket.
function ignore(): void {}
