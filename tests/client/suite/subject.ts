/** The transport under test, and what every test needs around it. */
import process from "node:process";
import { Client, type ClientConfig, type ReconnectingEvent, WebSocketError } from "../../../entries/client.ts";
import { type FaultOptions, FaultProxy } from "../../kit/fault_proxy.ts";
import { type Answer, type RawServer, type ServeOptions, serve } from "../../kit/raw_server.ts";
import { type Own, scoped } from "../../kit/scoped.ts";
import { Waiter } from "../../kit/waiter.ts";
import { findGap, type Gap, gapTest, type TransportName } from "../gaps.ts";

/** Milliseconds that a wait may take, and where the test has to fail. */
const PATIENCE = 8000;
const IMPATIENCE = 500;

/** An address of this process alone, so that no client of another one, which tries a port that is free again, meets its servers. */
export const host: string =
  process.platform === "linux" ? `127.${1 + (process.pid % 250)}.${(process.pid >> 8) % 250}.7` : "127.0.0.1";

/** To try again soon, always after the same time. */
export const soon = { interval: 0.02, jitter: 0 } as const;

/** Waits for `ms` milliseconds: for rules about time, and to see that nothing happens. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Fails a promise that does not settle in time. */
async function within<Value>(what: string, promise: Promise<Value>, ms: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Timeout: waited ${ms} ms for ${what}`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is caught of a promise that must reject with an error of ours. */
export async function failure(promise: Promise<unknown>): Promise<WebSocketError> {
  const error = await within("a failure", promise, PATIENCE).then(
    (value) => new Error(`Nothing failed: ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof WebSocketError) return error;
  throw error;
}

/** How many tests run at once: they mostly wait. */
const AT_ONCE = 12;

/** One transport, and the tests of it. */
export class Subject {
  readonly transport: TransportName;
  readonly #starts: (() => Promise<void>)[] = [];
  readonly #running: Set<Promise<void>> = new Set();

  constructor(transport: TransportName) {
    this.transport = transport;
  }

  /** Registers a test. */
  test(title: string, fn: (scene: Scene) => Promise<void>): void {
    this.gapTest(undefined, title, fn);
  }

  /** Registers a test that fails where the transport has the gap `key`. */
  gapTest(key: string | undefined, title: string, fn: (scene: Scene) => Promise<void>): void {
    gapTest(this.transport, key, title, this.#together(this.#scened(key, fn)));
  }

  /** Registers a test during which no other one runs, for it keeps the process busy or looks at the clock; `key` is that of a gap. */
  alone(key: string | undefined, title: string, fn: (scene: Scene) => Promise<void>): void {
    const run = this.#scened(key, fn);
    gapTest(this.transport, key, title, async () => {
      await Promise.allSettled(this.#running);
      await run();
    });
  }

  #scened(key: string | undefined, fn: (scene: Scene) => Promise<void>): () => Promise<void> {
    const gap = findGap(this.transport, key);
    return () => scoped((own) => fn(new Scene(this.transport, gap, own)));
  }

  /** Starts a test before it is its turn, while those before it wait. */
  #together(fn: () => Promise<void>): () => Promise<void> {
    const index = this.#starts.length;
    let result: Promise<void> | undefined;
    const start = (): Promise<void> => {
      if (result !== undefined) return result;
      result = fn();
      this.#running.add(result);
      // It is told of when it is its turn.
      result.catch(() => {});
      return result;
    };
    this.#starts.push(start);
    return () => {
      for (const next of this.#starts.slice(index, index + AT_ONCE)) void next();
      return start();
    };
  }
}

/** What a test has started, which ends with it. */
export class Scene {
  readonly transport: TransportName;
  /** Milliseconds that a wait may take. */
  readonly patience: number;
  readonly #own: Own;
  readonly #end = new AbortController();

  constructor(transport: TransportName, gap: Gap | undefined, own: Own) {
    this.transport = transport;
    this.patience = gap === undefined ? PATIENCE : IMPATIENCE;
    this.#own = own;
    // Before servers and proxies: what is disposed of first was owned last.
    own({ [Symbol.asyncDispose]: async () => this.#end.abort() });
  }

  /** Has something end with the test. */
  own<Thing extends AsyncDisposable>(thing: Thing): Thing {
    return this.#own(thing);
  }

  /** Starts a raw server. */
  async serve(answers: Answer | readonly Answer[], options: ServeOptions = {}): Promise<RawServer> {
    return this.#own(
      await serve(answers, { patience: this.patience, ...(options.tls !== true && { host }), ...options }),
    );
  }

  /** Starts a proxy before a server. */
  async proxy(server: Pick<RawServer, "port" | "host">, options: FaultOptions = {}): Promise<FaultProxy> {
    return this.#own(await FaultProxy.open(server.port, { patience: this.patience, host: server.host, ...options }));
  }

  /** Adds the transport, and a signal that ends the client with the test. */
  config(config: ClientConfig = {}): ClientConfig {
    const ours = this.#end.signal;
    const signal = config.signal === undefined ? ours : AbortSignal.any([config.signal, ours]);
    return { transport: this.transport, ...config, signal };
  }

  /** Connects; rejects if that takes too long. */
  connect(to: { readonly url: string } | string, config: ClientConfig = {}): Promise<Client> {
    return this.within("connect", this.connecting(to, config));
  }

  /** Begins to connect, however long it takes. */
  connecting(to: { readonly url: string } | string, config: ClientConfig = {}): Promise<Client> {
    const connecting = Client.connect(typeof to === "string" ? to : to.url, this.config(config));
    // It may be given up by the end of the test.
    connecting.catch(() => {});
    return connecting;
  }

  /** Fails a promise that does not settle in time. */
  within<Value>(what: string, promise: Promise<Value>, ms: number = this.patience): Promise<Value> {
    return within(what, promise, ms);
  }

  /** Notes what a client tells of itself. */
  watch(client: Client): Events {
    return new Events(client, this.patience);
  }
}

/** The events of a client, in order: "state open", "open", "reconnecting 1", "close 1006". */
export class Events {
  readonly entries: string[] = [];
  readonly reconnecting: ReconnectingEvent[] = [];
  readonly #patience: number;
  readonly #waiter = new Waiter();

  constructor(client: Client, patience: number) {
    this.#patience = patience;
    client.addEventListener("statechange", () => this.#add(`state ${client.state}`));
    client.addEventListener("open", () => this.#add("open"));
    client.addEventListener("close", ({ code, reason }) => this.#add(`close ${code} ${reason}`.trim()));
    client.addEventListener("reconnecting", (event) => {
      this.reconnecting.push(event);
      this.#add(`reconnecting ${event.attempt}`);
    });
  }

  /** Waits until something has happened `count` times. */
  async until(entry: string, count = 1): Promise<void> {
    const isThere = () => this.entries.filter((other) => other === entry).length >= count;
    await this.#waiter.until(entry, isThere, this.#patience, () => this.entries.slice(-20).join(", "));
  }

  #add(entry: string): void {
    this.entries.push(entry);
    this.#waiter.wake();
  }
}
