/**
 * Who may connect: what an authenticator is.
 *
 * @module
 */

import type { Principal } from "./principal.ts";
import type { UpgradeRequest } from "./upgrade_request.ts";

export type { Principal } from "./principal.ts";

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
