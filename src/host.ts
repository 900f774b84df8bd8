/**
 * What all connections of one listener share.
 *
 * @module
 */

import { Admission } from "./admission.ts";
import { type Apart, toApart } from "./async_context.ts";
import { type Capabilities, checkRequirements, type Requirement } from "./capabilities.ts";
import { type Clock, soon, systemClock } from "./clock.ts";
import { UnsupportedError } from "./errors.ts";
import { type HostConfig, type HostRules, toHostRules } from "./host_config.ts";
import { consoleLogger, type Logger, toSafeLogger } from "./logger.ts";
import { Sweep, type Swept } from "./sweep.ts";

/** A connection as its host sees it. */
export interface Hosted extends Swept {
  /** Closes it with 1001 and resolves when its last callback has settled; after `timeout` milliseconds, -1 for never, it is dropped. */
  stop(timeout: number): Promise<void>;
  /** Drops it without a close frame. */
  drop(): void;
}

/** The options, the clock, the sweep and the logger of a listener; the members of the sweep are its connections. */
export class Host {
  /** What the engine under it can do. */
  readonly capabilities: Capabilities;
  /** Its options, checked. */
  readonly rules: HostRules;
  /** Counts connections, if there is a limit. */
  readonly admission: Admission | undefined;
  /** Where faults are logged. */
  readonly logger: Logger;
  /** Calls with what `AsyncLocalStorage` held when the listener started: for what does not belong to the connection whose code runs. */
  readonly apart: Apart;
  /** The time. */
  readonly clock: Clock;
  /** The one coarse timer, and the open connections. */
  readonly sweep: Sweep<Hosted>;
  /** Whether new upgrades are refused with 503. */
  stopping = false;
  /** Ends the wait of a stop that has begun. */
  overrun: (() => void) | undefined;
  /** What handlers and apps have refused with: each can be sent once. */
  readonly sent: WeakSet<Response> = new WeakSet();
  /** Whose services have been looked at for callbacks that are none. */
  readonly looked: WeakSet<object> = new WeakSet();
  /** What `Host` held that was found good last. Most requests name the same host, and to parse it costs more than all other checks of a handshake. */
  authority: string | undefined;
  /** How many turns have been waited for. */
  turns = 0;
  readonly #isCompressionOff: boolean;
  #turn: Promise<void> | undefined;
  readonly #told: Set<string> = new Set();

  /**
   * Makes the shared part for one engine.
   *
   * @throws {TypeError} If an option is of the wrong type
   * @throws {RangeError} If a number is out of range
   */
  constructor(
    capabilities: Capabilities,
    config: HostConfig = {},
    clock: Clock = systemClock,
    apart: Apart = toApart(),
  ) {
    this.rules = toHostRules(config);
    this.capabilities = this.rules.compression ? capabilities : { ...capabilities, compression: false };
    this.#isCompressionOff = capabilities.compression && !this.rules.compression;
    this.logger = toSafeLogger(config.logger ?? consoleLogger);
    this.apart = apart;
    this.clock = {
      now: () => clock.now(),
      schedule: (callback, ms) => this.apart(() => clock.schedule(callback, ms)),
    };
    this.sweep = new Sweep(this.clock);
    const { maxConnections, maxConnectionsPerAddress, ignored } = this.rules;
    const isCounted = Math.min(maxConnections, maxConnectionsPerAddress) !== Number.POSITIVE_INFINITY;
    this.admission = isCounted ? new Admission(this.rules, this.clock) : undefined;
    const { engine } = capabilities;
    const all = config.timeout === undefined || engine === "node" ? ignored : [...ignored, "timeout"];
    for (const name of all) this.logger.debug(`Option ${name} has no effect on engine "${engine}"`);
  }

  /**
   * Checks that a service has what it requires.
   *
   * @throws {UnsupportedError} Naming the engines that have it, or the option that turns it off
   */
  checkRequirements(requires: readonly Requirement[], who: string): void {
    if (this.#isCompressionOff && requires.includes("compression")) {
      throw new UnsupportedError(
        `${who} requires "compression", which option webSocketCompressionEnabled turns off: leave that out`,
      );
    }
    checkRequirements(this.capabilities, requires, who);
  }

  /** Resolves in a later turn of the event loop: one for all that wait. */
  turn(): Promise<void> {
    return this.#turn ?? this.#next();
  }

  /** Warns of something the first time only. A line names no peer, so that there are few of them. */
  warnOnce(line: string): void {
    if (this.#isNew(line)) this.logger.warn(line);
  }

  /** The same for what is a peer's doing. */
  infoOnce(line: string): void {
    if (this.#isNew(line)) this.logger.info(line);
  }

  #isNew(line: string): boolean {
    return !this.#told.has(line) && this.#told.add(line) !== undefined;
  }

  #next(): Promise<void> {
    this.#turn = new Promise((resolve) => {
      soon(() => {
        this.#turn = undefined;
        this.turns += 1;
        resolve();
      });
    });
    return this.#turn;
  }
}
