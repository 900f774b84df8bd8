/**
 * Authenticators for `ServiceConfig.auth`.
 *
 * @module
 */

export type { Authenticator, Principal } from "../src/authenticator.ts";
