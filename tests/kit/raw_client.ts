/**
 * A WebSocket client over a bare TCP socket, with every byte of it under the test's control. It runs on Node, Deno and Bun.
 *
 *     const client = await connect(listener.port, { path: "/echo" });
 *     client.send.text("hello");
 *     assert.equal(await client.message(), "hello");
 *     client.send.close(1000);
 *     assert.deepEqual(await client.closed, { code: 1000, reason: "", end: "fin" });
 */
import { Buffer } from "node:buffer";
import { createConnection, type Socket } from "node:net";
import { type HttpResponse, ResponseReader } from "./http.ts";
import { PATIENCE, type PeerOptions, RawPeer, writeInParts } from "./raw_peer.ts";
import { checkSecrets } from "./secrets.ts";

export {
  BINARY,
  CLOSE,
  CONTINUATION,
  type Frame,
  type FrameOptions,
  PING,
  PONG,
  TEXT,
  toClosePayload,
  toFrame,
} from "./frames.ts";
export { HttpResponse } from "./http.ts";
export { type Ended, type PeerOptions, RawPeer, type Senders, turn } from "./raw_peer.ts";

/** The key of the RFC's own example. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** The answer to it. */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The lines of a handshake. */
export interface HandshakeOptions {
  /** @default "GET" */
  method?: string;
  /** @default "/" */
  path?: string;
  /** @default "HTTP/1.1" */
  version?: string;
  /** The value of `Sec-WebSocket-Key`. @default KEY */
  key?: string;
  /** Joined to one `Sec-WebSocket-Protocol`. */
  protocols?: readonly string[];
  /** Replace the usual headers of these names, whatever their case: a list makes several lines, `null` leaves the header out. */
  headers?: Readonly<Record<string, string | readonly string[] | null>>;
}

/** How to connect. */
export interface ConnectOptions extends HandshakeOptions, PeerOptions {
  /** Bytes to send in the segment of the handshake, right behind it. */
  early?: Uint8Array;
  /** Gives bytes to send before the 101 has come; called when the kernel has the handshake. */
  afterwards?: () => Promise<Uint8Array>;
  /** Bytes to send instead of the usual handshake. */
  raw?: string | Uint8Array;
  /** Bytes of the handshake in each segment. @default all */
  partSize?: number;
  /** @default "127.0.0.1" */
  host?: string;
  /** Opens the connection. @default dial */
  dial?: (port: number, host: string) => Promise<Socket>;
}

/** The server answered the handshake with something else than 101. */
export class HandshakeRefused extends Error {
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    super(`The handshake was answered with ${response.status}: ${response.body.trim()}`);
    this.response = response;
  }
}

/** Writes a handshake. */
export function toHandshake(port: number, options: HandshakeOptions = {}): string {
  const { method = "GET", path = "/", version = "HTTP/1.1", key = KEY, protocols, headers = {} } = options;
  const usual: [string, string][] = [
    ["Host", `127.0.0.1:${port}`],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", key],
  ];
  if (protocols !== undefined) usual.push(["Sec-WebSocket-Protocol", protocols.join(", ")]);
  const replaced = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const lines = usual.filter(([name]) => !replaced.has(name.toLowerCase()));
  for (const [name, value] of Object.entries(headers)) {
    for (const one of value === null ? [] : [value].flat()) lines.push([name, one as string]);
  }
  return `${method} ${path} ${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** Sends bytes on a new connection and gives the response; rejects if the connection ends before it is complete. */
export async function request(
  port: number,
  raw: string | Uint8Array,
  patience: number = PATIENCE,
): Promise<HttpResponse> {
  const socket = await dial(port);
  try {
    const answer = readResponse(socket, Buffer.from(raw as Uint8Array).toString("latin1", 0, 5), patience);
    socket.write(raw);
    return (await answer).response;
  } finally {
    socket.destroy();
  }
}

/**
 * Opens a WebSocket.
 *
 * @throws {HandshakeRefused} If the server answers otherwise than with 101
 */
export async function connect(port: number, options: ConnectOptions = {}): Promise<RawClient> {
  const socket = await (options.dial ?? dial)(port, options.host ?? "127.0.0.1");
  try {
    const answer = readResponse(socket, options.method ?? "GET", options.patience ?? PATIENCE);
    answer.catch(() => {}); // Awaited below; it may fail while we write.
    const handshake = Buffer.from((options.raw ?? toHandshake(port, options)) as Uint8Array);
    const bytes = Buffer.concat([handshake, options.early ?? Buffer.alloc(0)]);
    await writeInParts(socket, bytes, options.partSize ?? bytes.length);
    if (options.afterwards !== undefined) socket.write(await options.afterwards());
    const { response, rest } = await answer;
    if (response.status !== 101) throw new HandshakeRefused(response);
    return new RawClient(socket, response, rest, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** An open WebSocket, the client's end of it. */
export class RawClient extends RawPeer {
  /** The 101. */
  readonly response: HttpResponse;

  constructor(socket: Socket, response: HttpResponse, rest: Buffer, options: ConnectOptions) {
    super(socket, rest, true, options);
    this.response = response;
  }
}

/** Opens a TCP connection. */
export function dial(port: number, host: string = "127.0.0.1"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host, allowHalfOpen: true, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function readResponse(
  socket: Socket,
  method: string,
  patience: number,
): Promise<{ response: HttpResponse; rest: Buffer }> {
  const reader = new ResponseReader(method.startsWith("HEAD") ? "HEAD" : method);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error(`Timeout: waited ${patience} ms for a response`)), patience);
    const stop = () => {
      clearTimeout(timer);
      socket.off("data", onData);
      socket.off("end", onEnd);
      socket.off("error", onError);
      socket.off("close", onEnd);
    };
    const fail = (error: Error) => {
      stop();
      reject(error);
    };
    const done = (response: HttpResponse | undefined) => {
      if (response === undefined) return false;
      checkSecrets("a response", [response.body, ...response.headers.flat()].join("\n"));
      // So that nothing is lost until the client listens.
      socket.pause();
      stop();
      resolve({ response, rest: reader.rest });
      return true;
    };
    const onData = (chunk: Buffer) => {
      try {
        done(reader.push(chunk));
      } catch (error) {
        fail(error as Error);
      }
    };
    const onEnd = () => {
      if (!done(reader.end())) fail(new Error("The connection ended before a response"));
    };
    const onError = (error: Error) => fail(new Error(`The connection was lost before a response: ${error.message}`));
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("error", onError);
    socket.on("close", onEnd);
  });
}
