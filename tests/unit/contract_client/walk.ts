/** Walks at random through all that can happen to a client with a contract, and what must hold whatever has happened. */
import assert from "node:assert/strict";
import { settle } from "../../../src/testing/settle.ts";
import { Random } from "../../kit/random.ts";
import type { FakeSocket } from "../client_core/fixture.ts";
import { clientTest, open, soon } from "./fixture.ts";

const WALKS = 12;
const STEPS = 150;
const SYMBOL = { symbol: "A" };

type Pair = Awaited<ReturnType<typeof open>>;

/** One client on its walk. */
class Walk {
  readonly #pair: Pair;
  readonly #random: Random;
  /** Promises that have not settled. */
  readonly #pending: Set<Promise<unknown>> = new Set();
  readonly #streams: AsyncIterableIterator<{ price: number }, undefined>[] = [];
  readonly #pushes: AsyncIterableIterator<number, undefined>[] = [];
  readonly #aborters: AbortController[] = [];
  readonly #sockets: Set<FakeSocket> = new Set();
  /** The last item of each stream. */
  readonly #last: Map<object, number> = new Map();
  #price = 0;
  #disorder = 0;
  settled = 0;

  constructor(pair: Pair, random: Random) {
    this.#pair = pair;
    this.#random = random;
  }

  async run(): Promise<void> {
    const steps = [
      () => this.#request(),
      () => this.#request(),
      () => this.#stream(),
      () => this.#next(),
      () => this.#next(),
      () => this.#next(),
      () => this.#push(),
      () => void this.#random.pick([...this.#streams, ...this.#pushes, undefined])?.return?.(),
      () => this.#random.pick([...this.#aborters, undefined])?.abort(new Error("enough")),
      () => this.#say(),
      () => this.#say(),
      () => this.#say(),
      () => this.#say(),
      () => settle(),
      () => settle(),
      () => this.#pair.clock.advance(this.#random.next()),
      () => this.#lose(),
    ];
    for (let step = 0; step < STEPS; step++) {
      this.#sockets.add(this.#pair.socket);
      await this.#random.pick(steps)();
    }
    await this.#pair.client.close(1000, "", 0);
    await this.#pair.clock.advance(0);
    for (const iterator of [...this.#streams, ...this.#pushes]) this.#watch(this.#drain(iterator));
    await settle();
  }

  /** Fails if something is left, or was sent that may not be. */
  check(): void {
    assert.equal(this.#pending.size, 0, "something never settles");
    assert.equal(this.#disorder, 0, "items lose their order");
    assert.equal(this.#pair.clock.pending, 0, "a timer is left");
    for (const { sent } of this.#sockets) {
      const asked = new Set<unknown>();
      const cancelled = new Set<unknown>();
      for (const message of sent) {
        const { event, id } = JSON.parse(String(message));
        const ids = event === "cancel" ? cancelled : asked;
        assert.ok(!ids.has(id), `${event} ${id} goes out twice`);
        ids.add(id);
        assert.ok(asked.has(id), `${id} was not asked for and is cancelled`);
      }
    }
  }

  #watch(promise: Promise<unknown>): void {
    this.#pending.add(promise);
    const done = (): void => {
      this.settled += 1;
      assert.ok(this.#pending.delete(promise));
    };
    promise.then(done, done);
  }

  #options(): { timeout?: number; signal?: AbortSignal } {
    const aborter = new AbortController();
    if (this.#random.chance(0.3)) this.#aborters.push(aborter);
    return { signal: aborter.signal, ...(this.#random.chance(0.5) && { timeout: 0.1 + this.#random.next() }) };
  }

  #request(): void {
    this.#watch(this.#pair.client.request("quote", SYMBOL, this.#options()));
  }

  #stream(): void {
    const resubscribe = this.#random.chance(0.5);
    const stream = this.#pair.client.stream("prices", SYMBOL, { ...this.#options(), resubscribe });
    this.#streams.push(stream);
  }

  #next(): void {
    const stream = this.#random.pick([...this.#streams, undefined]);
    if (stream !== undefined) this.#watch(this.#item(stream));
  }

  #push(): void {
    if (this.#pushes.length < 3) this.#pushes.push(this.#pair.client.pushes("tick"));
    else this.#watch(this.#random.pick(this.#pushes).next());
  }

  async #item(stream: AsyncIterableIterator<{ price: number }, undefined>): Promise<void> {
    const { value } = await stream.next();
    if (value === undefined) return;
    if (value.price <= (this.#last.get(stream) ?? 0)) this.#disorder += 1;
    this.#last.set(stream, value.price);
  }

  async #drain(iterator: AsyncIterableIterator<unknown>): Promise<void> {
    for await (const _item of iterator);
  }

  /** The service says something of an id that was sent, or was not. */
  #say(): void {
    const { socket, sent } = this.#pair;
    if (socket.readyState !== 1) return;
    const asked = sent.filter(({ event }) => event !== "cancel");
    const id = this.#random.pick([...asked.slice(-8).map((message) => message.id), "999"]);
    this.#price += 1;
    const frames = [
      { event: "prices", id, price: this.#price },
      { event: "prices", id, price: this.#price },
      { event: "prices", id, price: this.#price },
      { event: "complete", id },
      { event: "error", id, code: "x" },
      { event: "prices", id, price: "unfit" },
      { event: "tick", data: this.#price },
    ];
    socket.deliver(JSON.stringify(this.#random.pick(frames)));
  }

  async #lose(): Promise<void> {
    if (!this.#random.chance(0.3) || !this.#pair.client.isOpen) return;
    this.#pair.lose();
    for (let count = this.#random.integer(0, 3); count > 0; count--)
      this.#random.pick([() => this.#request(), () => this.#next()])();
    if (this.#random.chance(0.5)) await this.#pair.clock.advance(0);
    await this.#pair.opened();
  }
}

clientTest("C5 whatever happens, all that was asked settles, in order, and nothing goes out twice", async () => {
  let settled = 0;
  for (let seed = 1; seed <= WALKS; seed++) {
    const walk = new Walk(await open(soon), new Random(seed));
    try {
      await walk.run();
      walk.check();
    } catch (error) {
      throw new Error(`Seed ${seed}`, { cause: error });
    }
    settled += walk.settled;
  }
  assert.ok(settled > WALKS * 20, `${settled} promises`);
});
