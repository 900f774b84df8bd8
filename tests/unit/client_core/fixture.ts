/** What the tests of the client's core share: a transport that only notes what it is asked, and a client over it on a clock that the test holds. */
import type { ClientConfig } from "../../../src/client/client_config.ts";
import { ClientCloseEvent, ReconnectingEvent } from "../../../src/client/client_events.ts";
import { toClientRules } from "../../../src/client/client_rules.ts";
import type { Message } from "../../../src/client/message.ts";
import { type Session, toSession } from "../../../src/client/session.ts";
import type { Dial, Handshake, Line, Transport, TransportSocket } from "../../../src/client/transport.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { FakeClock } from "../../../src/testing/fake_clock.ts";
import { settle } from "../../../src/testing/settle.ts";

/** A socket whose server is the test. */
export class FakeSocket implements TransportSocket {
  readyState = 0;
  bufferedAmount = 0;
  /** What was sent, in order. */
  readonly sent: Message[] = [];
  /** What `compress` was for each of them. */
  readonly compressed: (boolean | undefined)[] = [];
  /** The close frames that were sent. */
  readonly closes: (readonly [code: number | undefined, reason: string | undefined])[] = [];
  readonly dial: Dial;
  isTerminated = false;
  isPaused = false;
  pauses = 0;
  /** Whether it takes no message. */
  isDeaf = false;
  readonly terminate?: () => void;
  readonly pause?: () => void;
  readonly resume?: () => void;
  readonly #line: Line;

  constructor(dial: Dial, line: Line, { cuts, pauses }: { cuts: boolean; pauses: boolean }) {
    this.dial = dial;
    this.#line = line;
    if (cuts) {
      this.terminate = () => {
        this.isTerminated = true;
        this.readyState = 3;
      };
    }
    if (!pauses) return;
    this.pause = () => {
      this.isPaused = true;
      this.pauses += 1;
    };
    this.resume = () => {
      this.isPaused = false;
    };
  }

  /** Whether the server could still be reached by it. */
  get isLive(): boolean {
    return this.readyState === 1;
  }

  send(data: Message, compress?: boolean): boolean {
    if (this.isDeaf) return false;
    if (this.readyState !== 1) throw new Error("A message was sent over a socket that is not open");
    this.sent.push(data);
    this.compressed.push(compress);
    return true;
  }

  close(code?: number, reason?: string): void {
    this.closes.push([code, reason]);
    this.readyState = this.readyState === 1 ? 2 : 3;
  }

  /** The server accepts. */
  open(handshake: Handshake = { protocol: "" }): this {
    this.readyState = 1;
    this.#line.opened(handshake);
    return this;
  }

  /** The server refuses, or is not there. */
  refuse(error: Error = new ConnectionError("Nobody is there")): void {
    this.readyState = 3;
    this.#line.refused(error);
  }

  /** The server sends. */
  deliver(message: Message): void {
    this.#line.message(message);
  }

  /** The connection ends. */
  end(code = 1006, reason = "", cause?: Error): void {
    this.readyState = 3;
    this.#line.closed(code, reason, cause);
  }
}

/** How a fake transport differs from `ws`. */
export interface FakeOptions {
  /** Whether it tells why there is no connection. @default true */
  refusals?: boolean;
  /** Whether a connection can be cut. @default true */
  cuts?: boolean;
  /** Whether reading can be paused. @default true */
  pauses?: boolean;
  /** Thrown by `dial`. */
  fault?: Error;
}

/** A transport that notes what it is asked. */
export class FakeTransport implements Transport {
  readonly name = "fake";
  readonly ping = true;
  readonly refusals: boolean;
  /** All that were dialled, in order. */
  readonly sockets: FakeSocket[] = [];
  readonly #options: FakeOptions;

  constructor(options: FakeOptions = {}) {
    this.refusals = options.refusals ?? true;
    this.#options = options;
  }

  dial(dial: Dial, line: Line): FakeSocket {
    if (this.#options.fault !== undefined) throw this.#options.fault;
    const { cuts = true, pauses = true } = this.#options;
    const socket = new FakeSocket(dial, line, { cuts, pauses });
    this.sockets.push(socket);
    return socket;
  }
}

/** A clock that the test moves. */
export type HeldClock = Pick<FakeClock, "now" | "schedule" | "advance" | "pending">;

/** A client over a fake transport. */
export class Fixture {
  readonly clock: HeldClock;
  readonly transport: FakeTransport;
  readonly session: Session;
  /** The events, in order, each with what it tells. */
  readonly events: string[] = [];
  /** What `reconnecting` told. */
  readonly waits: ReconnectingEvent[] = [];
  /** Is called with each event. */
  onEvent: (event: Event) => void = () => {};

  constructor(config: ClientConfig, options: FakeOptions, clock: HeldClock = new FakeClock()) {
    this.clock = clock;
    this.transport = new FakeTransport(options);
    const rules = toClientRules("ws://localhost/path", config);
    this.session = toSession(rules, this.transport, (event) => this.#note(event), this.clock);
    this.session.first.catch(() => {});
  }

  /** The socket that was dialled last. */
  get socket(): FakeSocket {
    const socket = this.transport.sockets.at(-1);
    if (socket === undefined) throw new Error("Nothing was dialled");
    return socket;
  }

  /** How often was dialled. */
  get attempts(): number {
    return this.transport.sockets.length;
  }

  /** The seconds of the last wait. */
  get wait(): number {
    return this.waits.at(-1)?.wait ?? Number.NaN;
  }

  /** Lets the wait pass, and what was to be done then be done. */
  async again(): Promise<FakeSocket> {
    await this.clock.advance(this.wait);
    return this.socket;
  }

  #note(event: Event): void {
    // A signal that has aborted before ends a client while it is made.
    if (this.session === undefined) return;
    if (event instanceof ReconnectingEvent) {
      this.waits.push(event);
      this.events.push(`reconnecting ${event.attempt}`);
    } else if (event instanceof ClientCloseEvent) this.events.push(`close ${event.code}`);
    else this.events.push(event.type === "statechange" ? this.session.state : event.type);
    this.onEvent(event);
  }
}

/** Retries on the second, without chance. */
export const STEADY = { jitter: 0 };

/** Begins to connect; the first socket is dialled when it resolves. */
export async function start(config: ClientConfig = {}, options: FakeOptions = {}): Promise<Fixture> {
  const fixture = new Fixture(config, options);
  await settle();
  return fixture;
}

/** The same, and the server accepts. */
export async function connected(config: ClientConfig = {}, options: FakeOptions = {}): Promise<Fixture> {
  const fixture = await start(config, options);
  fixture.socket.open();
  await fixture.session.first;
  return fixture;
}

/** What has become of a promise: its value or error, or "pending". */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return await Promise.race([promise.catch((error: unknown) => error), settle().then(() => "pending")]);
}

/** Whether an error is another one, or has it as its cause. */
export function isFrom(error: unknown, cause: Error): boolean {
  return error === cause || (error instanceof Error && error.cause === cause);
}
