import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../src/clock.ts";
import { BEAT } from "../../src/liveness.ts";
import { open, silent, toHost } from "./support.ts";

/** A clock whose time may pass without its timer being called, as it does when the process stands still. */
class StallingClock implements Clock {
  #now = 0;
  #timer: { at: number; callback: () => void } | undefined;

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, ms: number): () => void {
    this.#timer = { at: this.#now + ms, callback };
    return () => {
      this.#timer = undefined;
    };
  }

  /** Lets time pass with the timer called when it is due. */
  run(ms: number): void {
    const end = this.#now + ms;
    while (this.#timer !== undefined && this.#timer.at <= end) {
      this.#now = Math.max(this.#now, this.#timer.at);
      const { callback } = this.#timer;
      this.#timer = undefined;
      callback();
    }
    this.#now = end;
  }

  /** Lets time pass in which nothing runs, then calls the timer once, before anything is read. */
  stall(ms: number): void {
    this.#now += ms;
    this.run(0);
  }
}

test("a process that stood still drops no peer whose pong waits to be read, nor takes it for idle", () => {
  const clock = new StallingClock();
  let idle = 0;
  const { connection, socket } = open(
    { onIdleTimeout: () => void (idle += 1) },
    { config: { heartbeat: { interval: 5, timeout: 5 }, idleTimeout: 20 }, host: toHost(silent(), clock) },
  );
  clock.run(6000);
  assert.deepEqual(socket.names, ["ping"]);
  clock.stall(600_000);
  clock.run(1000);
  assert.deepEqual(socket.names, ["ping"]);
  connection.pong(new Uint8Array(BEAT));
  clock.run(4000);
  assert.ok(!socket.names.includes("terminate"));
  assert.equal(idle, 0);
  clock.run(12_000);
  assert.ok(socket.names.includes("terminate"), "A peer that stays silent is dropped all the same");
});
