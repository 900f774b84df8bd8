/**
 * Whether a connection is idle (R16) or its peer gone: what the sweep asks.
 *
 * @module
 */

import type { Host } from "./host.ts";
import type { ServiceRules } from "./service_config.ts";
import type { RuntimeSocket } from "./socket.ts";

/** The peer has been silent: ping it. */
export const PING_IT = 1;
/** The peer did not answer a ping: drop it. */
export const DROP_IT = 2;

/** The payload of our own pings, by which their pongs are told from those that users asked for. */
export const BEAT: Uint8Array<ArrayBuffer> = new Uint8Array([0x73, 0x77, 0x62, 0x64]);

/** Tells whether a pong answers a ping of ours. */
export function isBeat(data: Uint8Array): boolean {
  return data.byteLength === BEAT.byteLength && data.every((byte, i) => byte === BEAT[i]);
}

/** The times that idleness and the heartbeat are judged by, in the sweep's milliseconds. */
export class Liveness {
  /** When a frame last came; all that a message costs is a write to this field. */
  receivedAt: number;
  // Times that count for one of the two questions only.
  #idleAt: number;
  #beatenAt: number;
  // When the last ping went out; one that nothing has come after has no answer yet.
  #askedAt = -1;
  // What had come by then.
  #bytesRead: number | undefined = 0;

  /** Begins at `now`. */
  constructor(now: number) {
    this.receivedAt = now;
    this.#idleAt = now;
    this.#beatenAt = now;
  }

  /** Whether no frame went either way for `idleTimeout`; begins a new period when it is so. */
  isIdle(now: number, sentAt: number, rules: ServiceRules): boolean {
    if (rules.idleTimeout === 0) return false;
    if (now - Math.max(this.receivedAt, this.#idleAt, sentAt) < rules.idleTimeout) return false;
    this.#idleAt = now;
    return true;
  }

  /** Notes the answer to a ping of ours: the peer lives, but the connection is as idle as before. */
  beat(now: number): void {
    this.#beatenAt = now;
  }

  /** Begins new periods: nothing could be heard until now, and unsent bytes were still on their way. */
  suspend(now: number): void {
    this.#idleAt = now;
    this.#beatenAt = now;
  }

  /** Begins a new idle period: a callback has run until now. */
  rouse(now: number): void {
    this.#idleAt = now;
  }

  /** What the heartbeat asks for: nothing (0), PING_IT or DROP_IT. */
  judge(now: number, rules: ServiceRules, socket: Pick<RuntimeSocket, "bytesRead">): number {
    const heard = Math.max(this.receivedAt, this.#beatenAt);
    const isAsked = heard < this.#askedAt;
    if (isAsked ? now - this.#askedAt < rules.heartbeatTimeout : now - heard < rules.heartbeatInterval) return 0;
    // A peer that sends a large message cannot answer before its end, but what has come of it is a sign of life.
    const { bytesRead } = socket;
    if (isAsked && bytesRead === this.#bytesRead) return DROP_IT;
    this.#bytesRead = bytesRead;
    this.#askedAt = now;
    return PING_IT;
  }
}

/** The shortest of the times, in milliseconds, for which a connection must be looked at; 0 for none. */
export function shortestPeriod(rules: ServiceRules, host: Host): number {
  // A socket that can ping is not enough: Bun's client can, but here nobody hears the pong.
  const beat = !host.capabilities.ping ? 0 : Math.min(rules.heartbeatInterval, rules.heartbeatTimeout);
  if (rules.idleTimeout === 0) return beat;
  return beat === 0 ? rules.idleTimeout : Math.min(beat, rules.idleTimeout);
}
