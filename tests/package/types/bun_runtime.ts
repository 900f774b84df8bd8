/** What the adapter reads of Bun is what Bun's own types say. */
import type { Serve, Server, ServerWebSocket, TLSOptions } from "bun";
import { type Handlers, handlers, type SocketData } from "../../../adapters/bun/mod.ts";
import type { BunServer, BunTls, BunWebSocket } from "../../../adapters/bun/runtime.ts";
import type { Expect } from "./expect.ts";

type Fits<Official, Slice> = Official extends Slice ? true : false;

export type Checks = [
  Expect<Fits<ServerWebSocket<SocketData>, BunWebSocket<SocketData>>>,
  Expect<Fits<Server<SocketData>, BunServer<SocketData>>>,
  // What `Bun.serve` is given; the versions are numbers, which its types do not know.
  Expect<Fits<Omit<BunTls, "minVersion" | "maxVersion">, TLSOptions>>,
];

const own: Handlers = handlers({ fetch: () => new Response() });
// A property and no method, so that it may be taken out: a linter holds a method for unbound. Only of a method the compiler takes this.
type Narrow = (request: Request & { readonly own: true }) => undefined;
export type Property = Expect<Fits<Narrow, Handlers["fetch"]> extends true ? false : true>;
export const server: Server<SocketData> = Bun.serve<SocketData>({ port: 0, ...own });
export type Options = Serve.Options<SocketData>;
