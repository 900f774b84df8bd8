/** What the tests of the transports share: a line that writes down what it is told, and dials. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { FrameLine } from "../../adapters/ws/heartbeat.ts";
import { wsTransport } from "../../adapters/ws/mod.ts";
import { webSocketTransport } from "../../src/client/platform.ts";
import type { Dial, Handshake, Transport } from "../../src/client/transport.ts";
import type { WebSocketError } from "../../src/errors.ts";
import type { RuntimeSocket } from "../../src/socket.ts";
import { type Own, scoped } from "../kit/scoped.ts";
import { Waiter } from "../kit/waiter.ts";

/** Milliseconds that a wait may take. */
const PATIENCE = 8000;
/** The same where it is known to be in vain; all that does come takes a few milliseconds. */
const SHORT_PATIENCE = 1000;

const runtime = "Bun" in globalThis ? "bun" : process.versions.deno === undefined ? "node" : "deno";

// A version of Node goes by its own name too.
const names = runtime === "node" ? [runtime, `node${process.versions.node.split(".")[0]}`] : [runtime];

/** The transports, by their names. */
export const transports: readonly Transport[] = [webSocketTransport(), wsTransport];

/** A line that writes down what it is told. */
export class Recorder implements FrameLine {
  /** The names of what was called, in order, with the text of messages and the codes of ends. */
  readonly told: string[] = [];
  /** Every message. */
  readonly messages: (string | Uint8Array<ArrayBuffer>)[] = [];
  /** The bytes of pings and pongs. */
  readonly controls: Uint8Array<ArrayBuffer>[] = [];
  handshake: Handshake | undefined;
  refusal: WebSocketError | undefined;
  fault: { readonly code: number; readonly cause: unknown } | undefined;
  end: { readonly code: number; readonly reason: string } | undefined;
  /** Milliseconds that a wait may take. */
  patience: number = PATIENCE;
  readonly #waiter = new Waiter();

  opened(handshake: Handshake): void {
    this.handshake = handshake;
    this.#tell("opened");
  }

  refused(error: WebSocketError): void {
    this.refusal = error;
    this.#tell("refused");
  }

  message(data: string | Uint8Array<ArrayBuffer>): void {
    this.messages.push(data);
    this.#tell(typeof data === "string" ? "text" : "binary");
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.controls.push(data);
    this.#tell("ping");
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.controls.push(data);
    this.#tell("pong");
  }

  closed(code: number, reason: string, cause?: Error): void {
    if (cause !== undefined) {
      this.fault = { code, cause };
      this.#tell(`failed ${code}`);
    }
    this.end = { code, reason };
    this.#tell(`closed ${code}`);
  }

  /** Waits until something has been told. */
  async until(what: string, isThere: () => boolean): Promise<void> {
    await this.#waiter.until(what, isThere, this.patience, () => `told: ${this.told.slice(-20).join(", ")}`);
  }

  /** Waits until that has been called `count` times. */
  async heard(name: string, count = 1): Promise<void> {
    await this.until(name, () => this.told.filter((one) => one.split(" ")[0] === name).length >= count);
  }

  #tell(name: string): void {
    this.told.push(name);
    this.#waiter.wake();
  }
}

/** A connection, or an attempt, that is dropped at the end of its test. */
export interface Dialled extends AsyncDisposable {
  readonly line: Recorder;
  readonly socket: RuntimeSocket;
}

/** Begins to connect. */
export function dial(transport: Transport, url: string, options: Partial<Dial> = {}): Dialled {
  const line = new Recorder();
  const asked = { protocols: [], headers: {}, compression: false, maxFrameSize: 65536 };
  const socket: RuntimeSocket = transport.dial({ ...asked, ...options, url }, line);
  if (line.told.length > 0) throw new Error(`The line was called while dial ran: ${line.told}`);
  return {
    line,
    socket,
    async [Symbol.asyncDispose]() {
      if (socket.terminate !== undefined) socket.terminate();
      else socket.close();
      await Promise.resolve();
    },
  };
}

/** Every text that an error shows, its causes and their stacks among them. */
export function everyText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.message, error.stack, error.cause === undefined ? "" : everyText(error.cause)].join("\n");
}

/** What a transport does otherwise, and cannot be made to do. Such a test has to fail, so that a fix upstream is noticed. */
interface Gap {
  readonly transport: string;
  /** The runtimes, or versions of Node. */
  readonly on: readonly string[];
  readonly key: string;
  /** What happens instead, as it was measured. */
  readonly reason: string;
  readonly upstream: string;
}

const FASTWEBSOCKETS = "https://github.com/denoland/fastwebsockets";
const DENO = "https://github.com/denoland/deno/tree/main/ext/websocket";
const BUN = "https://github.com/oven-sh/bun/tree/main/src/http_jsc/websocket_client";

const gaps: readonly Gap[] = [
  ...["a wrong Sec-WebSocket-Accept", "no Sec-WebSocket-Accept", "an extension that nobody asked for"].map((key) => ({
    transport: "platform",
    on: ["deno"],
    key,
    reason: "Deno opens whatever the 101 says",
    upstream: DENO,
  })),
  {
    transport: "platform",
    on: ["deno", "node"],
    key: "server_max_window_bits=99",
    reason: "Deno reads no extension, Node no value of this one",
    upstream: "https://github.com/nodejs/undici/tree/main/lib/web/websocket",
  },
  {
    transport: "platform",
    on: ["deno"],
    key: "a masked frame",
    reason: "Deno delivers frames of a server that are masked",
    upstream: FASTWEBSOCKETS,
  },
  {
    transport: "platform",
    on: ["deno", "bun"],
    key: "1,000,000 fragments",
    reason: "Deno and Bun take a million fragments of a message that does not end",
    upstream: FASTWEBSOCKETS,
  },
  {
    transport: "platform",
    on: ["deno", "node"],
    key: "unanswered",
    reason: "Deno and Node wait for ever for the answer to a close, and cannot be told to drop the connection",
    upstream: "https://github.com/denoland/deno/issues/27924",
  },
  ...["a 101 without Upgrade", "a 101 without Connection"].map((key) => ({
    transport: "platform",
    on: ["node22"],
    key,
    reason: "Node 22 tells nothing of such an answer, so that handShakeTimeout ends the attempt",
    upstream: "https://github.com/nodejs/undici/tree/v6.x/lib/web/websocket",
  })),
  ...["a header of 1 MiB", "100,000 headers"].map((key) => ({
    transport: "ws",
    on: ["bun"],
    key,
    reason: "Bun's own ws says by no code that it is the answer that is too large: ConnectionError",
    upstream: BUN,
  })),
  {
    transport: "ws",
    on: ["bun"],
    key: "lingering",
    reason: "Bun's own ws does not tell that the server has closed, so it waits for closeTimeout, 10 s",
    upstream: BUN,
  },
];

/** Registers a test; where the transport has the gap that `key` names, `fn` must fail, and its waits should be as short as `patience` says. */
export function gapTest(
  transport: string,
  key: string,
  title: string,
  fn: (own: Own, patience: number) => Promise<void>,
): void {
  const gap = gaps.find(
    (one) => one.transport === transport && one.key === key && one.on.some((on) => names.includes(on)),
  );
  if (gap === undefined) return void test(title, () => scoped((own) => fn(own, PATIENCE)));
  const closed = `The gap "${key}" is closed: it was: ${gap.reason}`;
  test(`${title} (gap)`, () =>
    assert.rejects(
      scoped((own) => fn(own, SHORT_PATIENCE)),
      closed,
    ));
}
