/** What the tests of `run` share. */
import type { Logger } from "../../mod.ts";
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
