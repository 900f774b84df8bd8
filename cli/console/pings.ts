/**
 * Pings that somebody typed, and their answers.
 *
 * @module
 */

import type { Clock } from "../../src/clock.ts";

/** Pings that may wait for an answer; the oldest is forgotten. */
const MOST = 100;

/** Tells which pong answers which ping, by its payload (RFC 6455, section 5.5.3). */
export class Pings {
  readonly #clock: Clock;
  #sent: { readonly payload: string; readonly at: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A ping is sent. */
  sent(data: Uint8Array): void {
    this.#sent = [...this.#sent.slice(1 - MOST), { payload: data.join(), at: this.#clock.now() }];
  }

  /** A pong arrived; gives the seconds since the ping that it answers. That one and older ones are done. */
  answered(data: Uint8Array): number | undefined {
    const payload = data.join();
    const index = this.#sent.findIndex((ping) => ping.payload === payload);
    const [ping] = this.#sent.splice(0, index + 1).slice(-1);
    return ping === undefined ? undefined : (this.#clock.now() - ping.at) / 1000;
  }
}
