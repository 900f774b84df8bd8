/**
 * A client of an echo server, as its users write it: `echo.ts raw|ours|least platform|ws PORT`. Each line that comes in asks for a window of load, and is
 * answered by what it took.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { WebSocket as Ws } from "ws";
import { Client } from "../../entries/client.ts";
import { cpuOf } from "../generator/cpu.ts";
import type { ClientLoad, ClientWindow } from "../protocol.ts";

type Transport = "platform" | "ws";

/** A load that runs. */
interface Running {
  /** Messages that came back. */
  count: number;
  isOver: boolean;
}

/** Messages of one length that differ, so that nothing that remembers the last one is flattered. */
const TEXTS = Array.from({ length: 64 }, (_, i) => `${i}`.padStart(64, "0123456789abcdef"));

const [who = "", transport = "", port = ""] = process.argv.slice(2);
const url = `ws://127.0.0.1:${port}/echo`;
const open = who === "ours" ? openOurs : who === "least" ? openLeast : transport === "ws" ? openWs : openPlatform;

async function measure({ connections, inFlight, warmUp, least, window }: ClientLoad): Promise<ClientWindow> {
  const running: Running = { count: 0, isOver: false };
  const closes = await Promise.all(Array.from({ length: connections }, () => open(running, inFlight)));
  await sleep(warmUp);
  for (let i = 0; i < 100 && running.count < least; i++) await sleep(50);
  const before = { count: running.count, cpu: cpuOf(process.pid) };
  // On a machine that does other things too a window may pass with nothing done.
  for (let i = 0; i < 20 && running.count === before.count; i++) await sleep(window);
  const after = { count: running.count, cpu: cpuOf(process.pid) };
  running.isOver = true;
  await Promise.all(closes.map((close) => close()));
  if (after.count === before.count) throw new Error("Nothing came back during the window");
  return { count: after.count - before.count, cpu: after.cpu - before.cpu };
}

async function openOurs(running: Running, inFlight: number): Promise<() => Promise<void>> {
  const client = await Client.connect(url, { transport: transport as Transport });
  let failure: unknown;
  const loop =
    inFlight === 1
      ? ask(client, running)
      : stream(client, (text) => void client.writeTextMessage(text), running, inFlight);
  const over = loop.catch((error: unknown) => {
    failure = error;
  });
  return async () => {
    await over;
    await client.close();
    if (failure !== undefined) throw failure;
  };
}

/** One question after the other. */
async function ask(client: Client, running: Running): Promise<void> {
  for (let i = 0; !running.isOver; i++) {
    const text = textOf(i);
    await client.writeTextMessage(text);
    check(await client.readTextMessage(), text);
    running.count += 1;
  }
}

/** So many under way all the time. */
async function stream(
  messages: AsyncIterable<string | Uint8Array>,
  send: (text: string) => void,
  running: Running,
  inFlight: number,
): Promise<void> {
  let sent = 0;
  let received = 0;
  while (sent < inFlight) send(textOf(sent++));
  for await (const message of messages) {
    check(message, textOf(received++));
    running.count += 1;
    if (!running.isOver) send(textOf(sent++));
    else if (received === sent) break;
  }
}

/** The least that gives the messages of a socket to `for await`, or to a reader who waits for one: no client at all, for it knows of no end and no bound. */
class Reader implements AsyncIterableIterator<string> {
  readonly #waiting: ((result: IteratorResult<string>) => void)[] = [];
  readonly #messages: string[] = [];

  push(value: string): void {
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#messages.push(value);
    else resolve({ done: false, value });
  }

  next(): Promise<IteratorResult<string>> {
    const value = this.#messages.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function openLeast(running: Running, inFlight: number): Promise<() => Promise<void>> {
  const socket = await openSocket();
  const reader = new Reader();
  socket.onmessage = ({ data }) => reader.push(data);
  const over = stream(reader, (text) => socket.send(text), running, inFlight);
  return async () => {
    await over;
    socket.close();
  };
}

async function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("The raw client cannot connect"));
  });
  return socket;
}

/** The same by events, which is all that a raw socket has. */
class Echo {
  readonly over: Promise<void>;
  readonly #running: Running;
  readonly #send: (text: string) => void;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #sent = 0;
  #received = 0;

  constructor(running: Running, send: (text: string) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    this.over = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#running = running;
    this.#send = send;
  }

  start(inFlight: number): void {
    while (this.#sent < inFlight) this.#send(textOf(this.#sent++));
  }

  receive(message: unknown): void {
    try {
      check(message, textOf(this.#received++));
    } catch (error) {
      this.#reject(error);
    }
    this.#running.count += 1;
    if (!this.#running.isOver) this.#send(textOf(this.#sent++));
    else if (this.#received === this.#sent) this.#resolve();
  }
}

async function openPlatform(running: Running, inFlight: number): Promise<() => Promise<void>> {
  const socket = await openSocket();
  const echo = new Echo(running, (text) => socket.send(text));
  socket.onmessage = ({ data }) => echo.receive(data);
  echo.start(inFlight);
  return async () => {
    await echo.over;
    socket.close();
  };
}

async function openWs(running: Running, inFlight: number): Promise<() => Promise<void>> {
  const socket = new Ws(url);
  const echo = new Echo(running, (text) => socket.send(text));
  socket.on("message", (data) => echo.receive(String(data)));
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  echo.start(inFlight);
  return async () => {
    await echo.over;
    socket.close();
  };
}

function textOf(i: number): string {
  return TEXTS[i & 63] ?? "";
}

function check(message: unknown, text: string): void {
  if (message !== text) throw new Error(`"${message}" came back for "${text}"`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "exit") process.exit(0);
  try {
    console.log(JSON.stringify({ result: await measure(JSON.parse(line) as ClientLoad) }));
  } catch (error) {
    console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
  }
}
process.exit(0);
