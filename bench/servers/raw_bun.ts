/** `Bun.serve` as its users write it; the broadcast is Bun's own publish. */
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
    fetch(request: Request, server: Server): Response | undefined;
    websocket: { open(socket: Socket): void; message(socket: Socket, message: string | Uint8Array): void };
  }): Server;
}

const { Bun } = globalThis as unknown as { Bun: BunSlice };

const server = Bun.serve({
  port: 0,
  hostname: "0.0.0.0",
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/echo" && pathname !== "/broadcast") return new Response("Not found", { status: 404 });
    if (server.upgrade(request, { data: { room: pathname === "/broadcast" } })) return undefined;
    return new Response("Open a WebSocket", { status: 426 });
  },
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
