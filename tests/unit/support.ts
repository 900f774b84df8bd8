import type { Caller } from "../../src/caller.ts";
import type { Capabilities } from "../../src/capabilities.ts";
import type { Clock } from "../../src/clock.ts";
import { Host } from "../../src/host.ts";
import type { Logger } from "../../src/logger.ts";
import type { Service } from "../../src/service.ts";
import { type ServiceConfig, toServiceRules } from "../../src/service_config.ts";
import { Upgrade } from "../../src/slot.ts";
import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import type { StandardSchema } from "../../src/standard_schema.ts";
import { FakeClock } from "../../src/testing/mod.ts";

export const full: Capabilities = {
  engine: "node",
  ping: true,
  terminate: true,
  pause: true,
  drain: true,
  messageLimit: true,
  reliableClose: true,
  frameErrors: true,
  earlyFrames: true,
  compression: false,
  tls: true,
  mutualSsl: true,
  peerCertificate: true,
};

/** A logger that keeps its lines. */
export interface Recorder extends Logger {
  readonly lines: readonly (readonly [level: string, message: string, ...details: unknown[]])[];
}

/** Makes a logger that keeps what it is told, without the level `debug` unless asked for. */
export function silent(withDebug = false): Recorder {
  const lines: [string, string, ...unknown[]][] = [];
  const keep =
    (level: string) =>
    (message: string, ...details: unknown[]): void => {
      lines.push([level, message, ...details]);
    };
  return {
    lines,
    debug: withDebug ? keep("debug") : () => {},
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
}

/** A schema that takes anything as it is. */
export const anything: StandardSchema = {
  "~standard": { version: 1, vendor: "tests", validate: (value) => ({ value }) },
};

/** A socket that writes down what the core does with it, and does nothing by itself. */
export class RecordingSocket implements RuntimeSocket {
  readyState = 1;
  bufferedAmount = 0;
  readonly calls: unknown[][] = [];
  /** Whether `send` counts its bytes as unsent. */
  holds = false;
  /** Called by `send`, `close` and `terminate` after they were written down. */
  onSend: (data: string | Uint8Array<ArrayBuffer>) => unknown = () => undefined;
  onClose: (code?: number, reason?: string) => void = () => {};
  onTerminate: () => void = () => {};

  /** What was sent. */
  get sent(): unknown[] {
    return this.calls.filter(([name]) => name === "send").map(([, data]) => data);
  }

  /** The names of all calls. */
  get names(): unknown[] {
    return this.calls.map(([name]) => name);
  }

  send(data: string | Uint8Array<ArrayBuffer>): unknown {
    this.calls.push(["send", data]);
    if (this.holds) this.bufferedAmount += typeof data === "string" ? data.length : data.byteLength;
    return this.onSend(data);
  }

  close(code?: number, reason?: string): void {
    this.readyState = 2;
    this.calls.push(["close", code, reason]);
    this.onClose(code, reason);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.calls.push(["ping", data]);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.calls.push(["pong", data]);
  }

  terminate(): void {
    this.readyState = 3;
    this.calls.push(["terminate"]);
    this.onTerminate();
  }

  pause(): void {
    this.calls.push(["pause"]);
  }

  resume(): void {
    this.calls.push(["resume"]);
  }
}

/** The part of the Web-standard socket that every runtime has: no ping, pong, terminate, pause or resume. */
export function plain(socket: RecordingSocket): RuntimeSocket {
  return {
    get readyState() {
      return socket.readyState;
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
  };
}

/** What a test needs of a connection. */
export interface Opened {
  readonly connection: Connection;
  readonly caller: Caller;
  readonly socket: RecordingSocket;
  readonly clock: FakeClock;
  readonly logger: Recorder;
  readonly host: Host;
}

/** What {@link open} may be told. */
export interface OpenOptions {
  readonly config?: ServiceConfig;
  readonly capabilities?: Partial<Capabilities>;
  readonly socket?: RecordingSocket;
  readonly host?: Host;
  readonly clock?: FakeClock;
  /** Lends the socket without what only some runtimes have. */
  readonly plain?: boolean;
}

/** Runs a service over a recording socket. The heartbeat is off unless the config has one. */
export function open(service: Service, options: OpenOptions = {}): Opened {
  const socket = options.socket ?? new RecordingSocket();
  const logger = silent(true);
  const clock = options.clock ?? new FakeClock();
  const host = options.host ?? toHost(logger, clock, options.capabilities);
  const rules = toServiceRules({ heartbeat: false, ...options.config });
  const details = { protocol: "", peer: {}, isSecure: false };
  const connection = new Upgrade(service, rules, host, details, []).open(options.plain ? plain(socket) : socket);
  return { connection, caller: connection.caller, socket, clock, logger, host };
}

/** Makes a host. */
export function toHost(logger: Logger, clock: Clock, capabilities: Partial<Capabilities> = {}): Host {
  return new Host({ ...full, ...capabilities }, { logger }, clock);
}

/** A promise and what settles it, and the promise as a callback. */
export function gate<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}

/** A service that writes down its callbacks, and does what `more` says. */
export function recorder(more: Service = {}): { service: Service; seen: unknown[] } {
  const seen: unknown[] = [];
  const note = <Reply>(what: unknown, reply: () => Reply): Reply => {
    seen.push(what);
    return reply();
  };
  const service: Service = {
    onOpen: (caller) => note("open", () => more.onOpen?.(caller)),
    onTextMessage: (caller, text) => note(text, () => more.onTextMessage?.(caller, text)),
    onBinaryMessage: (caller, data) => note([...data], () => more.onBinaryMessage?.(caller, data)),
    onPing: (caller, data) => note(["ping", ...data], () => more.onPing?.(caller, data)),
    onPong: (caller, data) => note(["pong", ...data], () => more.onPong?.(caller, data)),
    onError: (caller, error) => note(error, () => more.onError?.(caller, error)),
    onClose: (caller, code, reason) => note(["close", code, reason], () => more.onClose?.(caller, code, reason)),
  };
  return { service, seen };
}

/** What becomes of a promise by the time that all others have settled. */
export async function outcome(
  promise: Promise<unknown>,
  clock: { advance(seconds: number): Promise<void> },
): Promise<string> {
  let now = "waits";
  promise.then(
    () => {
      now = "resolved";
    },
    (error: unknown) => {
      now = error instanceof Error ? error.message : String(error);
    },
  );
  await clock.advance(0);
  return now;
}
