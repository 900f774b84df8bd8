/** An upgraded connection of the generator. */
import { connect, type TcpSocket } from "./runtime.ts";

const END = "\r\n\r\n";

/** The opening handshake for a path. */
export function handshake(path: string): Uint8Array {
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];
  return new TextEncoder().encode(lines.join("\r\n") + END);
}

/** Finds the end of the response; throws when it is no 101. Returns -1 while it has not come. */
export function endOfResponse(chunk: Uint8Array): number {
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
  const end = text.indexOf(END);
  if (end === -1) return -1;
  if (!text.startsWith("HTTP/1.1 101 ")) throw new Error(`The server answered ${text.slice(0, 200)}`);
  return end + END.length;
}

/** One connection: what it receives goes to `receive` once it is upgraded. */
export class Connection {
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  /** Gets each chunk of frames. */
  receive: (chunk: Uint8Array) => void = () => {};
  /** Whether the server has left. */
  lost = false;
  #socket: TcpSocket | undefined;
  #head: Uint8Array | undefined = new Uint8Array(0);
  // A ring whose bytes are sent from `#at` on, and how many of them are due.
  #source: Uint8Array = new Uint8Array(0);
  #at = 0;
  #due = 0;

  constructor(port: number, path: string) {
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    const fail = (error: unknown): void => {
      this.lost = true;
      opened.reject(error);
      closed.resolve();
    };
    connect("127.0.0.1", port, {
      open: (socket) => {
        this.#socket = socket;
        socket.write(handshake(path));
      },
      data: (_socket, chunk) => {
        if (this.#head === undefined) return this.receive(chunk);
        try {
          this.#begin(chunk, opened.resolve);
        } catch (error) {
          fail(error);
        }
      },
      drain: () => this.#flush(),
      close: () => fail(new Error("The server closed the connection")),
      error: (_socket, error) => fail(error),
      connectError: (_socket, error) => fail(error),
    }).catch(fail);
  }

  /** Sends from a ring, beginning at a place in it. */
  use(source: Uint8Array, at: number): void {
    this.#source = source;
    this.#at = at;
  }

  /** Sends the next `bytes` bytes of the ring. */
  send(bytes: number): void {
    this.#due += bytes;
    if (this.#due === bytes) this.#flush();
  }

  /** Sends a few bytes outside of the ring. */
  write(bytes: Uint8Array): void {
    if (this.#socket?.write(bytes) !== bytes.byteLength) throw new Error("The socket did not take all of a frame");
  }

  /** Drops the connection. */
  terminate(): Promise<void> {
    this.#socket?.terminate();
    return this.closed;
  }

  #begin(chunk: Uint8Array, opened: () => void): void {
    const head = Uint8Array.from([...(this.#head ?? []), ...chunk]);
    const end = endOfResponse(head);
    this.#head = end === -1 ? head : undefined;
    if (end === -1) return;
    opened();
    if (end < head.byteLength) this.receive(head.subarray(end));
  }

  #flush(): void {
    while (this.#due > 0) {
      const length = Math.min(this.#due, this.#source.byteLength - this.#at);
      const taken = this.#socket?.write(this.#source, this.#at, length) ?? 0;
      this.#due -= taken;
      this.#at = (this.#at + taken) % this.#source.byteLength;
      if (taken < length) return;
    }
  }
}

/** Opens connections, 64 at a time so that no backlog overflows. */
export async function open(port: number, path: string, count: number): Promise<Connection[]> {
  const all: Connection[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(64, count - all.length) }, () => new Connection(port, path));
    await Promise.all(some.map((connection) => connection.opened));
    all.push(...some);
  }
  return all;
}
