import { handlers, serve } from "../../entries/bun.ts";
import type { Mount } from "./suite/mounted.ts";
import { suite } from "./suite.ts";

const onBun: Mount = {
  name: "Bun.serve(handlers(app))",
  isOwn: true,
  open(app, config) {
    const server = Bun.serve({ port: 0, ...handlers(app, config) });
    return Promise.resolve({ port: server.port ?? 0, close: () => server.stop(true) });
  },
};

const onServe: Mount = {
  name: "serve(app)",
  async open(app, config) {
    const listener = await serve(app, { port: 0, ...config });
    return { port: listener.port, close: () => listener.immediateStop() };
  },
};

suite("bun", [onBun, onServe]);
