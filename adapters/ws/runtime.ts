/**
 * The slice of Node and of `ws` that this adapter reads. A type test holds it against their official types.
 *
 * @module
 */

import type { ClientRequest } from "node:http";
import process from "node:process";
import { WebSocket } from "ws";

/** Node's `Buffer`. */
export interface NodeBuffer extends Uint8Array<ArrayBuffer> {
  toString(encoding?: "utf8"): string;
}

/** Node's `net.Socket` under a connection. */
export interface NodeSocket {
  readonly bytesRead: number;
  readonly writableCorked: number;
  readonly writableLength: number;
  cork(): void;
  uncork(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Node's `http.IncomingMessage`, as the response of a server. */
export interface NodeResponse {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Absent on Bun. */
  readonly socket?: NodeSocket | null | undefined;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A `WebSocket` of `ws`, as a client has it. */
export interface WsSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly extensions: string;
  send(data: string | Uint8Array): void;
  send(data: string | Uint8Array, options: { compress: boolean }, sent?: () => void): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  ping(data: Uint8Array): void;
  pong(data: Uint8Array): void;
  pause(): void;
  resume(): void;
  on(event: "upgrade", listener: (response: NodeResponse) => void): unknown;
  on(event: "unexpected-response", listener: (request: unknown, response: NodeResponse) => void): unknown;
  on(event: "open", listener: () => void): unknown;
  on(event: "message", listener: (data: NodeBuffer, isBinary: boolean) => void): unknown;
  on(event: "ping" | "pong", listener: (data: NodeBuffer) => void): unknown;
  on(event: "close", listener: (code: number, reason: NodeBuffer) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** The options of `ws` that this adapter sets. */
export interface WsOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxPendingAutoPongs: number;
  readonly perMessageDeflate:
    | false
    | {
        readonly threshold: number;
        readonly clientNoContextTakeover: boolean;
        readonly serverNoContextTakeover: boolean;
      };
  readonly followRedirects: boolean;
  readonly skipUTF8Validation: boolean;
  readonly closeTimeout: number;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** Begins to connect; what `ws` refuses at once is thrown. */
export function connect(url: string, protocols: readonly string[], options: WsOptions): WsSocket {
  const { headers, ...rest } = options;
  // `ws` writes a list without blanks, in which Deno's own upgrade finds no protocol.
  const finishRequest = (request: ClientRequest): void => {
    request.setHeader("Sec-WebSocket-Protocol", protocols.join(", "));
    request.end();
  };
  const spaced = protocols.length > 1 && { finishRequest };
  return new WebSocket(url, [...protocols], { ...rest, headers: { ...headers }, ...spaced }) as unknown as WsSocket;
}

/** Whether this is Deno, where a compressed frame that is corrupt is delivered as an empty message. */
export const onDeno: boolean = process.versions.deno !== undefined;

/** Whether Bun puts its own `ws` in place of the package: it shows no raw socket, and ends the closing handshake by itself. */
export const onBun: boolean = process.versions.bun !== undefined;

interface Reading {
  readonly _handle?: { readonly _parent?: { readStop?(): unknown; readStart?(): unknown } | null } | null;
}

/** Stops or starts the reading of what is under a socket of TLS: on Deno it goes on, without end, when that is paused. */
export function readUnder(socket: NodeSocket, reads: boolean): void {
  if (!onDeno) return;
  const under = (socket as Reading)._handle?._parent;
  if (reads) under?.readStart?.();
  else under?.readStop?.();
}
