/**
 * The server of the engine `node`, with and without TLS.
 *
 * @module
 */

import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
  type ServerOptions,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import { answer } from "../../src/ask.ts";
import type { Host } from "../../src/host.ts";
import type { HostRules } from "../../src/host_config.ts";
import type { SecureOptions } from "../../src/secure_socket.ts";
import { toServerTls } from "../../src/server_tls.ts";
import { type App, toPlainEnv } from "../../src/slot.ts";
import { answerFaults, toFailure, toServerLimits } from "./faults.ts";
import { isForeign } from "./peers.ts";
import { headerSizeOf, isNode, type NodeHttpServer, onBun } from "./runtime.ts";

// Silent connections, of which some may have left.
const FEW = 64;

/** Makes a server for the ordinary requests to an app; its upgrades are left to a listener. */
export function toServer(app: App, host: Host, secure: SecureOptions | undefined): NodeHttpServer {
  const options: ServerOptions = {
    // Some clients offer to upgrade any request, to h2c; Node before 26 gives an upgrade to us without its body.
    shouldUpgradeCallback: ({ method, headers }) => method === "GET" && /\bwebsocket\b/i.test(headers.upgrade ?? ""),
    ...toServerLimits(host.rules),
  };
  const listener = getRequestListener(
    (request, env) =>
      answer(host, request, headerSizeOf(env.incoming), (bounded) => app.fetch(bounded, toPlainEnv(env, host))),
    { overrideGlobalObjects: isNode, errorHandler: (error) => toFailure(error, host) },
  );
  if (secure !== undefined) return (onBun ? toBunServer : toHttpsServer)(options, listener, host, secure);
  const server = createHttpServer(options, listener);
  answerFaults(server, host);
  endAnswered(server, server);
  endSilent(server, "connection");
  return server;
}

// A server that closes ends what is idle in that moment: not what is idle once its last answer is out.
function endAnswered(http: HttpServer, port: { readonly listening: boolean }): void {
  http.on("request", (_request, response) => {
    response.once("finish", () => port.listening || http.closeIdleConnections());
  });
}

// Nor, before Node 26 and on Deno, whoever has sent nothing: a browser keeps such connections in reserve. On Bun `bytesRead` tells nothing.
function endSilent(http: HttpServer, arrival: "connection" | "secureConnection"): void {
  if (onBun) return;
  const silent = new Set<Socket>();
  let most = FEW;
  const speaks = ({ socket }: { readonly socket: Socket }): void => void silent.delete(socket);
  http.on("request", speaks).on("upgrade", speaks);
  http.on(arrival, (socket: Socket) => {
    silent.add(socket);
    if (silent.size <= most) return;
    // Nearly all of them speak at once, so those that have left are looked for when there are many, and not listened for.
    for (const one of silent) if (one.destroyed) silent.delete(one);
    most = Math.max(FEW, 2 * silent.size);
  });
  const closeIdleConnections = http.closeIdleConnections.bind(http);
  http.closeIdleConnections = () => {
    closeIdleConnections();
    for (const socket of silent) if (socket.bytesRead === 0) socket.destroy();
  };
}

function toHttpsServer(
  options: ServerOptions,
  listener: RequestListener,
  host: Host,
  secure: SecureOptions,
): NodeHttpServer {
  const server = createHttpsServer({ ...options, ...toTlsOptions(secure) }, listener);
  // Before `node:https` hands the fault on: to a peer without TLS nothing can be said.
  server.prependListener("tlsClientError", (_error, socket) => socket.destroy());
  answerFaults(server, host);
  server.prependListener("secureConnection", (socket) => {
    if (isForeign(socket)) socket.destroy();
  });
  endAnswered(server, server);
  endSilent(server, "secureConnection");
  const sockets = keepSockets(server);
  const closeAllConnections = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAllConnections();
    for (const socket of sockets) socket.destroy();
  };
  return server;
}

// Those too whose TLS handshake is not over, of which `closeAllConnections` knows nothing.
function keepSockets(server: TlsServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

// `node:https` of Bun knows neither the certificates of clients nor a time-out of the handshake; its `node:tls` does.
function toBunServer(
  options: ServerOptions,
  listener: RequestListener,
  host: Host,
  secure: SecureOptions,
): NodeHttpServer {
  const http = createHttpServer(options, listener);
  answerFaults(http, host);
  const bound = toBound(http, host.rules);
  const tls = createTlsServer(toTlsOptions(secure), (socket) => {
    if (isForeign(socket)) return void socket.destroy();
    bound(socket);
    http.emit("connection", socket);
  });
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  endAnswered(http, tls);
  const sockets = keepSockets(tls);
  return {
    on: (event, upgrades) => http.on(event, upgrades),
    once: (event, failed) => tls.once(event, failed),
    listen: (port, hostname, listening) => tls.listen(port, hostname, listening),
    address: () => tls.address(),
    close: (closed) => tls.close(closed),
    closeIdleConnections: () => http.closeIdleConnections(),
    closeAllConnections() {
      http.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// A server that does not listen itself does not look at the time of requests on Bun.
function toBound(http: HttpServer, { headersTimeout, timeout }: HostRules): (socket: Socket) => void {
  const timers = new WeakMap<object, ReturnType<typeof setTimeout>>();
  const late = (socket: Socket): void => {
    http.emit("clientError", Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
  };
  const expect = (socket: Socket, ms: number, act: (socket: Socket) => void): void => {
    clearTimeout(timers.get(socket));
    if (ms > 0) timers.set(socket, setTimeout(act, ms, socket));
  };
  http.on("request", ({ socket, headers }, response) => {
    const isWhole = headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
    expect(socket, isWhole ? 0 : timeout, late);
    response.once("finish", () => expect(socket, headersTimeout, () => socket.destroy()));
  });
  http.on("upgrade", ({ socket }) => expect(socket, 0, late));
  return (socket) => {
    expect(socket, headersTimeout, late);
    socket.once("close", () => clearTimeout(timers.get(socket)));
  };
}

function toTlsOptions(secure: SecureOptions): TlsOptions {
  const { minVersion, maxVersion, handshakeTimeout } = secure;
  return { ...toServerTls(secure), minVersion, maxVersion, handshakeTimeout };
}
