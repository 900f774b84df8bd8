/** The loads, and the window over which one is measured. */
import process from "node:process";
import type { BroadcastLoad, ChurnLoad, EchoLoad, Load, Target, Window } from "../protocol.ts";
import { type Connection, endOfResponse, handshake, open } from "./connection.ts";
import { cpuOf } from "./cpu.ts";
import { BINARY, CLOSE_FRAME, type Ring, replyLength, TEXT, toRing } from "./frames.ts";
import { connect } from "./runtime.ts";

/** A load that runs. */
interface Running {
  /** What has been counted so far. */
  count: number;
  /** Ends it; throws if anything went wrong meanwhile. */
  stop(): Promise<void>;
}

/** Puts a server under load and measures it after a warm-up; both in milliseconds. */
export async function measure(target: Target, load: Load, warmUp: number, window: number): Promise<Window> {
  const running = await start(target, load);
  const rest = stayAwake();
  await sleep(warmUp);
  const before = look(target, running);
  await sleep(window);
  const after = look(target, running);
  rest();
  await running.stop();
  const count = after.count - before.count;
  if (count === 0) throw new Error("Nothing came back during the window");
  return {
    count,
    cpu: after.cpu - before.cpu,
    generatorCpu: after.generatorCpu - before.generatorCpu,
    time: after.time - before.time,
  };
}

/**
 * Keeps this process from sleeping until what it returns is called. Who sends to a process that sleeps pays for waking it, which a client on another machine
 * does not cost its server.
 */
function stayAwake(): () => void {
  let isOver = false;
  const go = (): void => {
    if (!isOver) setImmediate(go);
  };
  go();
  return () => {
    isOver = true;
  };
}

function look(target: Target, running: Running): Window {
  const time = Number(process.hrtime.bigint());
  return { time, count: running.count, cpu: cpuOf(target.pid), generatorCpu: cpuOf(process.pid) };
}

function start(target: Target, load: Load): Promise<Running> {
  switch (load.kind) {
    case "echo":
      return echo(target.port, load);
    case "broadcast":
      return broadcast(target.port, load);
    case "churn":
      return Promise.resolve(churn(target.port, load));
  }
}

async function echo(port: number, load: EchoLoad): Promise<Running> {
  const connections = await open(port, "/echo", load.connections);
  const ring = ringOf(load.binary ? BINARY : TEXT, load.bytes);
  const reply = replyLength(load.bytes);
  const running = { count: 0, stop: () => end(connections) };
  connections.forEach((connection, i) => {
    let received = 0;
    connection.use(ring.bytes, ((i * 37) % ring.frames) * ring.frameLength);
    connection.receive = (chunk) => {
      received += chunk.byteLength;
      const replies = Math.trunc(received / reply);
      if (replies === 0) return;
      received -= replies * reply;
      running.count += replies;
      connection.send(replies * ring.frameLength);
    };
    connection.send(load.inFlight * ring.frameLength);
  });
  return running;
}

async function broadcast(port: number, load: BroadcastLoad): Promise<Running> {
  const connections = await open(port, "/broadcast", load.connections);
  const ring = ringOf(TEXT, load.bytes);
  const reply = replyLength(load.bytes);
  const due = reply * load.inFlight * load.connections;
  const [publisher] = connections;
  if (publisher === undefined) throw new RangeError("A broadcast needs a connection");
  let received = 0;
  let total = 0;
  const running = {
    get count(): number {
      return total / reply;
    },
    stop: () => end(connections),
  };
  for (const connection of connections) {
    connection.receive = (chunk) => {
      received += chunk.byteLength;
      total += chunk.byteLength;
      if (received < due) return;
      received = 0;
      publisher.send(load.inFlight * ring.frameLength);
    };
  }
  publisher.use(ring.bytes, 0);
  publisher.send(load.inFlight * ring.frameLength);
  return running;
}

async function end(connections: readonly Connection[]): Promise<void> {
  const lost = connections.filter((connection) => connection.lost).length;
  for (const connection of connections) connection.receive = () => {};
  await Promise.all(connections.map((connection) => connection.terminate()));
  if (lost > 0) throw new Error(`${lost} connections were lost during the measurement`);
}

// One address has 28,000 ports, and a closed connection holds one for a minute.
const ADDRESSES = Array.from({ length: 16 }, (_, i) => `127.0.0.${i + 1}`);

function churn(port: number, load: ChurnLoad): Running {
  const request = handshake("/echo");
  let stopped = false;
  let failure: unknown;
  let next = 0;
  const done = Promise.withResolvers<void>();
  let open = load.connections;
  const running = {
    count: 0,
    async stop(): Promise<void> {
      stopped = true;
      await done.promise;
      if (failure !== undefined) throw failure;
    },
  };
  const leave = (): void => {
    open -= 1;
    if (open === 0) done.resolve();
  };
  const fail = (error: unknown): void => {
    failure ??= error;
    leave();
  };
  const again = (): void => {
    if (stopped) return leave();
    let upgraded = false;
    connect(ADDRESSES[next++ % ADDRESSES.length] ?? "", port, {
      open: (socket) => void socket.write(request),
      data: (socket, chunk) => {
        if (upgraded) return;
        try {
          upgraded = endOfResponse(chunk) !== -1;
        } catch (error) {
          failure ??= error;
        }
        if (upgraded) socket.write(CLOSE_FRAME);
        else socket.terminate();
      },
      close: () => {
        if (!upgraded) return fail(failure ?? new Error("The server closed before the handshake's end"));
        running.count += 1;
        again();
      },
      error: () => {},
    }).catch(fail);
  };
  for (let i = 0; i < load.connections; i++) again();
  return running;
}

const rings = new Map<string, Ring>();

function ringOf(opcode: number, bytes: number): Ring {
  const key = `${opcode} ${bytes}`;
  const ring = rings.get(key) ?? toRing(opcode, bytes);
  rings.set(key, ring);
  return ring;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
