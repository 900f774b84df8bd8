/** `node:http` and `ws`, as users of both write it. Runs on Node, and on Deno for comparison with the engine `node` there. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { ready } from "./control.ts";

const server = createServer((_request, response) => response.writeHead(426).end());
const echo = new WebSocketServer({ noServer: true });
const broadcast = new WebSocketServer({ noServer: true });

echo.on("connection", (socket) => {
  socket.on("error", console.error);
  socket.on("message", (data, binary) => socket.send(data as Uint8Array, { binary }));
});

broadcast.on("connection", (socket) => {
  socket.on("error", console.error);
  socket.on("message", (data, binary) => {
    for (const client of broadcast.clients) {
      if (client.readyState === 1) client.send(data as Uint8Array, { binary });
    }
  });
});

server.on("upgrade", (request, socket, head) => {
  const service = request.url === "/echo" ? echo : request.url === "/broadcast" ? broadcast : undefined;
  if (service === undefined) return socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
  service.handleUpgrade(request, socket, head, (ws) => service.emit("connection", ws, request));
});

server.listen(0, "0.0.0.0", () => ready((server.address() as AddressInfo).port));
