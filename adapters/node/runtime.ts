/**
 * The slice of Node and of `ws` that this adapter reads. A type test holds it against their official types.
 *
 * @module
 */

import process from "node:process";
import { WebSocket } from "ws";
import type { Upgrade } from "../../src/slot.ts";
import type { Connection } from "../../src/socket.ts";

/** Node's `net.Socket` under an upgraded connection. */
export interface NodeSocket {
  readonly bytesRead: number;
  readonly destroyed: boolean;
  readonly remoteAddress?: string | undefined;
  readonly writableCorked: number;
  readonly writableEnded: boolean;
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  cork(): void;
  uncork(): void;
  write(data: Uint8Array): boolean;
  end(): void;
  destroy(): void;
  destroySoon?(): void;
  resume(): void;
  on(event: "drain" | "close" | "finish", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Node's `http.Server`, as `createServer` or `serve` of `@hono/node-server` give it. */
export interface NodeServer {
  on(event: "upgrade", listener: UpgradeListener): unknown;
  off(event: "upgrade", listener: UpgradeListener): unknown;
}

/** A socket whose bytes are no request. */
export interface FaultySocket extends NodeSocket {
  readonly writable: boolean;
  readonly writableEnded: boolean;
  /** The response under way; Node's own listener looks at it too. */
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
  end(data?: Uint8Array): void;
}

/** Node's `http.Server`, for what is no request. */
export interface FaultyServer {
  on(event: "clientError", listener: (error: Fault, socket: object) => void): unknown;
}

/** What is wrong with what a client has sent. */
export interface Fault extends Error {
  readonly code?: string;
  readonly rawPacket?: Uint8Array;
}

/** Reads the socket that comes with a fault, which is typed as a stream. */
export function toFaulty(socket: object): FaultySocket {
  return socket as FaultySocket;
}

/** The server that the engine opens. */
export interface NodeHttpServer {
  on(event: "upgrade", listener: UpgradeListener): unknown;
  once(event: "error", listener: (error: Error) => void): unknown;
  listen(port: number, hostname: string, listening: () => void): unknown;
  address(): unknown;
  close(closed: () => void): unknown;
  closeIdleConnections(): void;
  closeAllConnections(): void;
}

/** Node's `tls.PeerCertificate`; without a certificate an empty object. */
export interface NodeCertificate {
  readonly subject?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly issuer?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly subjectaltname?: string | undefined;
  readonly serialNumber?: string;
  readonly fingerprint256?: string;
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly raw?: Uint8Array;
}

/** Node's `tls.TLSSocket`, as far as certificates go. */
export interface NodeTlsSocket {
  readonly authorized: boolean;
  getPeerCertificate(): NodeCertificate | null | undefined;
}

/** Reads a socket as one of TLS, if it is one; those of `node:https` on Bun know nothing of certificates. */
export function toTlsSocket(socket: object): NodeTlsSocket | undefined {
  const isTls = "getPeerCertificate" in socket && typeof socket.getPeerCertificate === "function";
  return isTls ? (socket as NodeTlsSocket) : undefined;
}

interface Reading {
  readonly _parent?: { readonly _handle?: { readStop?(): unknown; readStart?(): unknown } | null } | null;
}

/** Stops or starts the reading of what is under a socket of TLS: on Deno it goes on, without end, when that is paused. */
export function readUnder(socket: object, reads: boolean): void {
  if (process.versions.deno === undefined) return;
  const handle = (socket as Reading)._parent?._handle;
  if (reads) handle?.readStart?.();
  else handle?.readStop?.();
}

/** What listens to the event `upgrade` of an `http.Server`. */
export type UpgradeListener = (request: object, socket: object, head: Uint8Array) => void;

/** A `WebSocket` of `ws`, with the connection that it belongs to. */
export interface WsSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  send(data: string | Uint8Array, options: { compress: boolean }): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  ping(data?: Uint8Array): void;
  pong(data?: Uint8Array): void;
  pause(): void;
  resume(): void;
  on(event: "message", listener: (this: Served, data: NodeBuffer, isBinary: boolean) => void): unknown;
  on(event: "ping" | "pong", listener: (this: Served, data: NodeBuffer) => void): unknown;
  on(event: "close", listener: (this: Served, code: number, reason: NodeBuffer) => void): unknown;
  on(event: "error", listener: (this: Served, error: Error) => void): unknown;
}

/** The class `WebSocket` of `ws`, to extend it; `ws` makes the instances. */
export const WsBase: new (...options: never[]) => WsEmitter = WebSocket as never;

/** A `WebSocket` of `ws` as its subclasses see it. */
export interface WsEmitter {
  readonly readyState: number;
  send(data: string | Uint8Array): unknown;
  close(code?: number, reason?: string): void;
  terminate(): void;
  ping(data?: Uint8Array, ...options: unknown[]): void;
  pong(data?: Uint8Array, ...options: unknown[]): void;
  pause(): void;
  resume(): void;
  emit(event: string | symbol, ...values: unknown[]): boolean;
}

/** Passes a subclass off as the class that `ws` wants, which cannot be named without its types. */
export function toWsClass(subclass: typeof WsBase): never {
  return subclass as never;
}

/** Node's `Buffer`. */
export interface NodeBuffer extends Uint8Array<ArrayBuffer> {
  toString(encoding?: "utf8"): string;
}

/** Reads what an event of `ws` brings. */
export function toBuffer(data: unknown): NodeBuffer {
  return data as NodeBuffer;
}

/** Where a socket keeps the connection that it belongs to, so that one listener serves all sockets. */
export const CONNECTION: unique symbol = Symbol("connection");

/** Reads a socket of `ws`, whose overloads no structural type fits, as what this adapter needs of it. */
export function toWsSocket(socket: unknown): WsSocket & Served {
  return socket as WsSocket & Served;
}

/** An emitter that knows its connection. */
export interface Served {
  [CONNECTION]?: Connection;
}

const DECISION: unique symbol = Symbol("decision");

/** Keeps the decision with a request while `ws` answers it. */
export function decideOn(request: object, upgrade: Upgrade): void {
  (request as { [DECISION]?: Upgrade })[DECISION] = upgrade;
}

/** Reads the decision of a request. */
export function decisionOf(request: object): Upgrade | undefined {
  return (request as { [DECISION]?: Upgrade })[DECISION];
}

/** Counts the bytes of the headers of an `http.IncomingMessage` or of a request of HTTP/2: `name: value` and the end of its line. */
export function headerSizeOf(incoming: object): number {
  const { rawHeaders } = incoming as { readonly rawHeaders: readonly string[] };
  let size = 2 * rawHeaders.length;
  for (const text of rawHeaders) size += text.length;
  return size;
}

/** Passes a handshake off as the response that `@hono/node-server` wants, whose type cannot be named without the types of Node. */
export function toOutgoing(handshake: object): never {
  return handshake as never;
}

/**
 * Whether this is Node, where `@hono/node-server` may put its quicker `Response` in the place of the global one. The servers of Deno and Bun
 * take none but their own, and Deno's ends when it is given another.
 */
export const isNode: boolean = process.versions.deno === undefined && process.versions.bun === undefined;

/** Whether Bun puts its own `ws` in place of the package: it writes frames by itself and tells nothing of drained sockets. */
export const onBun: boolean = process.versions.bun !== undefined;
