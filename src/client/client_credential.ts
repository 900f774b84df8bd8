/**
 * How a client proves who it is.
 *
 * @module
 */

/** A credential of a client: a user, sent as HTTP Basic (RFC 7617), or a bearer token (RFC 6750). */
export type ClientCredential = { readonly username: string; readonly password: string } | { readonly token: string };

/** What a function that gives credentials is told. */
export interface CredentialRequest {
  /** Whether the last credential was refused with 401 or 4401: if it was kept, it must not be given again. */
  readonly renew: boolean;
  /** Aborts when the attempt is given up or takes longer than `handShakeTimeout`. */
  readonly signal: AbortSignal;
}

/** How a client proves who it is: a credential, or a function that gives one, asked for every attempt. */
export type ClientAuth =
  | ClientCredential
  | ((request: CredentialRequest) => ClientCredential | Promise<ClientCredential>);

/** How the credential travels. In a browser, which sets no headers, it must be one of the other two; with those it must be a token. */
export type CredentialCarrier = "header" | { readonly subProtocol: string } | { readonly query: string };
