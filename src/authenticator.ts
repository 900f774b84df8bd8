/**
 * Who may connect: what an authenticator is, and whom it finds.
 *
 * @module
 */

import type { UpgradeRequest } from "./upgrade_request.ts";

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

/**
 * Checks one kind of credential; `./auth` has three of them, and anybody can write one.
 *
 * @example
 * ```ts
 * import { type Authenticator, upgrade } from "@switchboard/websocket";
 *
 * const devices: Authenticator = {
 *   scheme: "Bearer",
 *   authenticate: (credential) => Promise.resolve(credential === "s3cret" ? { scopes: [], claims: {} } : undefined),
 * };
 * export const telemetry = upgrade({ auth: [devices] }, () => ({ onTextMessage: () => "noted" }));
 * ```
 */
export interface Authenticator {
  /** The scheme of `Authorization` whose credentials it takes; credentials from elsewhere are `Bearer`. */
  readonly scheme: "Basic" | "Bearer";
  /** Any one of these scopes is needed; without it the refusal is 403. @default none is needed */
  readonly scopes?: readonly string[];
  /** What follows the scheme in `WWW-Authenticate`: `realm="api", charset="UTF-8"`. @default `realm="websocket"` */
  readonly challenge?: string;
  /** Seconds for which a principal is still accepted after `expiresAt`. @default 0 */
  readonly clockSkew?: number;
  /**
   * Finds the principal; `undefined` for a credential that proves nothing, whereupon the next authenticator is asked.
   *
   * @param credential What follows the scheme and its space, undecoded
   * @throws {AuthError} With the status that ends the search; any other error is answered with 500
   */
  authenticate(credential: string, request: UpgradeRequest): Promise<Principal | undefined>;
}
