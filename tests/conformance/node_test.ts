import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, serve } from "@hono/node-server";
import { attach, serve as listen } from "../../entries/node.ts";
import type { Mount } from "./suite/mounted.ts";
import { suite } from "./suite.ts";

// The servers of Deno and Bun, which a test runs beside these, take no Response but their own.
const overrideGlobalObjects = false;

const onHttp: Mount = {
  name: "attach(http.Server)",
  isOwn: true,
  async open(app, config) {
    const server = createServer(getRequestListener((request) => app.fetch(request, {}), { overrideGlobalObjects }));
    attach(server, app, config);
    server.listen(0);
    await listening(server);
    return { port: (server.address() as AddressInfo).port, close: () => close(server) };
  },
};

const onHono: Mount = {
  name: "attach(serve(app))",
  isOwn: true,
  async open(app, config) {
    const server = serve({ fetch: (request) => app.fetch(request, {}), port: 0, overrideGlobalObjects }) as Server;
    attach(server, app, config);
    await listening(server);
    return { port: (server.address() as AddressInfo).port, close: () => close(server) };
  },
};

const onServe: Mount = {
  name: "serve(app)",
  async open(app, config) {
    const listener = await listen(app, { port: 0, ...config });
    return { port: listener.port, close: () => listener.immediateStop() };
  },
};

suite("node", [onHttp, onHono, onServe]);

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) resolve();
    else server.once("listening", resolve);
  });
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}
