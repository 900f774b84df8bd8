/**
 * A connection from its first message to its exit code.
 *
 * @module
 */

import type { Clock } from "../../src/clock.ts";
import { ConnectionClosureError } from "../../src/errors.ts";
import { EXIT, showFailure, toMessage } from "./failure.ts";
import type { View } from "./happening.ts";
import type { Link } from "./link.ts";
import { Quiet } from "./quiet.ts";

/** Seconds that an answer to our close is waited for. */
const CLOSE_TIMEOUT = 5;
/** Seconds of silence that end a session whose input has ended. */
const SILENCE = 1;

/** When a session ends. */
export interface SessionOptions {
  /** Seconds to stay after the end of the input; `undefined` until nothing has come for a second. */
  readonly wait: number | undefined;
  /** Messages to leave after. */
  readonly count: number | undefined;
}

/** Reads and writes, and ends. */
export class Session {
  readonly #link: Link;
  readonly #view: View;
  readonly #options: SessionOptions;
  readonly #quiet: Quiet;
  #received = 0;
  #exitCode: number | undefined;
  #isLeaving = false;
  #isOver = false;
  readonly #cut = Promise.withResolvers<void>();

  /** Makes a session of an open connection. */
  constructor(link: Link, view: View, options: SessionOptions, clock: Clock) {
    this.#link = link;
    this.#view = view;
    this.#options = options;
    this.#quiet = new Quiet(clock);
  }

  /** Shows what arrives until the end, and gives the exit code. */
  async run(): Promise<number> {
    const received = this.#receive();
    const closure = await Promise.race([this.#link.closed, this.#cut.promise]);
    const by = this.#isLeaving ? "us" : "server";
    this.#isOver = true;
    this.#quiet.stop();
    if (closure !== undefined) {
      const told = received.then(async () => await this.#tell({ ...closure, by }));
      await Promise.race([told, this.#cut.promise]);
    }
    return this.#exitCode ?? (await this.#toExitCode(by === "us" ? 1000 : (closure?.code ?? 1006)));
  }

  /**
   * Sends a message, and waits until there is room for more.
   *
   * @returns Whether it was handed over; if not, that is shown and the exit code is 1
   */
  async send(data: string | Uint8Array<ArrayBuffer>): Promise<boolean> {
    try {
      await this.#link.send(data);
      return true;
    } catch (error) {
      if (!this.#isLeaving) await this.fail(`Not sent: ${toMessage(error)}`);
      return false;
    }
  }

  /** Shows a failure; the exit code is 1 unless it is another already. */
  async fail(message: string): Promise<void> {
    this.#exitCode ??= EXIT.failed;
    await this.#view.show({ event: "error", message });
  }

  /** There is nothing more to send: leaves when the answers have come. */
  async finish(): Promise<void> {
    const { wait, count } = this.#options;
    if (wait !== undefined) await this.#quiet.pass(wait);
    else if (count === undefined) await this.#quiet.come(SILENCE);
    else return;
    this.leave();
  }

  /** Closes. */
  leave(code = 1000, reason = ""): void {
    if (this.#isLeaving || this.#isOver) return;
    this.#isLeaving = true;
    this.#link.close(code, reason, CLOSE_TIMEOUT).catch(async (error) => {
      await this.fail(`Cannot close: ${toMessage(error)}`);
      this.cut();
    });
  }

  /** Closes with 1000, and remembers that somebody wanted an end; the second time, ends without closing. */
  interrupt(exitCode: number): void {
    if (this.#exitCode === exitCode) this.cut();
    this.#exitCode = exitCode;
    this.leave();
  }

  /** Ends at once, whatever is under way. */
  cut(): void {
    this.#cut.resolve();
  }

  async #receive(): Promise<void> {
    const { count = Number.POSITIVE_INFINITY } = this.#options;
    try {
      for await (const data of this.#link) {
        if (this.#received >= count) continue;
        this.#received += 1;
        this.#quiet.touch();
        await this.#view.show(typeof data === "string" ? { event: "text", data } : { event: "binary", data });
        if (this.#received >= count) this.leave();
      }
    } catch {
      // The connection has ended, and `closed` tells how.
    }
  }

  // A fault that we have found, or a refusal after the connection was lost, says more than the code.
  async #tell(closure: {
    readonly code: number;
    readonly reason: string;
    readonly by: "us" | "server";
  }): Promise<void> {
    const fault = closure.by === "us" ? undefined : await this.#link.fault();
    const cause = fault instanceof ConnectionClosureError ? fault.cause : fault;
    if (!(cause instanceof Error)) return await this.#view.show({ event: "close", ...closure });
    const exitCode = await showFailure(cause, this.#view);
    this.#exitCode ??= exitCode;
  }

  async #toExitCode(code: number): Promise<number> {
    const { count = 0 } = this.#options;
    if (this.#received < count) {
      await this.#view.show({ event: "error", message: `Only ${this.#received} of ${count} messages came` });
      return EXIT.failed;
    }
    if (code === 1000 || code === 1001 || code === 1005) return EXIT.good;
    return code === 1006 ? EXIT.failed : EXIT.closed;
  }
}
