/**
 * Tic-tac-toe with a web page, over plain frames. Open it in two windows to play, in a third to look on.
 *
 *     node examples/tic_tac_toe/main.ts
 *     deno run -A examples/tic_tac_toe/main.ts
 *     bun examples/tic_tac_toe/main.ts
 *
 * In a project of yours the imports read `from "@switchboard/websocket"` and `from "@switchboard/websocket/contract"`.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Hono } from "hono";
import { Listener } from "../../mod.ts";
import { ticTacToe } from "./contract.ts";
import { Table } from "./table.ts";

const tables = new Map<string, Table>();

const app = new Hono();
const page = await readFile(new URL("index.html", import.meta.url), "utf8");
app.get("/", (context) => context.html(page));

const listener = new Listener(app, { port: Number(process.env.PORT ?? 9090) });
listener.attach(
  "/tables/:name",
  ({ params }) => {
    let table = new Table();
    return ticTacToe.service({
      onOpen(caller) {
        table = tables.get(params.name) ?? table;
        tables.set(params.name, table);
        table.join(caller);
      },
      // Each is answered with "complete", or with "error" and the code of a RequestError; what has changed comes to everybody as a push.
      onMove: (caller, { cell }) => table.move(caller, cell),
      onSit: (caller) => table.sit(caller),
      onRematch: (caller) => table.rematch(caller),
      onClose(caller) {
        table.leave(caller);
        if (table.isEmpty) tables.delete(params.name);
      },
    });
  },
  { maxFrameSize: 1024 },
);
await listener.start();
console.log(`Open http://localhost:${listener.port} in two windows`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void listener.gracefulStop({ deadline: 2 }));
