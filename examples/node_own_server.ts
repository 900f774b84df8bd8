/**
 * Services on an `http.Server` of your own, which goes on answering its ordinary requests.
 *
 *     node examples/node_own_server.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/node"`.
 */
import { createServer } from "node:http";
import process from "node:process";
import { Hono } from "hono";
import { attach } from "../entries/node.ts";
import { upgrade } from "../mod.ts";

const server = createServer((_request, response) => {
  response.end("An ordinary answer\n");
});

const app = new Hono();
app.get(
  "/hello/:name",
  upgrade<"/hello/:name">(({ params }) => ({ onOpen: () => `Hello ${params.name}` })),
);

// Upgrades go to the app, all else to the server's own handler.
attach(server, app);

server.listen(Number(process.env.PORT ?? 9090), () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : address;
  console.log(`http://localhost:${port} and ws://localhost:${port}/hello/YOUR_NAME`);
});
