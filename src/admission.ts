/**
 * How many connections there may be, in all and from one address.
 *
 * @module
 */

import { toNetwork } from "./address.ts";
import type { Clock } from "./clock.ts";
import { refuse } from "./refusal.ts";

/** How many connections there may be; infinite where there is no limit. */
export interface ConnectionLimits {
  /** In all. */
  readonly maxConnections: number;
  /** From one IPv4 address, or from one /64 of IPv6. */
  readonly maxConnectionsPerAddress: number;
}

// Seconds until a refused client may try again.
const RETRY_AFTER = "5";

// Milliseconds that an accepted upgrade may take to open: Deno tells nothing of a peer that has left meanwhile.
const OPENS_WITHIN = 5000;

const UNKNOWN = "unknown";

/** Counts the upgrades under way and the connections of a listener. Made only where there is a limit. */
export class Admission {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #byNetwork: Map<string, number> = new Map();
  readonly #byConnection: Map<object, Place> = new Map();
  #count = 0;

  /** Counts from zero. */
  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Upgrades under way and connections. */
  get count(): number {
    return this.#count;
  }

  /** Addresses that something is counted for. */
  get addresses(): number {
    return this.#byNetwork.size;
  }

  /** Gives a place, or the refusal: 503 when there is none left, 429 when there is none for this address. */
  enter(address: string | undefined): Place | Response {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const retry = { "retry-after": RETRY_AFTER };
    if (this.#count >= maxConnections) return refuse(503, "The server has no room for more connections", retry);
    // All peers whose address the engine does not tell count as one.
    const network = maxConnectionsPerAddress === Number.POSITIVE_INFINITY ? UNKNOWN : toNetwork(address ?? UNKNOWN);
    if ((this.#byNetwork.get(network) ?? 0) >= maxConnectionsPerAddress) {
      return refuse(429, "Close some of your connections first", retry);
    }
    return new Place(this, network);
  }

  /** Counts one more, or one less. Called by a place. */
  add(network: string, difference: 1 | -1): void {
    this.#count += difference;
    const count = (this.#byNetwork.get(network) ?? 0) + difference;
    if (count === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, count);
  }

  /** A connection has opened in a place. */
  opened(place: Place, connection: object): void {
    place.take();
    this.#byConnection.set(connection, place);
  }

  /** A connection is down. */
  closed(connection: object): void {
    const place = this.#byConnection.get(connection);
    if (place === undefined) return;
    this.#byConnection.delete(connection);
    place.free();
  }

  /** Frees a place after a while; returns what cancels that. */
  freeLater(place: Place): () => void {
    return this.#clock.schedule(() => place.free(), OPENS_WITHIN);
  }
}

/** The place of one upgrade, and then of its connection. */
export class Place {
  readonly #admission: Admission;
  readonly #network: string;
  #isTaken = false;
  #cancel: (() => void) | undefined;

  /** Takes a place. */
  constructor(admission: Admission, network: string) {
    this.#admission = admission;
    this.#network = network;
    this.take();
  }

  /** Takes it, again if it was given back: what opens after all is counted. */
  take(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#admission.add(this.#network, 1);
  }

  /** Gives it back unless the connection opens in time. */
  awaitOpen(): void {
    if (this.#isTaken) this.#cancel = this.#admission.freeLater(this);
  }

  /** Notes which connection has it. */
  opened(connection: object): void {
    this.#admission.opened(this, connection);
  }

  /** Gives it back; once. */
  free(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#admission.add(this.#network, -1);
  }
}
