/**
 * A token that many attempts share until it expires, and one call at a time for the next.
 *
 * @module
 */

import type { CredentialRequest } from "../../src/client/client_credential.ts";
import { SharedCall } from "./shared_call.ts";

/** A token, and how long it may be given. */
export interface IssuedToken {
  readonly token: string;
  /** When it was asked for, in seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds that it lasts from then on. */
  readonly lifetime: number;
}

/** Tells the seconds since the epoch. */
export type Epoch = () => number;

/** The time of the runtime. */
export const systemEpoch: Epoch = () => Date.now() / 1000;

/** Seconds before its end at which a token is given no more, or a tenth of its life if that is less: it has a way to go. */
const MARGIN = 5;

/** Keeps what `issue` gives until shortly before it expires; `renew` drops it. */
export class KeptToken {
  readonly #epoch: Epoch;
  readonly #call: SharedCall<string>;
  #token = "";
  #until = Number.NEGATIVE_INFINITY;

  /** @param issue Gets a new token; its signal aborts when nobody waits for it any more */
  constructor(issue: (signal: AbortSignal) => Promise<IssuedToken>, epoch: Epoch) {
    this.#epoch = epoch;
    this.#call = new SharedCall(async (signal) => {
      const { token, issuedAt, lifetime } = await issue(signal);
      this.#token = token;
      this.#until = issuedAt + lifetime - Math.min(MARGIN, lifetime / 10);
      return token;
    });
  }

  /**
   * Gives the token that is kept, or a new one.
   *
   * @throws What `issue` throws, or the reason of the signal
   */
  async get({ renew, signal }: CredentialRequest): Promise<{ readonly token: string }> {
    signal.throwIfAborted();
    // A token that is still on its way was refused to nobody: that call is shared.
    if (renew) this.#until = Number.NEGATIVE_INFINITY;
    const token = this.#epoch() < this.#until ? this.#token : await this.#call.join(signal);
    return { token };
  }
}
