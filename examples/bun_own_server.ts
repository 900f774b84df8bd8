/**
 * Services in a `Bun.serve` of your own.
 *
 *     bun examples/bun_own_server.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/bun"`.
 */
import { Hono } from "hono";
import { handlers } from "../entries/bun.ts";
import { upgrade } from "../mod.ts";

const app = new Hono();
app.get("/", (context) => context.text("An ordinary answer\n"));
app.get(
  "/hello/:name",
  upgrade<"/hello/:name">(({ params }) => ({ onOpen: () => `Hello ${params.name}` })),
);

const server = Bun.serve({
  port: Number(Bun.env.PORT ?? 9090),
  routes: { "/health": new Response("ok\n") }, // Bun's own options stay yours
  ...handlers(app),
});
console.log(`http://localhost:${server.port} and ws://localhost:${server.port}/hello/YOUR_NAME`);
