/**
 * A TCP proxy that breaks connections on request, the same way for the same seed.
 *
 *     const proxy = own(await FaultProxy.open(server.port, { seed: 7, split: "random" }));
 *     const client = await Client.connect(`ws://127.0.0.1:${proxy.port}`);
 *     proxy.cutAll();
 */
import type { Buffer } from "node:buffer";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { Random } from "./random.ts";
import { PATIENCE, turn, write } from "./raw_peer.ts";
import { Waiter } from "./waiter.ts";

/** What a proxy does to all connections. */
export interface FaultOptions {
  /** @default 1 */
  seed?: number;
  /** Forward each byte, or parts of 1 to 8 bytes at random, in segments of their own. @default as they come */
  split?: "bytes" | "random";
  /** Milliseconds that each segment is kept. @default 0 */
  latency?: number;
  /** Bytes from the server after which a connection is reset. @default never */
  cutAfter?: number;
  /** Milliseconds that a wait may take. @default 20000 */
  patience?: number;
  /** Where to listen, and where the server is. @default "127.0.0.1" */
  host?: string;
}

/** A running proxy. */
export class FaultProxy implements AsyncDisposable {
  /** All connections that were accepted, in order. */
  readonly links: Link[] = [];
  /** Whether new connections are reset at once, as if nobody listened. */
  down = false;
  readonly #server: Server = createServer({ allowHalfOpen: true, noDelay: true });
  readonly #waiter = new Waiter();
  readonly #options: FaultOptions;

  /** Begins to listen, and forwards to `port`. */
  static async open(port: number, options: FaultOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(port, options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, options.host ?? "127.0.0.1", () => resolve());
    });
    return proxy;
  }

  private constructor(port: number, options: FaultOptions) {
    this.#options = options;
    const random = new Random(options.seed ?? 1);
    this.#server.on("connection", (client: Socket) => {
      if (this.down) return reset(client);
      const server = createConnection({ port, host: options.host ?? "127.0.0.1", allowHalfOpen: true, noDelay: true });
      const seeded = new Random(random.integer(0, 0xffff_ffff));
      this.links.push(new Link(client, server, seeded, options, () => this.#waiter.wake()));
      this.#waiter.wake();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where it listens, as a WebSocket's address without a path. */
  get url(): string {
    return `ws://${(this.#server.address() as AddressInfo).address}:${this.port}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.links.filter(({ isOpen }) => isOpen).length;
  }

  /**
   * Waits for the nth connection, counted from 1.
   *
   * @throws If it does not come in time
   */
  async link(number: number): Promise<Link> {
    await this.until(`connection ${number}`, () => this.links.length >= number);
    return this.links[number - 1] as Link;
  }

  /** Waits until `isThere` holds, which is looked at whenever a connection has come or ended. */
  async until(what: string, isThere: () => boolean): Promise<void> {
    const describe = () => `${this.links.length} connections, ${this.open} open`;
    await this.#waiter.until(what, isThere, this.#options.patience ?? PATIENCE, describe);
  }

  /** Resets every connection that is open, or ends it with FIN. */
  cutAll(how: "reset" | "fin" = "reset"): void {
    for (const link of this.links) if (link.isOpen) link[how]();
  }

  /** Ends everything. The port stays taken until the process ends, as that of a raw server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.down = true;
    this.#server.unref();
    for (const link of this.links) link.reset();
    await Promise.all(this.links.map(({ closed }) => closed));
  }
}

/** One connection through the proxy. */
export class Link {
  /** Settles when both sides have ended. */
  readonly closed: Promise<void>;
  /** Bytes that were forwarded to the client. */
  down = 0;
  /** Bytes that were forwarded to the server. */
  up = 0;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #options: FaultOptions;
  readonly #random: Random;
  #open = 2;
  #stalled: PromiseWithResolvers<void> | undefined;

  constructor(client: Socket, server: Socket, random: Random, options: FaultOptions, wake: () => void) {
    this.#client = client;
    this.#server = server;
    this.#random = random;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    for (const socket of [client, server]) {
      socket.on("close", () => {
        this.#open -= 1;
        // A side that is gone leaves nothing to forward.
        if (this.#open === 1) reset(socket === client ? server : client);
        if (this.#open === 0) resolve();
        wake();
      });
    }
    this.#pipe(client, server, (bytes) => {
      this.up += bytes;
    });
    this.#pipe(server, client, (bytes) => {
      this.down += bytes;
      if (this.down >= (options.cutAfter ?? Number.POSITIVE_INFINITY)) this.reset();
    });
  }

  /** Whether neither side has ended. */
  get isOpen(): boolean {
    return this.#open === 2;
  }

  /** Ends both sides with RST. */
  reset(): void {
    reset(this.#client);
    reset(this.#server);
  }

  /** Ends both sides with FIN. */
  fin(): void {
    this.#client.end();
    this.#server.end();
  }

  /** Ends one side's incoming half with FIN: that side still sends, and what it sends is forwarded. */
  half(side: "client" | "server"): void {
    (side === "client" ? this.#client : this.#server).end();
  }

  /** Stops forwarding, both ways; TCP stays, and takes what it is given. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers();
  }

  /** Forwards again. */
  flow(): void {
    this.#stalled?.resolve();
    this.#stalled = undefined;
  }

  #pipe(from: Socket, to: Socket, count: (bytes: number) => void): void {
    let last = Promise.resolve();
    // The next chunk is read when this one has gone, so that a stalled link fills the kernel's buffers and no others.
    from.on("data", (chunk: Buffer) => {
      from.pause();
      last = this.#forward(chunk, to, count).then(() => void from.resume());
    });
    from.on("end", () => {
      last = last.then(() => void to.end());
    });
    // The event "close" follows.
    from.on("error", () => reset(to));
  }

  async #forward(chunk: Buffer, to: Socket, count: (bytes: number) => void): Promise<void> {
    const { latency = 0 } = this.#options;
    if (latency > 0) await new Promise((resolve) => setTimeout(resolve, latency));
    let at = 0;
    while (at < chunk.length) {
      await this.#stalled?.promise;
      if (at > 0) await turn();
      const part = chunk.subarray(at, at + this.#partSize(chunk.length));
      at += part.length;
      await write(to, part);
      count(part.length);
    }
  }

  #partSize(all: number): number {
    const { split } = this.#options;
    if (split === undefined) return all;
    return split === "bytes" ? 1 : this.#random.integer(1, 8);
  }
}

function reset(socket: Socket): void {
  socket.on("error", () => {});
  if (!socket.destroyed) socket.resetAndDestroy();
}
