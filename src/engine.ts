/**
 * What an adapter offers to a listener.
 *
 * @module
 */

import type { Apart } from "./async_context.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Host } from "./host.ts";
import type { SecureOptions } from "./secure_socket.ts";
import type { App } from "./slot.ts";

/** Where an engine listens. */
export interface ListenOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port; 0 picks a free one. */
  readonly port: number;
  /** The largest `maxFrameSize` of all services, for engines that have one limit per server. */
  readonly maxFrameSize: number;
  /** TLS; without it the port speaks plain HTTP. An engine gets it only if its capabilities have `tls`. */
  readonly secure?: SecureOptions;
}

/** A port that is open. */
export interface Server {
  /** The port that was bound. */
  readonly port: number;
  /** Takes another `maxFrameSize` when a service was attached; for engines that have one limit per server. */
  limit?(maxFrameSize: number): void;
  /** Stops listening and resolves when the last response is out; with `force` what is left is cut. */
  close(force: boolean): Promise<void>;
}

/** A way to serve an app on a port. */
export interface Engine {
  /** What it can do. */
  readonly capabilities: Capabilities;
  /** Keeps what `AsyncLocalStorage` holds; without it, a listener asks `process`, except on Deno. */
  toApart?(): Apart;
  /** Opens a port; rejects with the runtime's own error when it cannot. */
  listen(app: App, options: ListenOptions, host: Host): Promise<Server>;
}
