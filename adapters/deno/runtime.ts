/**
 * The slice of Deno that this adapter reads. A type test holds it against Deno's own types.
 *
 * @module
 */

/** What `Deno.serve` tells of a request. */
export interface DenoServeInfo {
  readonly remoteAddr: unknown;
}

/** Deno's `HttpServer`. */
export interface DenoServer {
  readonly addr: unknown;
  readonly finished: Promise<void>;
  shutdown(): Promise<void>;
}

/** The global `Deno`. */
export interface DenoGlobal {
  readonly version: { readonly deno: string };
  serve(
    options: {
      port: number;
      hostname: string;
      cert?: string;
      key?: string;
      signal: AbortSignal;
      onListen: () => void;
      onError: (error: unknown) => Response;
    },
    handler: (request: Request, info: DenoServeInfo) => Response | Promise<Response>,
  ): DenoServer;
  upgradeWebSocket(request: Request, options: { idleTimeout: number }): { socket: WebSocket; response: Response };
}

/** Finds the runtime; `undefined` anywhere else. */
export function denoGlobal(): DenoGlobal | undefined {
  return (globalThis as { Deno?: DenoGlobal }).Deno;
}

/** Reads the host of a network address. */
export function hostnameOf(address: unknown): string | undefined {
  if (typeof address !== "object" || address === null || !("hostname" in address)) return undefined;
  return typeof address.hostname === "string" ? address.hostname : undefined;
}

/** Reads the port of a network address. */
export function portOf(address: unknown): number | undefined {
  if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
  return typeof address.port === "number" ? address.port : undefined;
}
