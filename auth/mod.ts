/**
 * Authenticators for `ServiceConfig.auth`.
 *
 * @module
 */

export type { Authenticator, Principal } from "../src/authenticator.ts";
export type { JwtAlgorithm } from "./algorithms.ts";
export { type BasicAuthOptions, basicAuth } from "./basic.ts";
export type { ClaimCheck } from "./claims.ts";
export type { ClientSecureSocket } from "./https_fetch.ts";
export { oauth2Introspection } from "./introspection.ts";
export type { IntrospectionCache, IntrospectionOptions } from "./introspection_options.ts";
export { type JwtAuthOptions, jwtAuth } from "./jwt.ts";
export { type HashPasswordOptions, hashPassword, verifyPassword } from "./password.ts";
export type { HashScheme } from "./password_hash.ts";
export type { PublicJwk } from "./public_key.ts";
export { type FileUserStoreOptions, fileUserStore } from "./user_file.ts";
export type { User, UserStore } from "./users.ts";
export type { WebKey } from "./web_key.ts";
