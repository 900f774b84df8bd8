/** A server of Bun that says what the module of its argument was when each of its connections was opened; `bun --hot` loads all again when that changes. */
import process from "node:process";
import { Hono } from "hono";
import { bunGlobal } from "../../../adapters/bun/runtime.ts";
import { handlers } from "../../../entries/bun.ts";
import { upgrade } from "../../../mod.ts";
import { say } from "../../kit/child.ts";

const { load }: { load: number } = await import(process.argv[2] ?? "");

const app = new Hono();
app.get(
  "/",
  upgrade(() => ({
    onTextMessage: (_caller, text) => `${text} ${load}`,
    onClose: (_caller, statusCode) => say({ load, statusCode }),
  })),
);
// By its id it is the same server after a reload.
const options = { id: "hot", port: 0, hostname: "127.0.0.1", ...handlers(app) };
say({ load, port: bunGlobal()?.serve(options as never).port });
