/**
 * Credentials for `ClientConfig.auth`: tokens that a client signs itself, or gets from an authorization server. Runs in browsers too.
 *
 * @module
 */

export type { ClientAuth, ClientCredential, CredentialRequest } from "../../src/client/client_credential.ts";
export { AuthError } from "../../src/errors.ts";
export type { JwtAlgorithm } from "../algorithms.ts";
export type { WebKey } from "../web_key.ts";
export { oauth2 } from "./oauth2.ts";
export type {
  ClientCredentialsGrant,
  JwtBearerGrant,
  OAuth2Options,
  PasswordGrant,
  RefreshTokenGrant,
  TokenEndpoint,
} from "./oauth2_options.ts";
export { type SelfSignedJwtOptions, selfSignedJwt, type TokenSource } from "./self_signed_jwt.ts";
export type { SigningJwk } from "./signing_key.ts";
export { OAuth2Error } from "./token_response.ts";
