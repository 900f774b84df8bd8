/** What the adapter reads of Deno is what Deno's own types say. */

import { handler } from "../../../adapters/deno/mod.ts";
import type { DenoGlobal } from "../../../adapters/deno/runtime.ts";

export const runtime: DenoGlobal = Deno;
export const server: Deno.HttpServer = Deno.serve(handler({ fetch: () => new Response() }));
