/** A long walk at random through all that can happen to a client, with what must hold at every step (G8, G9, G10). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../../../src/client/message.ts";
import type { Clock } from "../../../src/clock.ts";
import { ConnectionError, InvalidHandshakeError } from "../../../src/errors.ts";
import { Random } from "../../kit/random.ts";
import { type FakeSocket, Fixture, type HeldClock } from "./fixture.ts";

const STEPS = 10_000;
const SEED = 20261121;

const FINAL = [1000, 1002, 1008, 1011, 4000];
const TEMPORARY = [1001, 1005, 1006, 1006, 1006, 1012, 1013, 4429];

// `settle` of the tests takes a message between two ports for it, which is too slow for so many steps.
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** `FakeClock`, but for how promises settle. */
class QuickClock implements HeldClock {
  readonly #timers: Set<{ readonly at: number; readonly callback: () => void }> = new Set();
  #now = 0;

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  schedule(...[callback, ms]: Parameters<Clock["schedule"]>): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  async advance(seconds: number): Promise<void> {
    await settle();
    const end = this.#now + seconds * 1000;
    for (;;) {
      const [timer] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (timer === undefined || timer.at > end) break;
      this.#timers.delete(timer);
      this.#now = timer.at;
      timer.callback();
      await settle();
    }
    this.#now = end;
  }
}

/** One client on its walk. */
class Walk {
  readonly fixture: Fixture;
  readonly #random: Random;
  readonly #aborter = new AbortController();
  readonly #sent: number[] = [];
  readonly #read: number[] = [];
  #kept = 0;
  #settled = 0;
  #writes = 0;
  #messages = 0;
  #closedAt = -1;

  constructor(random: Random) {
    this.#random = random;
    const hasHook = random.chance(0.3);
    this.fixture = new Fixture(
      {
        retryConfig: { backOffFactor: 2, maxCount: random.pick([0, 0, 3]), interval: 0.5 },
        readTimeout: random.pick([-1, 2]),
        writeTimeout: random.pick([-1, -1, 1]),
        handShakeTimeout: random.pick([0, 3]),
        maxQueuedMessages: random.pick([4, 1000]),
        whileDown: random.pick(["queue", "queue", "reject"]),
        signal: this.#aborter.signal,
        ...(random.chance(0.5) && { auth: () => this.#credential() }),
      },
      { cuts: random.chance(0.7), pauses: random.chance(0.7), refusals: true },
      new QuickClock(),
    );
    const { session } = this.fixture;
    if (hasHook) session.hooks.add((write) => this.#hook(write));
    this.fixture.onEvent = () => {
      assert.equal(this.#closedAt, -1, "an event after the close event");
      if (this.fixture.events.at(-1)?.startsWith("close ")) this.#closedAt = this.fixture.events.length;
    };
    this.#keep(session.first);
    this.#keep(session.closed);
  }

  get isOver(): boolean {
    return this.fixture.session.state === "closed";
  }

  /** Does one thing at random, and looks whether all is well. Most do not wait until promises have settled, so that things happen meanwhile. */
  step(): Promise<void> | undefined {
    const random = this.#random;
    const socket = this.fixture.transport.sockets.at(-1);
    const dice = random.integer(1, 100);
    if (dice <= 20) this.#readSome();
    else if (dice <= 40) this.#writeSome();
    else if (dice <= 58) this.#serve(socket);
    else if (dice <= 63) this.#disturb();
    else if (dice <= 68 && socket !== undefined) socket.bufferedAmount = random.pick([0, 2 ** 21]);
    else if (dice <= 98) return this.#pass(random.pick([0, 0.01, 0.3, 1, 5]));
    else if (dice === 99) this.#keep(this.fixture.session.close(4001, "", random.pick([0, 1, 5])));
    else if (random.chance(0.5)) this.#aborter.abort();
    this.#check();
    return undefined;
  }

  /** Ends the client, if it has not ended, and looks whether anything is left. */
  async finish(): Promise<void> {
    const { session, clock, transport, events } = this.fixture;
    this.#keep(session.close(1000, "", 5));
    await clock.advance(10);
    assert.equal(session.state, "closed");
    assert.equal(this.#settled, this.#kept, "every promise settles");
    assert.equal(clock.pending, 0, "no timer is left");
    assert.equal(transport.sockets.filter(({ readyState }) => readyState < 2).length, 0, "no socket is left");
    const { length } = events;
    this.#disturb();
    await clock.advance(1000);
    assert.equal(events.length, length, "nothing follows the end");
    this.#check();
    assert.deepEqual(this.#read, sorted(this.#read), "messages are read in their order");
    const sent = transport.sockets.flatMap((socket) => socket.sent.filter(isNumber).map(Number));
    assert.deepEqual(sent, sorted(sent), "writes go out in their order");
    assert.deepEqual(
      this.#sent.filter((number) => !sent.includes(number)),
      [],
      "what resolved was sent",
    );
    assert.deepEqual(
      sent.filter((number) => !this.#sent.includes(number)),
      [],
      "what was sent resolved",
    );
  }

  async #pass(seconds: number): Promise<void> {
    await this.fixture.clock.advance(seconds);
    this.#check();
  }

  #check(): void {
    const { transport, session } = this.fixture;
    const live = transport.sockets.filter(({ readyState }) => readyState < 2);
    assert.ok(live.length <= 1, `${live.length} live sockets`);
    if (session.state === "open") assert.equal(live.length, 1, "an open client has a socket");
  }

  #serve(socket: FakeSocket | undefined): void {
    if (socket === undefined) return;
    const random = this.#random;
    if (socket.readyState === 0) {
      const status = random.pick([503, 503, 503, 429, 404]);
      if (random.chance(0.7)) socket.open();
      else if (random.chance(0.5)) socket.refuse(new InvalidHandshakeError("Refused", { status, retryAfter: 1 }));
      else socket.refuse(new ConnectionError("Nobody is there"));
    } else if (socket.readyState === 1 && random.chance(0.7)) {
      socket.deliver(`${++this.#messages}`);
    } else if (socket.readyState < 3 && random.chance(0.5)) {
      socket.end(random.pick(random.chance(0.05) ? FINAL : TEMPORARY));
    }
  }

  // What comes late from a socket that is lost, or was given up.
  #disturb(): void {
    const { sockets } = this.fixture.transport;
    const old = sockets.slice(0, -1);
    if (old.length === 0) return;
    const socket = this.#random.pick(old);
    const { readyState } = socket;
    this.#random.pick([
      () => socket.deliver("late"),
      () => socket.end(1000),
      () => socket.refuse(new ConnectionError("late")),
      () => void socket.open(),
    ])();
    socket.readyState = readyState;
  }

  #readSome(): void {
    const read = this.fixture.session.read(this.#random.pick(["text", "text", undefined, undefined, "binary"]));
    this.#keep(read, (message) => {
      assert.notEqual(message, "late", "a message of an old connection was read");
      this.#read.push(Number(message));
    });
  }

  #writeSome(): void {
    const number = ++this.#writes;
    this.#keep(this.fixture.session.write(`${number}`), () => void this.#sent.push(number));
  }

  #hook(write: (message: Message) => Promise<void>): Promise<unknown> {
    const random = this.#random;
    if (random.chance(0.1)) return Promise.reject(new Error("A fault of the program"));
    if (random.chance(0.1)) return new Promise(() => {});
    return write("hello").then(() => settle());
  }

  async #credential(): Promise<{ token: string }> {
    if (this.#random.chance(0.05)) throw new ConnectionError("The issuer is not there");
    if (this.#random.chance(0.3)) await settle();
    return { token: "t" };
  }

  #keep<Value>(promise: Promise<Value>, note: (value: Value) => void = () => {}): void {
    const settled = (): void => {
      this.#settled += 1;
    };
    this.#kept += 1;
    // What `note` throws is nobody's to catch, and fails the test.
    void promise.then((value) => {
      settled();
      note(value);
    }, settled);
  }
}

function isNumber(message: Message): boolean {
  return typeof message === "string" && /^\d+$/.test(message);
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

test(`L11 G9 ${STEPS} steps at random, seed ${SEED}: one live socket, order, nothing lost, nothing left`, async () => {
  const random = new Random(SEED);
  let walk = new Walk(random);
  let walks = 1;
  for (let step = 0; step < STEPS; step++) {
    try {
      const passing = walk.step();
      if (passing !== undefined) await passing;
      if (!walk.isOver && !random.chance(0.005)) continue;
      await walk.finish();
    } catch (error) {
      const { events } = walk.fixture;
      throw new Error(`Step ${step} of seed ${SEED}, client ${walks}: ${events.slice(-8).join(", ")}`, {
        cause: error,
      });
    }
    walk = new Walk(random);
    walks += 1;
  }
  await walk.finish();
  assert.ok(walks > 50, `${walks} clients`);
});
