/** Walks at random through what a service, its peer and the time can do to a connection, and what must hold whatever has happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Caller, closeFrame, type Service } from "../../mod.ts";
import { FakeClock, pair, settle, type TestClient } from "../../src/testing/mod.ts";
import { Random } from "../kit/random.ts";
import { silent } from "./support.ts";

const WALKS = 300;
const FIRST_SEED = 1;

/** One connection on its walk. */
class Walk {
  readonly #random: Random;
  readonly #clock = new FakeClock();
  readonly #client: TestClient;
  readonly #trace: string[] = [];
  readonly #faults: string[] = [];
  // What callbacks and streams wait for.
  #gates: (() => void)[] = [];
  #ends = 0;
  #caller: Caller | undefined;
  #running: string | undefined;
  #hasClosed = false;
  #texts = 0;
  #handled = 0;
  #writes = 0;
  #promises = 0;
  #streams = 0;
  #depth = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    const config = {
      heartbeat: random.chance(0.5) && { interval: 1, timeout: 0.5 },
      idleTimeout: random.pick([0, 0, 2]),
      connectionClosureTimeout: random.pick([0, 1, 5]),
      maxQueuedMessages: random.pick([1, 2, 64]),
      maxBufferedAmount: random.pick([1000, 70_000, 1_048_576]),
      writeTimeout: random.pick([1, 30]),
      maxFrameSize: 60_000,
    };
    const manners = { answerClose: random.chance(0.7), answerPings: random.chance(0.7) };
    this.#client = pair(this.#service(), config, { clock: this.#clock, logger: silent(), ...manners }).client;
  }

  async run(): Promise<void> {
    for (let left = this.#random.integer(3, 40); left > 0; left--) await this.#step();
    this.#client.resumeReading();
    this.#client.drop();
    // Callbacks may wait again when they go on.
    for (let i = 0; i < 20; i++) await this.#goOn();
    await this.#clock.advance(30);
    await this.#goOn();
  }

  check(): void {
    const told = [...this.#faults, ...this.#trace.slice(-20)].join("\n");
    assert.deepEqual(this.#faults, [], told);
    assert.equal(this.#ends, 1, `onClose runs once\n${told}`);
    assert.equal(this.#running, undefined, `a callback has not ended\n${told}`);
    assert.equal(this.#streams, 0, `a stream has not ended\n${told}`);
    assert.equal(this.#promises, 0, `a promise has not settled\n${told}`);
    assert.equal(this.#clock.pending, 0, `a timer is left\n${told}`);
    const writes = this.#client.messages.filter((message) => String(message).startsWith("write "));
    assert.deepEqual(
      writes,
      writes.map((_, i) => `write ${i}`),
      `writes arrive in order\n${told}`,
    );
  }

  #service(): Service {
    const random = this.#random;
    return {
      onOpen: (caller) => this.#call("onOpen", caller),
      onTextMessage: (caller, text) => {
        if (Number(text) !== this.#handled++) this.#faults.push(`text ${text} came as number ${this.#handled}`);
        return this.#call("onTextMessage", caller);
      },
      onBinaryMessage: (caller) => this.#call("onBinaryMessage", caller),
      onClose: (caller) => {
        if (caller.isOpen || !caller.signal.aborted) this.#faults.push("the caller is not told of the end");
        return this.#call("onClose", caller);
      },
      ...(random.chance(0.6) && { onError: (caller: Caller) => this.#call("onError", caller) }),
      ...(random.chance(0.5) && { onPing: (caller: Caller) => this.#call("onPing", caller) }),
      ...(random.chance(0.5) && { onPong: (caller: Caller) => this.#call("onPong", caller) }),
      ...(random.chance(0.3) && { onIdleTimeout: (caller: Caller) => this.#call("onIdleTimeout", caller) }),
    };
  }

  /** A callback: it does something at random, at once or later, and the next may not begin before. */
  #call(name: string, caller: Caller): undefined {
    this.#trace.push(name);
    const isFirst = this.#caller === undefined;
    if (isFirst !== (name === "onOpen")) this.#faults.push(`${name} out of turn`);
    this.#caller = caller;
    if (this.#running !== undefined) this.#faults.push(`R2 ${name} begins while ${this.#running} runs`);
    // What onClose throws is told by onError.
    if (this.#ends > 0 && name !== "onError") this.#faults.push(`R13 ${name} after onClose`);
    if (this.#hasClosed && /Message|Ping|Pong|Idle/.test(name)) this.#faults.push(`R21 ${name} after our own close`);
    if (name === "onClose") this.#ends += 1;
    this.#running = name;
    const reply = this.#ended(() => (this.#random.chance(0.45) ? this.#act(name) : undefined));
    // The types of replies would only be in the way here.
    return reply as undefined;
  }

  #ended(callback: () => unknown): unknown {
    const done = (): void => {
      this.#running = undefined;
    };
    let reply: unknown;
    try {
      reply = callback();
    } catch (error) {
      done();
      throw error;
    }
    if (reply instanceof Promise) return reply.finally(done);
    done();
    return reply;
  }

  /** What code of the service may do anywhere; gives or throws what a callback may. */
  #act(where: string): unknown {
    const caller = this.#caller as Caller;
    if (this.#depth > 3) return undefined;
    this.#depth += 1;
    const acts: (() => unknown)[] = [
      () => this.#close(() => this.#keep(caller.close(this.#random.pick([1000, 4000]), "", this.#random.pick([0, 1])))),
      () => this.#close(() => caller.terminate()),
      () => caller.isOpen && this.#keep(caller.writeTextMessage(`write ${this.#writes++}`)),
      () => this.#keep(caller.writeTextMessage("x".repeat(this.#random.pick([10, 50_000, 200_000])))),
      () => this.#keep(caller.ping()),
      () => caller.signal.addEventListener("abort", () => this.#actAside("an abort listener"), { once: true }),
      () => new Error("returned"),
      () => closeFrame(4007),
      () => this.#stream(),
      () => this.#wait().then(() => this.#act(`${where}, later`)),
      () => Promise.reject(new Error("rejected")),
      () => "x".repeat(30_000),
      () => 10n,
    ];
    const act = this.#random.integer(0, acts.length);
    this.#trace.push(`${where} does ${act}`);
    try {
      const reply = acts[act]?.();
      if (act === acts.length) throw new Error("thrown");
      return act < 6 ? undefined : reply;
    } finally {
      this.#depth -= 1;
    }
  }

  // Where nobody takes what is given, or thrown.
  #actAside(where: string): void {
    try {
      const reply = this.#act(where);
      if (reply instanceof Promise) reply.catch(() => {});
    } catch {
      // As it has to be.
    }
  }

  #close(close: () => void): void {
    this.#hasClosed = true;
    close();
  }

  #keep(promise: Promise<void>): void {
    this.#promises += 1;
    const settled = (): void => {
      this.#promises -= 1;
    };
    promise.then(settled, settled);
  }

  async *#stream(): AsyncGenerator<unknown> {
    this.#streams += 1;
    try {
      for (let left = this.#random.pick([3, 50, 2000]); left > 0; left--) {
        if (this.#random.chance(0.1)) await this.#wait();
        if (this.#random.chance(0.02)) this.#actAside("a stream");
        yield "y".repeat(100);
      }
    } finally {
      this.#streams -= 1;
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => void this.#gates.push(resolve));
  }

  async #goOn(): Promise<void> {
    for (const gate of this.#gates.splice(0)) gate();
    await this.#clock.advance(0.5);
  }

  /** Something that happens: the peer does it, the time, or the service from without. */
  async #step(): Promise<void> {
    const random = this.#random;
    const client = this.#client;
    const steps: (() => unknown)[] = [
      () => this.#say(),
      () => this.#say(),
      () => this.#say(),
      () => client.send(new Uint8Array(random.pick([1, 61_000]))),
      () => client.ping(),
      () => client.pong(),
      () => random.chance(0.3) && void client.close(random.pick([1000, 4100])),
      () => random.chance(0.3) && client.drop(),
      () => client.pauseReading(),
      () => client.resumeReading(),
      () => this.#clock.advance(random.pick([0, 0.3, 1, 3])),
      () => this.#gates.splice(0, random.integer(0, 2)).forEach((gate) => void gate()),
      () => this.#actAside("the service"),
      () => settle(),
      () => settle(),
    ];
    const step = random.integer(0, steps.length - 1);
    this.#trace.push(`step ${step}`);
    try {
      await steps[step]?.();
    } catch (error) {
      // Of a client that has left.
      if (!/^Cannot send/.test((error as Error).message)) throw error;
    }
  }

  #say(): void {
    for (let left = this.#random.integer(1, 5); left > 0; left--) {
      this.#client.send(`${this.#texts}`);
      this.#texts += 1;
    }
  }
}

test(`R1 R2 R13 R14 R21 whatever happens in ${WALKS} connections, callbacks keep their order, and nothing is left`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WALKS; seed++) {
    const walk = new Walk(seed);
    try {
      await walk.run();
      walk.check();
    } catch (error) {
      throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});
