/** A typed client whose server is the test. */
import { test } from "node:test";
import * as v from "valibot";
import { Client, type ClientConfig, type Transport } from "../../../entries/client.ts";
import { type ContractDefinition, contract, type StandardSchema } from "../../../entries/contract.ts";
import { toTypedClient } from "../../../src/contract/client/typed_client.ts";
import type { TypedMethods } from "../../../src/contract/client/typed_methods.ts";
import type { Contract } from "../../../src/contract/contract.ts";
import { FakeClock } from "../../../src/testing/fake_clock.ts";
import { settle } from "../../../src/testing/settle.ts";
import { FakeSocket } from "../client_core/fixture.ts";

/** A schema whose values are what it takes. */
type Plain<Value> = StandardSchema<Value, Value>;

export interface Market extends ContractDefinition {
  readonly messages: {
    readonly quote: { readonly message: Plain<{ symbol: string }>; readonly reply: Plain<{ price: number }> };
    readonly count: { readonly message: Plain<object>; readonly reply: Plain<number> };
    readonly list: { readonly message: Plain<object>; readonly reply: Plain<string[]> };
    readonly beat: { readonly message: Plain<object> };
    readonly prices: {
      readonly message: Plain<{ symbol: string }>;
      readonly reply: Plain<{ price: number }>;
      readonly stream: true;
    };
    readonly raw: { readonly message: Plain<object>; readonly stream: true };
  };
  readonly pushes: { readonly alert: Plain<{ text: string }>; readonly tick: Plain<number> };
}

const symbol = v.object({ symbol: v.string() });
const price = v.object({ price: v.number() });

export const market: Contract<Market> = contract<Market>({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: {
    quote: { message: symbol, reply: price },
    count: { message: v.object({}), reply: v.number() },
    list: { message: v.object({}), reply: v.array(v.string()) },
    beat: { message: v.object({}) },
    prices: { message: symbol, reply: price, stream: true },
    raw: { message: v.object({}), stream: true },
  },
  pushes: { alert: v.object({ text: v.string() }), tick: v.number() },
});

const clients = new Set<Client>();

/** Registers a test, whose clients end with it. */
export function clientTest(title: string, fn: () => Promise<void>): void {
  test(title, async () => {
    try {
      await fn();
    } finally {
      await Promise.all([...clients].map((client) => client.close(1000, "", 0)));
      clients.clear();
    }
  });
}

/** A transport whose connections are there at once. */
export class Ready implements Transport {
  readonly #greetings: readonly string[];
  readonly name = "ready";
  readonly refusals = true;
  /** How many of the next attempts fail. */
  failures = 0;
  readonly sockets: FakeSocket[] = [];

  /** Takes what servers send first. */
  constructor(...greetings: readonly string[]) {
    this.#greetings = greetings;
  }

  dial(...[dial, line]: Parameters<Transport["dial"]>): FakeSocket {
    const socket = new FakeSocket(dial, line, { cuts: true, pauses: true });
    this.sockets.push(socket);
    queueMicrotask(() => {
      if (this.failures-- > 0) return socket.refuse();
      socket.open();
      for (const message of this.#greetings) socket.deliver(message);
    });
    return socket;
  }
}

/** A client and its server. */
export class Pair<Definition extends ContractDefinition = Market> {
  readonly client: Client & TypedMethods<Definition>;
  readonly clock: FakeClock;
  readonly #transport: Ready;

  private constructor(client: Client & TypedMethods<Definition>, clock: FakeClock, transport: Ready) {
    this.client = client;
    this.clock = clock;
    this.#transport = transport;
  }

  static async of<Definition extends ContractDefinition>(
    spoken: Contract<Definition>,
    config: ClientConfig = {},
  ): Promise<Pair<Definition>> {
    const transport = new Ready();
    const clock = new FakeClock();
    const plain = await Client.connect("ws://localhost/", { transport, ...config });
    clients.add(plain);
    const typed = Object.assign(
      plain,
      toTypedClient<Definition>(spoken.rules, plain, config.validation ?? true, clock),
    );
    // Then reading begins.
    await clock.advance(0);
    return new Pair(typed, clock, transport);
  }

  /** The connection that was made last. */
  get socket(): FakeSocket {
    const socket = this.#transport.sockets.at(-1);
    if (socket === undefined) throw new Error("Nothing was dialled");
    return socket;
  }

  /** How many connections there were. */
  get connections(): number {
    return this.#transport.sockets.length;
  }

  /** What the client has sent over the last connection. */
  get sent(): Record<string, unknown>[] {
    return this.socket.sent.map((message) => JSON.parse(String(message)));
  }

  /** Sends what the test says, and lets it arrive. */
  async say(...messages: (object | string | Uint8Array<ArrayBuffer>)[]): Promise<void> {
    for (const message of messages) {
      const isRaw = typeof message === "string" || message instanceof Uint8Array;
      this.socket.deliver(isRaw ? message : JSON.stringify(message));
    }
    await settle();
  }

  /** Loses the connection, and waits for the next one. */
  async reconnect(): Promise<void> {
    this.lose();
    await this.clock.advance(0);
    await this.opened();
  }

  /** Has the next attempts fail. */
  refuseNext(count: number): void {
    this.#transport.failures = count;
  }

  /** Loses the connection. */
  lose(): void {
    this.socket.end();
  }

  /** Waits until the client is open again. */
  async opened(): Promise<void> {
    while (!this.client.isOpen) {
      await new Promise((resolve) => this.client.addEventListener("statechange", resolve, { once: true }));
    }
    await settle();
  }
}

/** Makes a pair that speaks {@link market}. */
export function open(config: ClientConfig = {}): Promise<Pair<Market>> {
  return Pair.of(market, config);
}

/** To try again soon. */
export const soon = { retryConfig: { interval: 0.001, jitter: 0 } } as const;

/** What has become of a promise: its value or error, or "pending". */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return await Promise.race([promise.catch((error: unknown) => error), settle().then(() => "pending")]);
}
