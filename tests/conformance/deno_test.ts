import { handler, serve } from "../../entries/deno.ts";
import type { Mount } from "./suite/mounted.ts";
import { suite } from "./suite.ts";

const onDeno: Mount = {
  name: "Deno.serve(handler(app))",
  isOwn: true,
  open(app, config) {
    const server = Deno.serve({ port: 0, onListen: () => {} }, handler(app, config));
    return Promise.resolve({ port: server.addr.port, close: () => server.shutdown() });
  },
};

const onServe: Mount = {
  name: "serve(app)",
  async open(app, config) {
    const listener = await serve(app, { port: 0, ...config });
    return { port: listener.port, close: () => listener.immediateStop() };
  },
};

suite("deno", [onDeno, onServe]);
