/** Ways to serve a Hono app that has upgrade services. */
import assert from "node:assert/strict";
import { type App, Listener, type OwnServerOptions } from "../../../mod.ts";
import { connect, HandshakeRefused, type HttpResponse, type RawClient } from "../../kit/raw_client.ts";
import { Log, type Subject } from "./subject.ts";

/** A way to serve an app. */
export interface Mount {
  readonly name: string;
  /** Whether the server is one's own. */
  readonly isOwn?: boolean;
  open(app: App, config: OwnServerOptions): Promise<{ readonly port: number; close(): unknown }>;
}

/** An app that is served. */
export interface Mounted {
  readonly port: number;
  readonly log: Log;
  /** Opens a WebSocket. */
  connect(path?: string): Promise<RawClient>;
  /** Asks for a WebSocket and gives the response that refuses it. */
  refusal(path?: string): Promise<HttpResponse>;
}

/** Serves an app, and checks that the log holds nothing but `logs`. */
export type Serve = (
  app: App,
  use: (mounted: Mounted) => Promise<void>,
  logs?: RegExp,
  config?: OwnServerOptions,
) => Promise<void>;

/** Every way to serve an app with an engine: the listener's, and those of one's own server. */
export function mountsOf(subject: Subject, mounts: readonly Mount[]): readonly [name: string, Serve][] {
  const own: Mount = {
    name: "new Listener(app)",
    async open(app, config) {
      const listener = new Listener(app, { port: 0, engine: subject.engine, ...config });
      await listener.start();
      return { port: listener.port, close: () => listener.immediateStop() };
    },
  };
  return [own, ...mounts].map((mount) => [mount.name, toServe(subject, mount)]);
}

function toServe(subject: Subject, mount: Mount): Serve {
  return async (app, use, logs, config = {}) => {
    const log = new Log(subject.patience);
    const { port, close } = await mount.open(app, { logger: log, ...config });
    const clients: RawClient[] = [];
    try {
      await use({
        port,
        log,
        async connect(path = "/") {
          const client = await connect(port, { path, patience: subject.patience });
          clients.push(client);
          return client;
        },
        async refusal(path = "/") {
          try {
            clients.push(await connect(port, { path }));
          } catch (error) {
            if (error instanceof HandshakeRefused) return error.response;
            throw error;
          }
          throw new Error("The upgrade was not refused");
        },
      });
      const unexpected = log.entries.filter((line) => /^(warn|error)/.test(line) && !logs?.test(line));
      assert.deepEqual(unexpected, []);
    } finally {
      for (const client of clients) client.destroy();
      await subject.within("the end of the server", Promise.resolve(close()), 5000);
    }
  };
}
