/** `Deno.serve` and `Deno.upgradeWebSocket`, as their users write it. */
import { ready } from "./control.ts";

interface DenoSlice {
  serve(
    options: { port: number; hostname: string; onListen: (address: { port: number }) => void },
    handler: (request: Request) => Response,
  ): void;
  upgradeWebSocket(request: Request): { socket: WebSocket; response: Response };
}

const { Deno } = globalThis as unknown as { Deno: DenoSlice };
const clients = new Set<WebSocket>();

Deno.serve({ port: 0, hostname: "0.0.0.0", onListen: ({ port }) => ready(port) }, (request) => {
  const { pathname } = new URL(request.url);
  if (pathname !== "/echo" && pathname !== "/broadcast") return new Response("Not found", { status: 404 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  if (pathname === "/echo") {
    socket.onmessage = (event) => socket.send(event.data);
    return response;
  }
  socket.onopen = () => clients.add(socket);
  socket.onclose = () => clients.delete(socket);
  socket.onmessage = (event) => {
    for (const client of clients) if (client.readyState === 1) client.send(event.data);
  };
  return response;
});
