/**
 * Gives pages the client. Nothing is built in this repository, so its source is served, without its types, which each runtime can take out.
 *
 * A project of yours needs no such thing: a bundler does it; or an import map that leads to a route for the files of
 * `node_modules/@switchboard/websocket/dist`, which are plain modules that browsers load as they are.
 */
import { readFile } from "node:fs/promises";
import module from "node:module";
import { Hono } from "hono";

interface Transpiler {
  transformSync(code: string): string;
}
declare const Bun: { Transpiler: new (options: { loader: "ts" }) => Transpiler } | undefined;

const toJavaScript: (code: string) => string =
  typeof Bun === "undefined"
    ? (code) => module.stripTypeScriptTypes(code)
    : (code) => new Bun.Transpiler({ loader: "ts" }).transformSync(code);

/** A route for the modules that `entries/client.ts` consists of in a browser, and for no other file. */
export const clientSource: Hono = new Hono();
clientSource.get("/:path{(?:entries/client|client|transports|src/(?:client/)?[a-z0-9_]+)\\.ts}", async (context) => {
  const file = new URL(`../../${context.req.param("path")}`, import.meta.url);
  const code = await readFile(file, "utf8").catch(() => undefined);
  if (code === undefined) return context.notFound();
  return context.body(toJavaScript(code), 200, { "content-type": "text/javascript" });
});
