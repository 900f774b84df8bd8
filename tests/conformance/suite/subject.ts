/** The engine under test, and what every test needs around it. */
import assert from "node:assert/strict";
import type { UpgradeConfig, UpgradeHandler } from "../../../mod.ts";
import { type EngineName, Listener, type ListenerConfig, type Logger, type Service } from "../../../mod.ts";
import { type ConnectOptions, connect, type RawClient } from "../../kit/raw_client.ts";
import { checkSecrets } from "../../kit/secrets.ts";
import { findGap, gapTest } from "../gaps.ts";

/** A promise and what settles it. */
export type Gate<Value = void> = PromiseWithResolvers<Value>;

/** Makes a promise that the test settles. */
export function gate<Value = void>(): Gate<Value> {
  return Promise.withResolvers<Value>();
}

/** Waits for `ms` milliseconds: for rules about time, and to see that nothing happens. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What happened, in order, and who waits for it. */
export class Journal {
  /** What happened. */
  readonly entries: string[] = [];
  readonly #patience: number;
  readonly #waiting: Set<() => void> = new Set();

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Notes that something happened. */
  add(entry: string): void {
    this.entries.push(entry);
    for (const look of [...this.#waiting]) look();
  }

  /** How often something happened. */
  count(entry: string | RegExp): number {
    return this.entries.filter((other) => (typeof entry === "string" ? other === entry : entry.test(other))).length;
  }

  /** Waits until something has happened `count` times. */
  until(entry: string | RegExp, count = 1): Promise<void> {
    const { promise, resolve, reject } = gate();
    const timer = setTimeout(() => {
      this.#waiting.delete(look);
      const seen = this.entries.slice(-20).join(", ");
      reject(new Error(`Timeout: waited ${this.#patience} ms for ${String(entry)} (${count}); saw ${seen}`));
    }, this.#patience);
    const look = (): void => {
      if (this.count(entry) < count) return;
      this.#waiting.delete(look);
      clearTimeout(timer);
      resolve();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }
}

/** A logger that keeps its lines, as "level message: error". */
export class Log extends Journal implements Logger {
  debug(message: string, ...details: unknown[]): void {
    this.#add("debug", message, details);
  }
  info(message: string, ...details: unknown[]): void {
    this.#add("info", message, details);
  }
  warn(message: string, ...details: unknown[]): void {
    this.#add("warn", message, details);
  }
  error(message: string, ...details: unknown[]): void {
    this.#add("error", message, details);
  }
  #add(level: string, message: string, details: readonly unknown[]): void {
    this.add(`${level} ${[message, ...details.map(String)].join(": ")}`);
  }
}

/** What a test gets: a running listener and its clients, which are ended for it. */
export interface Running {
  readonly listener: Listener;
  readonly log: Log;
  readonly journal: Journal;
  /** Opens a WebSocket at "/" or at `options.path`. */
  connect(options?: ConnectOptions): Promise<RawClient>;
}

/** What a test may set besides its service. */
export interface Setup {
  /** The options of the service. */
  config?: UpgradeConfig;
  /** The options of the listener. */
  listener?: ListenerConfig;
  /** @default "/" */
  path?: string;
  /** Errors and warnings that the log may hold. A line that matches nothing fails the test. */
  logs?: RegExp;
}

/** One engine, and the tests of it. */
export class Subject {
  readonly engine: EngineName;
  #patience = 8000;

  constructor(engine: EngineName) {
    this.engine = engine;
  }

  /** Milliseconds that a wait may take; few where the test has to fail. */
  get patience(): number {
    return this.#patience;
  }

  /** Registers a test. */
  test(title: string, fn: () => unknown): void {
    this.gapTest(undefined, title, fn);
  }

  /** Registers a test that fails where the engine has the gap `key`. */
  gapTest(key: string | undefined, title: string, fn: () => unknown): void {
    const patience = findGap(this.engine, key) === undefined ? 8000 : 400;
    gapTest(this.engine, key, title, async () => {
      this.#patience = patience;
      await fn();
    });
  }

  /** Runs what has to fail, and does not wait long for it. */
  async impatiently<Value>(fn: () => Promise<Value>): Promise<Value> {
    this.#patience = 400;
    return await fn();
  }

  /** A journal with the patience of this test. */
  journal(): Journal {
    return new Journal(this.#patience);
  }

  /** Makes a listener that is not started. */
  listener(config: ListenerConfig = {}): Listener {
    return new Listener(0, { engine: this.engine, logger: new Log(this.#patience), ...config });
  }

  /** Fails a promise that does not settle in time. */
  async within<Value>(what: string, promise: Promise<Value>, ms: number = this.#patience): Promise<Value> {
    const late = gate<never>();
    const timer = setTimeout(() => late.reject(new Error(`Timeout: waited ${ms} ms for ${what}`)), ms);
    try {
      return await Promise.race([promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs a service, made anew for each connection, and stops all when `use` has ended. */
  async run(
    handler: (running: Running) => UpgradeHandler,
    use: (running: Running) => Promise<void>,
    setup: Setup = {},
  ): Promise<void> {
    const log = new Log(this.#patience);
    const journal = this.journal();
    const listener = this.listener({ logger: log, ...setup.listener });
    const clients: RawClient[] = [];
    const running: Running = {
      listener,
      log,
      journal,
      connect: async (options = {}) => {
        const client = await connect(listener.port, { patience: this.#patience, ...options });
        clients.push(client);
        return client;
      },
    };
    listener.attach(setup.path ?? "/", handler(running), setup.config ?? {});
    await listener.start();
    try {
      await use(running);
      const unexpected = log.entries.filter((line) => /^(warn|error)/.test(line) && !isExpected(line, setup));
      assert.deepEqual(unexpected, [], "the log holds what the test does not expect");
      checkSecrets("the log", log.entries.join("\n"));
    } finally {
      for (const client of clients) client.destroy();
      await this.within("immediateStop", listener.immediateStop(), 5000);
    }
  }

  /** Runs one service object for all connections. */
  serve(
    service: (running: Running) => Service,
    use: (running: Running) => Promise<void>,
    setup: Setup = {},
  ): Promise<void> {
    return this.run((running) => () => service(running), use, setup);
  }
}

// What an engine lacks it says once; that is a test of R28.
function isExpected(line: string, { logs }: Setup): boolean {
  return line.includes("are never called on engine") || (logs?.test(line) ?? false);
}
