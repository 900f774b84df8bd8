/** A process and a connection for `switchboard connect`, both in the hands of the test. */

import type { Editor, Keys, Signal, Streams } from "../../cli/command.ts";
import { connect, type Ground } from "../../cli/connect.ts";
import type { Link, Watcher } from "../../cli/console/link.ts";
import { toSettings } from "../../cli/console/settings.ts";
import type { ClientConfig } from "../../src/client/client_config.ts";
import { FakeClock } from "../../src/testing/fake_clock.ts";
import { settle } from "../../src/testing/settle.ts";

/** An async queue. */
class Feed<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = [];
  #isEnded = false;
  #fault: Error | undefined;
  #wake: () => void = () => {};
  taken = 0;

  push(...items: Item[]): void {
    this.#items.push(...items);
    this.#wake();
  }

  /** What reads is told of a fault. */
  fail(fault: Error): void {
    this.#fault = fault;
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    while (true) {
      if (this.#fault !== undefined) throw this.#fault;
      const [item] = this.#items.splice(0, 1);
      if (item !== undefined) {
        this.taken += 1;
        yield item;
      } else if (this.#isEnded) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** A connection. */
export class FakeLink implements Link {
  subprotocol = "";
  readonly sent: (string | Uint8Array)[] = [];
  readonly pings: string[] = [];
  readonly closes: [code: number, reason: string][] = [];
  /** Seconds that the answer to our close is waited for. */
  closeTimeout: number | undefined;
  readonly messages: Feed<string | Uint8Array> = new Feed();
  readonly #closed = Promise.withResolvers<{ code: number; reason: string }>();
  readonly closed: Promise<{ code: number; reason: string }> = this.#closed.promise;
  /** What a write waits for. */
  room: Promise<void> = Promise.resolve();
  /** Why it has ended. */
  cause: unknown;
  /** Whether our close is answered. */
  answers = true;

  async send(data: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.room;
    this.sent.push(data);
  }

  async ping(data: Uint8Array<ArrayBuffer>): Promise<void> {
    this.pings.push(new TextDecoder().decode(data));
  }

  async close(code: number, reason: string, timeout: number): Promise<void> {
    this.closes.push([code, reason]);
    this.closeTimeout = timeout;
    if (this.answers) this.end(code, reason);
    await this.closed;
  }

  async fault(): Promise<unknown> {
    return this.cause;
  }

  /** The connection ends. */
  end(code: number, reason = ""): void {
    this.messages.end();
    this.#closed.resolve({ code, reason });
  }

  [Symbol.asyncIterator](): AsyncIterator<string | Uint8Array> {
    return this.messages[Symbol.asyncIterator]();
  }
}

/** What a {@link Run} is given. */
export interface RunOptions {
  /** @default "ws://localhost:9090/chat" */
  url?: string;
  /** Whether there is a terminal. @default none */
  terminal?: "all" | "input" | "output" | "errors";
  /** Environment variables. */
  environment?: Record<string, string>;
  /** Thrown instead of a connection. */
  refusal?: Error;
  /** Never connects. */
  hangs?: boolean;
}

/** The moment at which everything happens. */
export const MOMENT: Date = new Date(2026, 0, 31, 12, 34, 56);

/** A run of the command. */
export class Run {
  readonly link: FakeLink = new FakeLink();
  readonly clock: FakeClock = new FakeClock();
  readonly input: Feed<Uint8Array | string> = new Feed();
  /** What was written to standard output, to standard error, and above the prompt. */
  out = "";
  errors = "";
  above = "";
  /** Whether standard output is full. */
  isFull = false;
  keys: Keys | undefined;
  config: ClientConfig | undefined;
  watcher: Watcher | undefined;
  /** The exit code. */
  code: number | undefined;
  readonly ended: Promise<number>;
  readonly #outputListeners = new Map<string, () => void>();
  #signal: ((signal: Signal) => void) | undefined;

  constructor(args: readonly string[], options: RunOptions = {}) {
    const ground: Ground = {
      clock: this.clock,
      now: () => MOMENT,
      dial: (...dialled) => this.#dial(options, ...dialled),
    };
    const run = async () =>
      await connect(toSettings([options.url ?? "ws://localhost:9090/chat", ...args]), this.#streams(options), ground);
    this.ended = run().then((code) => (this.code = code));
    this.ended.catch(() => {});
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await settle();
  }

  /** Types a line at the prompt. */
  async type(line: string): Promise<void> {
    this.keys?.line(line);
    await settle();
  }

  /** Something happens to standard output. */
  tell(event: "drain" | "error"): void {
    this.isFull = false;
    this.#outputListeners.get(event)?.();
  }

  /** Sends a signal. */
  signal(signal: Signal): void {
    this.#signal?.(signal);
  }

  async #dial(options: RunOptions, _url: string, config: ClientConfig, watcher: Watcher): Promise<Link> {
    this.config = config;
    this.watcher = watcher;
    if (options.refusal !== undefined) throw options.refusal;
    if (options.hangs === true) await new Promise<never>(() => {});
    return this.link;
  }

  #streams({ terminal, environment = {} }: RunOptions): Streams {
    return {
      input: Object.assign(this.input, { isTTY: terminal === "all" || terminal === "input" }),
      output: {
        isTTY: terminal === "all" || terminal === "output",
        write: (text) => {
          this.out += text;
          return !this.isFull;
        },
        on: (event, listener) => this.#outputListeners.set(event, listener),
      },
      errors: { isTTY: terminal === "errors", write: (text) => (this.errors += text) },
      environment,
      onSignal: (listener) => {
        this.#signal = listener;
        return () => (this.#signal = undefined);
      },
      ...(terminal === "all" && { edit: (keys: Keys) => this.#edit(keys) }),
    };
  }

  #edit(keys: Keys): Editor {
    this.keys = keys;
    return { print: (text) => (this.above += text), close: () => (this.keys = undefined) };
  }
}

/** A run that has come as far as it can. */
export async function start(args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const run = new Run(args, options);
  await run.settle();
  return run;
}
