/**
 * `Bun.serve` as its users write it; the broadcast is Bun's own publish. With the argument `checked` its handshakes come through a route of Hono, and
 * each header that RFC 6455 and RFC 6454 ask a server to look at is read: what any service on Hono costs at least.
 */
import process from "node:process";
import { Hono } from "hono";
import { ready } from "./control.ts";

interface Socket {
  readonly data: { room: boolean };
  send(data: string | Uint8Array): number;
  subscribe(topic: string): void;
}

interface Server {
  readonly port: number;
  upgrade(request: Request, options: { data: { room: boolean } }): boolean;
  publish(topic: string, data: string | Uint8Array): number;
}

interface BunSlice {
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request, server: Server): Response | undefined | Promise<Response>;
    websocket: { open(socket: Socket): void; message(socket: Socket, message: string | Uint8Array): void };
  }): Server;
}

const { Bun } = globalThis as unknown as { Bun: BunSlice };

function answer(request: Request, server: Server): Response | undefined {
  const { pathname } = new URL(request.url);
  if (pathname !== "/echo" && pathname !== "/broadcast") return new Response("Not found", { status: 404 });
  return upgrade(request, server, pathname === "/broadcast");
}

function upgrade(request: Request, server: Server, room: boolean): Response | undefined {
  if (server.upgrade(request, { data: { room } })) return undefined;
  return new Response("Open a WebSocket", { status: 426 });
}

interface Env {
  readonly server: Server;
  isUpgraded: boolean;
}

const upgraded = new Response(null);
const needed = ["upgrade", "connection", "sec-websocket-version", "sec-websocket-key", "host"];
const looked = ["origin", "content-length", "transfer-encoding", "sec-websocket-protocol", "sec-websocket-extensions"];
const app = new Hono<{ Bindings: Env }>();
for (const path of ["/echo", "/broadcast"]) {
  app.get(path, ({ env, req: { raw } }) => {
    const { headers } = raw;
    if (!needed.every((name) => headers.get(name) !== null)) return new Response("Open a WebSocket", { status: 426 });
    if (looked.some((name) => headers.get(name) !== null)) return new Response("Forbidden", { status: 403 });
    const refusal = upgrade(raw, env.server, path === "/broadcast");
    env.isUpgraded = refusal === undefined;
    return refusal ?? upgraded;
  });
}

function answerChecked(request: Request, server: Server): Response | undefined | Promise<Response> {
  const env: Env = { server, isUpgraded: false };
  const response = app.fetch(request, env);
  return env.isUpgraded ? undefined : response;
}

const server = Bun.serve({
  port: 0,
  hostname: "0.0.0.0",
  fetch: process.argv[2] === "checked" ? answerChecked : answer,
  websocket: {
    open(socket) {
      if (socket.data.room) socket.subscribe("room");
    },
    message(socket, message) {
      if (socket.data.room) server.publish("room", message);
      else socket.send(message);
    },
  },
});

ready(server.port);
