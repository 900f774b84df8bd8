/**
 * What happens on a connection besides its messages: pings and pongs, faults, and silence.
 *
 * @module
 */

import { MOST_UNSENT, toPatience, WRITE_TIMEOUT } from "../../src/backlog.ts";
import type { ClientHeartbeat } from "../../src/client/client_config.ts";
import type { Message } from "../../src/client/message.ts";
import type { PingPongHandler } from "../../src/client/ping_pong_handler.ts";
import type { Handshake, Line, TransportSocket } from "../../src/client/transport.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Complete } from "../../src/options.ts";

// Milliseconds. A judgement that is later than this is put off by as much, as on a server.
const LATE = 1000;

/** A line that hears control frames too. */
export interface FrameLine extends Line {
  /** A ping arrived, and has been answered. */
  ping(data: Uint8Array<ArrayBuffer>): void;
  /** A pong arrived. */
  pong(data: Uint8Array<ArrayBuffer>): void;
}

/** Tells a handler of pings and pongs, and drops a connection on which nothing is heard after a ping. A message costs it one field. */
export class HeartbeatLine implements FrameLine {
  /** What the transport lent. */
  socket: TransportSocket | undefined;
  readonly #line: Line;
  readonly #handler: PingPongHandler;
  readonly #heartbeat: Complete<ClientHeartbeat> | undefined;
  readonly #clock: Clock;
  #wasHeard = false;
  /** What had come when the last ping went out. */
  #bytesRead: number | undefined;
  /** Whether the ping was seen to wait behind unsent bytes. */
  #isBehind = false;
  #cancel: (() => void) | undefined;

  /** Stands before a line; times are in seconds. */
  constructor(
    line: Line,
    handler: PingPongHandler,
    heartbeat: Complete<ClientHeartbeat> | undefined,
    clock: Clock = systemClock,
  ) {
    this.#line = line;
    this.#handler = handler;
    this.#heartbeat = heartbeat;
    this.#clock = clock;
  }

  opened(handshake: Handshake): void {
    this.#rest(0);
    this.#line.opened(handshake);
  }

  refused(error: Error): void {
    this.#line.refused(error);
  }

  message(data: Message): void {
    this.#wasHeard = true;
    this.#line.message(data);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#wasHeard = true;
    this.#observe("onPing", data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#wasHeard = true;
    this.#observe("onPong", data);
  }

  closed(code: number, reason: string, cause?: Error): void {
    this.#cancel?.();
    this.#line.closed(code, reason, cause);
  }

  #observe(name: keyof PingPongHandler, data: Uint8Array<ArrayBuffer>): void {
    const failed = (error: unknown): void => console.error(`pingPongHandler.${name} failed`, error);
    try {
      const told: unknown = this.#handler[name]?.(data);
      // It may be async: the type allows it.
      if (told !== undefined) Promise.resolve(told).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  // Until `interval` has passed since the last ping, of which it took `spent` to judge.
  #rest(spent: number): void {
    if (this.#heartbeat === undefined) return;
    const left = Math.max(0, this.#heartbeat.interval - spent);
    this.#cancel = this.#clock.schedule(() => this.#ping(), left * 1000);
  }

  #ping(): void {
    // A connection that was given up may end without a word.
    if (this.socket?.readyState !== 1 || this.#heartbeat === undefined) return;
    this.#wasHeard = false;
    this.#isBehind = false;
    this.#bytesRead = this.socket.bytesRead;
    this.socket.ping?.(new Uint8Array(0));
    this.#await(0, this.#heartbeat.timeout);
  }

  // A judgement `timeout` from now, when the ping is `spent` seconds old already.
  #await(spent: number, timeout: number): void {
    const due = this.#clock.now() + timeout * 1000;
    this.#cancel = this.#clock.schedule(() => this.#judge(spent + timeout, timeout, due), timeout * 1000);
  }

  // While reading is paused nothing is heard.
  #judge(spent: number, timeout: number, due?: number): void {
    // Neither does a message tell of itself while it is on its way, nor does a ping overtake one.
    const isComing = this.socket?.bytesRead !== this.#bytesRead;
    if (this.#wasHeard || isComing || this.socket?.isPaused) return this.#rest(spent);
    const wasBehind = this.#isBehind;
    this.#isBehind = this.#leaves(spent);
    if (this.#isBehind || wasBehind) return this.#await(spent, timeout);
    // When the process stood still, what the server has sent meanwhile waits to be read, behind this timer. Once it has had its turn silence counts.
    if (due !== undefined && this.#clock.now() - due > LATE) {
      this.#cancel = this.#clock.schedule(() => this.#judge(spent + LATE / 1000, timeout), LATE);
      return;
    }
    this.closed(1006, "");
    this.socket?.terminate?.();
  }

  #leaves(spent: number): boolean {
    const unsent = this.socket?.bufferedAmount ?? 0;
    return spent < toPatience(unsent, WRITE_TIMEOUT, MOST_UNSENT);
  }
}
