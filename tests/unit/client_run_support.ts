/** What the tests of `run` share. */
import { test } from "node:test";
import { type RunConfig, type RunningService, run } from "../../entries/client_run.ts";
import type { Logger, Service } from "../../mod.ts";
import { type Own, scoped } from "../kit/scoped.ts";
import { Waiter } from "../kit/waiter.ts";

/** Milliseconds that a wait may take. */
const PATIENCE = 8000;

/** A logger that says nothing. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What has happened, in order. */
export class Log {
  readonly lines: string[] = [];
  readonly #waiter = new Waiter();

  add(line: string): void {
    this.lines.push(line);
    this.#waiter.wake();
  }

  /** Waits for a line to come so often. */
  async has(line: string, count = 1): Promise<void> {
    const isThere = (): boolean => this.lines.filter((other) => other === line).length >= count;
    await this.#waiter.until(line, isThere, PATIENCE, () => this.lines.join(", "));
  }
}

/** Options of a retry that does not keep a test waiting. */
export const QUICK = { interval: 0.005, jitter: 0 } as const;

/** What a test of both transports uses of its own. */
interface Scene {
  readonly transport: "platform" | "ws";
  start(url: string, service: Service | (() => Service), config?: RunConfig): Promise<RunningService>;
  it(title: string, fn: (own: Own) => Promise<void>): void;
}

/** Registers tests for each transport. */
export function forEachTransport(define: (scene: Scene) => void): void {
  for (const transport of ["platform", "ws"] as const) {
    define({
      transport,
      start: (url, service, config = {}) => run(url, service, { transport, logger: silent, ...config }),
      it: (title, fn) => void test(`${transport}: ${title}`, () => scoped(fn)),
    });
  }
}
