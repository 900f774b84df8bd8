/**
 * Pings that tell whether a silent server is still there.
 *
 * @module
 */

import { systemClock } from "../../src/clock.ts";
import type { ClientHeartbeat } from "../../src/client/client_config.ts";
import type { Handshake, Line } from "../../src/client/transport.ts";
import type { WebSocketError } from "../../src/errors.ts";
import type { RuntimeSocket } from "../../src/socket.ts";

/** A line on which something must be heard after each ping; else the connection is dropped. A message costs it one field. */
export class HeartbeatLine implements Line {
  /** What the transport lent. */
  socket: RuntimeSocket | undefined;
  readonly #line: Line;
  readonly #heartbeat: Required<ClientHeartbeat>;
  #wasHeard = false;
  #cancel: (() => void) | undefined;

  /** Stands before a line; times are in seconds. */
  constructor(line: Line, heartbeat: Required<ClientHeartbeat>) {
    this.#line = line;
    this.#heartbeat = heartbeat;
  }

  /** Whether reading is paused, so that silence means nothing. */
  get isPaused(): boolean {
    return this.#line.isPaused ?? false;
  }

  opened(handshake: Handshake): void {
    this.#rest();
    this.#line.opened(handshake);
  }

  refused(error: WebSocketError): void {
    this.#line.refused(error);
  }

  text(data: string): void {
    this.#wasHeard = true;
    this.#line.text(data);
  }

  binary(data: Uint8Array<ArrayBuffer>): void {
    this.#wasHeard = true;
    this.#line.binary(data);
  }

  ping(data: Uint8Array<ArrayBuffer>): void {
    this.#wasHeard = true;
    this.#line.ping(data);
  }

  pong(data: Uint8Array<ArrayBuffer>): void {
    this.#wasHeard = true;
    this.#line.pong(data);
  }

  drain(): void {
    this.#line.drain();
  }

  failed(code: number, cause: unknown): void {
    this.#line.failed(code, cause);
  }

  closed(code: number, reason: string): void {
    this.#cancel?.();
    this.#line.closed(code, reason);
  }

  #rest(): void {
    this.#cancel = systemClock.schedule(() => this.#ping(), this.#heartbeat.interval * 1000);
  }

  #ping(): void {
    // A connection that was given up may end without a word.
    if (this.socket?.readyState !== 1) return;
    this.#wasHeard = false;
    this.socket.ping?.(new Uint8Array(0));
    this.#cancel = systemClock.schedule(() => {
      if (this.#wasHeard || this.isPaused) return this.#rest();
      this.socket?.terminate?.();
      this.closed(1006, "");
    }, this.#heartbeat.timeout * 1000);
  }
}
