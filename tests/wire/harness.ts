/** A listener of one test, what its services saw, and what must hold of it at the end whatever the test did. */
import assert from "node:assert/strict";
import {
  type Caller,
  type EngineName,
  Listener,
  type Reply,
  type Service,
  type ServiceConfig,
  type UpgradeRequest,
  WebSocketError,
} from "../../mod.ts";
import { gapTest } from "../conformance/gaps.ts";
import { type ConnectOptions, connect, type RawClient, turn } from "../kit/raw_client.ts";
import { Waiter } from "../kit/waiter.ts";

/** Milliseconds that a wait may take. */
export const PATIENCE = 5000;

/** What a service saw: the kind of callback and what it was given. */
export type Seen = readonly [kind: "open" | "text" | "binary" | "ping" | "pong" | "error" | "close", ...unknown[]];

/** What a peer answers to a message. @default the message */
export type Answer = (data: string | Uint8Array, caller: Caller) => Reply | Promise<Reply>;

/** How a server of a test behaves. */
export interface Setup {
  config?: ServiceConfig;
  answer?: Answer;
  /** Runs before the upgrade is accepted; what it returns or throws, a peer being accepted otherwise, is the decision. */
  decide?: (request: UpgradeRequest) => unknown;
}

/** The service of one connection, which notes all that it sees. */
export class Peer implements Service {
  readonly seen: Seen[] = [];
  readonly #waiter = new Waiter();
  readonly #answer: Answer;
  #caller: Caller | undefined;

  constructor(answer: Answer = (data) => data) {
    this.#answer = answer;
  }

  get caller(): Caller {
    assert.ok(this.#caller, "onOpen has not run");
    return this.#caller;
  }

  onOpen(caller: Caller): void {
    this.#caller = caller;
    this.#note("open");
  }

  onTextMessage(caller: Caller, text: string): Reply | Promise<Reply> {
    this.#note("text", text);
    return this.#answer(text, caller);
  }

  onBinaryMessage(caller: Caller, data: Uint8Array): Reply | Promise<Reply> {
    this.#note("binary", [...data]);
    return this.#answer(data, caller);
  }

  onPing(_caller: Caller, data: Uint8Array): void {
    this.#note("ping", new TextDecoder().decode(data));
  }

  onPong(_caller: Caller, data: Uint8Array): void {
    this.#note("pong", new TextDecoder().decode(data));
  }

  onError(_caller: Caller, error: Error): void {
    this.#note("error", error instanceof WebSocketError ? error.code : error.name);
  }

  onClose(_caller: Caller, statusCode: number, reason: string): void {
    this.#note("close", statusCode, reason);
  }

  /** What the service saw of one kind. */
  all(kind: Seen[0]): Seen[] {
    return this.seen.filter(([other]) => other === kind);
  }

  /** The messages that the service saw. */
  get messages(): Seen[] {
    return this.seen.filter(([kind]) => kind === "text" || kind === "binary");
  }

  /** Waits until the service has seen `count` events of a kind; gives the last of them. */
  async event(kind: Seen[0], count = 1, patience: number = PATIENCE): Promise<Seen> {
    const there = () => this.all(kind).length >= count;
    await this.#waiter.until(`event ${count} of ${kind}`, there, patience, () => `saw ${JSON.stringify(this.seen)}`);
    return this.all(kind)[count - 1] as Seen;
  }

  #note(...seen: Seen): void {
    this.seen.push(seen);
    this.#waiter.wake();
  }
}

/** The server of one test. Its service is at `/`. */
export class WireServer {
  readonly listener: Listener;
  readonly peers: Peer[] = [];
  readonly logged: unknown[][] = [];
  readonly #clients: RawClient[] = [];
  readonly #pairs: Map<string, Peer> = new Map();
  #next = 0;
  readonly #waiter = new Waiter();

  constructor(engine: EngineName, { config = {}, answer, decide }: Setup) {
    const log = (...details: unknown[]): void => void this.logged.push(details);
    const logger = { debug: log, info: log, warn: log, error: log };
    this.listener = new Listener(0, { engine, host: "127.0.0.1", logger });
    const accept = ({ query }: UpgradeRequest) => {
      const peer = new Peer(answer);
      this.peers.push(peer);
      this.#pairs.set(query.get("pair") ?? "", peer);
      this.#waiter.wake();
      return peer;
    };
    this.listener.attach(
      "/",
      (request) => {
        if (decide === undefined) return accept(request);
        const decision = decide(request);
        if (decision instanceof Promise) return decision.then((value) => value ?? accept(request));
        return (decision as Service | undefined) ?? accept(request);
      },
      config,
    );
  }

  get port(): number {
    return this.listener.port;
  }

  /** How many connections the listener knows. */
  get open(): number {
    return [...this.listener.connections].length;
  }

  /** Opens a WebSocket, which ends with the test. */
  async connect(options: ConnectOptions = {}): Promise<RawClient> {
    const client = await connect(this.port, { patience: PATIENCE, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Opens a WebSocket and waits for its service. */
  async pair(options?: ConnectOptions): Promise<{ client: RawClient; peer: Peer }> {
    const name = `${this.#next++}`;
    const client = await this.connect({ path: `/?pair=${name}`, ...options });
    await this.#waiter.until(`the service of pair ${name}`, () => this.#pairs.has(name), PATIENCE);
    const peer = this.#pairs.get(name) as Peer;
    await peer.event("open");
    return { client, peer };
  }

  /** Waits for the service of the connection that came as number `index`. */
  async peer(index = 0): Promise<Peer> {
    await this.#waiter.until(`connection ${index}`, () => this.peers.length > index, PATIENCE);
    return this.peers[index] as Peer;
  }

  /** Asserts that a new connection gets its echo: the server lives. */
  async lives(): Promise<void> {
    const { client, peer } = await this.pair();
    void client.send.text("Are you there?");
    assert.equal(await client.message(), "Are you there?");
    void client.send.close(1000);
    await peer.event("close");
    client.destroy();
  }

  /** Drops what is open and closes the port. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.listener.immediateStop();
    await turn();
  }

  /** R13: one `onClose` for each `onOpen`, and nothing after it. */
  check(): void {
    for (const { seen } of this.peers) {
      const kinds = seen.map(([kind]) => kind);
      const { length } = kinds.filter((kind) => kind === "close");
      assert.equal(length, kinds.includes("open") ? 1 : 0, `onClose ran ${length} times: ${JSON.stringify(seen)}`);
      if (length === 1) assert.equal(kinds.at(-1), "close", `Something came after onClose: ${JSON.stringify(seen)}`);
    }
    assert.equal(this.open, 0, "A connection is left");
  }
}

/** Registers tests of one engine. `key` names a gap: see tests/conformance/gaps.ts. */
export type Define = (
  title: string,
  setup: Setup,
  run: (server: WireServer) => Promise<unknown>,
  key?: string | undefined,
) => void;

/** Makes what registers tests, each with a server of its own, after which {@link WireServer.check} must hold. */
export function defineFor(engine: EngineName): Define {
  return (title, setup, run, key) =>
    gapTest(engine, key, title, async () => {
      const server = new WireServer(engine, setup);
      await server.listener.start();
      try {
        await run(server);
      } finally {
        await server.stop();
      }
      server.check();
    });
}
