/**
 * Services in a `Deno.serve` of your own.
 *
 *     deno run -A examples/deno_own_server.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/deno"`.
 */
import { Hono } from "hono";
import { handler } from "../entries/deno.ts";
import { upgrade } from "../mod.ts";

const app = new Hono();
app.get("/", (context) => context.text("An ordinary answer\n"));
app.get(
  "/hello/:name",
  upgrade<"/hello/:name">(({ params }) => ({ onOpen: () => `Hello ${params.name}` })),
);

Deno.serve(
  {
    port: Number(Deno.env.get("PORT") ?? 9090),
    onListen: ({ port }) => console.log(`http://localhost:${port} and ws://localhost:${port}/hello/YOUR_NAME`),
  },
  handler(app),
);
