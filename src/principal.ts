/**
 * Who has connected.
 *
 * @module
 */

/** Somebody who has proved who they are. */
export interface Principal {
  /** The name, for example the `sub` of a token. */
  readonly subject?: string;
  /** What they may do. */
  readonly scopes: readonly string[];
  /** All that is known of them, for example the claims of a token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the proof expires, in seconds since the epoch, like `exp`; the connection is then closed with 4401. */
  readonly expiresAt?: number;
}
