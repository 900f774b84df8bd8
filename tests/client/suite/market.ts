/** A contract, and a service of it that tells what becomes of its streams. */
import * as v from "valibot";
import { Client, type ClientConfig } from "../../../entries/client.ts";
import {
  type Contract,
  type ContractDefinition,
  contract,
  RequestError,
  type StandardSchema,
  type TypedMethods,
} from "../../../entries/contract.ts";
import { closeFrame, Listener } from "../../../mod.ts";
import { Waiter } from "../../kit/waiter.ts";
import { host, type Scene } from "./subject.ts";

type Plain<Value> = StandardSchema<Value, Value>;

/** The types of the contract. */
export interface MarketDefinition extends ContractDefinition {
  readonly messages: {
    readonly quote: { readonly message: Plain<{ symbol: string }>; readonly reply: Plain<{ price: number }> };
    readonly beat: { readonly message: Plain<object> };
    readonly fail: { readonly message: Plain<{ how: "throw" | "refuse" | "close" }> };
    readonly wait: { readonly message: Plain<object> };
    readonly alarm: { readonly message: Plain<{ count: number }> };
    readonly prices: {
      readonly message: Plain<{ symbol: string; count: number }>;
      readonly reply: Plain<{ price: number; chart?: string | undefined }>;
      readonly stream: true;
    };
    readonly broken: { readonly message: Plain<object>; readonly reply: Plain<number>; readonly stream: true };
  };
  readonly pushes: { readonly alert: Plain<{ text: string }> };
}

const price = v.object({ price: v.number(), chart: v.optional(v.string()) });

/** What service and client agree on. */
export const market: Contract<MarketDefinition> = contract<MarketDefinition>({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    quote: {
      message: v.object({ symbol: v.pipe(v.string(), v.maxLength(8)) }),
      reply: v.object({ price: v.number() }),
    },
    beat: { message: v.object({}) },
    fail: { message: v.object({ how: v.picklist(["throw", "refuse", "close"]) }) },
    wait: { message: v.object({}) },
    alarm: { message: v.object({ count: v.number() }) },
    prices: { message: v.object({ symbol: v.string(), count: v.number() }), reply: price, stream: true },
    broken: { message: v.object({}), reply: v.number(), stream: true },
  },
  pushes: { alert: v.object({ text: v.string() }) },
});

/** A client that speaks it. */
export type MarketClient = Client & TypedMethods<MarketDefinition>;

/** A running service. */
export class Market implements AsyncDisposable {
  /** What its handlers have noted. */
  readonly log: string[] = [];
  /** What its `onError` was told. */
  readonly errors: string[] = [];
  /** The last item that a stream has sent. */
  sent = 0;
  readonly #waiter = new Waiter();
  readonly #listener = new Listener(0, {
    host,
    // So that what is sent takes its room.
    webSocketCompressionEnabled: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });

  /** Starts one. */
  static async start(scene: Scene): Promise<Market> {
    const started = scene.own(new Market());
    started.#listener.attach("/", () => started.#service());
    await started.#listener.start();
    return started;
  }

  readonly host: string = host;

  get port(): number {
    return this.#listener.port;
  }

  get url(): string {
    return `ws://${host}:${this.port}/`;
  }

  /** Notes something. */
  note(line: string): void {
    this.log.push(line);
    this.#waiter.wake();
  }

  /** Waits until something was noted, so often. */
  async until(line: string, times = 1): Promise<void> {
    const isThere = () => this.log.filter((other) => other === line).length >= times;
    await this.#waiter.until(line, isThere, 8000, () => this.log.slice(-20).join(", "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.immediateStop();
  }

  #service(): ReturnType<typeof market.service> {
    const sent = (number: number): void => {
      this.sent = number;
    };
    const note = (line: string): void => this.note(line);
    return market.service({
      onError: (_caller, error) => void this.errors.push(error.message),
      onQuote: (_caller, { symbol }) => ({ price: symbol.length }),
      onBeat() {},
      onFail(_caller, { how }) {
        if (how === "throw") throw new Error("a secret");
        if (how === "close") return closeFrame(4001, "As you wish");
        throw new RequestError("Not today", { code: "busy", issues: [{ message: "Too many", path: ["a", 0] }] });
      },
      async onWait(_caller, _message, { signal }) {
        note("waits");
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        note("waits no more");
      },
      async onAlarm(caller, { count }) {
        for (let number = 1; number <= count; number++) await caller.send("alert", { text: `${number}` });
      },
      async *onPrices(_caller, { symbol, count }, { signal }) {
        note(`begins ${symbol}`);
        try {
          for (let number = 1; number <= count; number++) {
            if (symbol === "slow") {
              if (number > 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
              if (signal.aborted) return;
            }
            yield symbol === "large" ? { price: number, chart: "x".repeat(16_384) } : { price: number };
            sent(number);
          }
        } finally {
          note(`ends ${symbol}`);
        }
      },
      async *onBroken() {
        yield 1;
        yield 2;
        throw new Error("a secret");
      },
    });
  }
}

/** Connects a client that speaks it. */
export function connect(scene: Scene, to: { readonly url: string }, config: ClientConfig = {}): Promise<MarketClient> {
  return scene.within("connect", Client.connect(to.url, { ...scene.config(config), contract: market }));
}
