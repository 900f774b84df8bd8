/**
 * The slice of Bun that this adapter reads. A type test holds it against bun-types.
 *
 * @module
 */

import process from "node:process";
import type { ServerTls } from "../../src/server_tls.ts";

/** Bun's `ServerWebSocket`. */
export interface BunWebSocket<Data> {
  data: Data;
  readonly remoteAddress: string;
  binaryType?: "nodebuffer" | "arraybuffer" | "uint8array" | "blob";
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>, compress?: boolean): number;
  cork(callback: () => void): unknown;
  close(code?: number, reason?: string): void;
  terminate(): void;
  ping(data?: Uint8Array<ArrayBuffer>): number;
  pong(data?: Uint8Array<ArrayBuffer>): number;
  pause(): void;
  resume(): void;
  getBufferedAmount(): number;
}

/** Bun's `Server`. */
export interface BunServer<Data> {
  readonly port: number | undefined;
  upgrade(request: Request, options: { data: Data; headers?: Headers }): boolean;
  requestIP(request: Request): { readonly address: string } | null;
  stop(force?: boolean): Promise<void>;
  reload(options: Pick<BunServeOptions<Data>, "development" | "error" | "fetch" | "websocket">): unknown;
}

/** The handlers of `Bun.serve({ websocket })`. */
export interface BunWebSocketHandler<Data> {
  open(socket: BunWebSocket<Data>): void;
  message(socket: BunWebSocket<Data>, message: string | Uint8Array<ArrayBuffer>): void;
  ping(socket: BunWebSocket<Data>, data: Uint8Array): void;
  pong(socket: BunWebSocket<Data>, data: Uint8Array): void;
  drain(socket: BunWebSocket<Data>): void;
  close(socket: BunWebSocket<Data>, code: number, reason: string): void;
  readonly idleTimeout: number;
  readonly sendPings: boolean;
  readonly perMessageDeflate: boolean;
  readonly maxPayloadLength: number;
  readonly backpressureLimit: number;
  readonly closeOnBackpressureLimit: boolean;
}

/** The options of `Bun.serve({ tls })`. */
export interface BunTls extends ServerTls {
  /** The number that the version has in a TLS record. */
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** The options of `Bun.serve`. */
export interface BunServeOptions<Data> {
  readonly port: number;
  readonly hostname: string;
  readonly tls?: BunTls;
  readonly reusePort: boolean;
  readonly idleTimeout: number;
  readonly maxRequestBodySize: number;
  readonly development: boolean;
  error(error: unknown): Response;
  fetch(request: Request, server: BunServer<Data>): Response | undefined | Promise<Response | undefined>;
  readonly websocket: BunWebSocketHandler<Data>;
}

/** The global `Bun`. */
export interface BunGlobal {
  serve<Data>(options: BunServeOptions<Data>): BunServer<Data>;
}

/** Finds the runtime; `undefined` anywhere else. */
export function bunGlobal(): BunGlobal | undefined {
  return (globalThis as { Bun?: BunGlobal }).Bun;
}

/** Reads the version of the runtime. */
export function bunVersion(): string | undefined {
  return process.versions.bun;
}

/** Passes on what belongs to the handlers of others, whose types nobody knows. */
export function toOther(value: unknown): never {
  return value as never;
}
