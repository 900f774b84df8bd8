/**
 * The options of `oauth2`, and what they become once they are checked.
 *
 * @module
 */

import { checkNames } from "../../src/options.ts";
import type { Send } from "../capped_fetch.ts";
import { checkText, toEndpoint, toParams, toScopes } from "../endpoint_options.ts";
import { toClientBasic } from "../form.ts";
import type { TokenSource } from "./self_signed_jwt.ts";

/** Where a token comes from, and what all grants have in common. */
export interface TokenEndpoint {
  /** The token endpoint: https, or http on a loopback host. */
  readonly tokenUrl: string | URL;
  /** The client. @default none is named */
  readonly clientId?: string | undefined;
  /** Its password. A client without one names its id in the body. @default none */
  readonly clientSecret?: string | undefined;
  /** How id and secret travel: HTTP Basic, or in the body (RFC 6749, section 2.3.1). @default "AUTH_HEADER" */
  readonly credentialBearer?: "AUTH_HEADER" | "POST_BODY" | undefined;
  /** The scopes to ask for. @default those of the server */
  readonly scopes?: readonly string[] | undefined;
  /** Sent besides, `{ audience: "chat" }` for example. @default {} */
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Seconds that a token lasts if the server does not say. @default 3600 */
  readonly defaultTokenExpTime?: number | undefined;
  /** Seconds by which a token is given up earlier, for clocks that differ. @default 0 */
  readonly clockSkew?: number | undefined;
  /** What sends the requests, for a CA or a proxy of your own. @default the global `fetch` */
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined;
}

/** The client credentials grant (RFC 6749, section 4.4): the client itself. */
export interface ClientCredentialsGrant extends TokenEndpoint {
  /** The client. */
  readonly clientId: string;
  /** Its password. */
  readonly clientSecret: string;
}

/** The resource owner password credentials grant (RFC 6749, section 4.3). */
export interface PasswordGrant extends TokenEndpoint {
  /** The user. */
  readonly username: string;
  /** The password of the user. */
  readonly password: string;
}

/** A refresh token that somebody has given (RFC 6749, section 6). */
export interface RefreshTokenGrant extends TokenEndpoint {
  /** The token. One that an answer brings takes its place. */
  readonly refreshToken: string;
}

/** The JWT bearer grant (RFC 7523, section 2.1). */
export interface JwtBearerGrant extends TokenEndpoint {
  /** The assertion, or a function that makes one for each request: `selfSignedJwt` gives such a function. */
  readonly assertion: string | TokenSource;
}

/** The options of `oauth2`: one grant. */
export type OAuth2Options =
  | { readonly clientCredentials: ClientCredentialsGrant }
  | { readonly password: PasswordGrant }
  | { readonly refreshToken: RefreshTokenGrant }
  | { readonly jwtBearer: JwtBearerGrant };

/** What a request for a token says of the grant. */
export interface Grant {
  /** The parameters of the grant; its assertion may have to be made. */
  toForm(signal: AbortSignal): Promise<readonly Parameter[]> | readonly Parameter[];
  /** Whether a refresh token in the answer renews the token. */
  readonly refreshes: boolean;
}

/** Name and value. */
export type Parameter = readonly [string, string];

/** Checked options. */
export interface OAuth2Rules {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** What every request holds. */
  readonly params: readonly Parameter[];
  readonly grant: Grant;
  readonly defaultLifetime: number;
  readonly clockSkew: number;
  readonly fetch: Send | undefined;
}

const COMMON = [
  "tokenUrl",
  "clientId",
  "clientSecret",
  "credentialBearer",
  "scopes",
  "params",
  "defaultTokenExpTime",
  "clockSkew",
  "fetch",
] as const satisfies (keyof TokenEndpoint)[];

const SENT: ReadonlySet<string> = new Set([
  "grant_type",
  "client_id",
  "client_secret",
  "username",
  "password",
  "refresh_token",
  "assertion",
  "scope",
]);

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} If there is not exactly one grant, or an option of it is unknown, missing or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toOAuth2Rules(options: OAuth2Options): OAuth2Rules {
  checkNames("oauth2", options, new Set(["clientCredentials", "password", "refreshToken", "jwtBearer"]));
  if (Object.keys(options).length !== 1) {
    throw new TypeError("oauth2 needs one of clientCredentials, password, refreshToken and jwtBearer, and no more");
  }
  if ("clientCredentials" in options) return toClientCredentials("clientCredentials", options.clientCredentials);
  if ("password" in options) return toPassword("password", options.password);
  if ("refreshToken" in options) return toRefreshToken("refreshToken", options.refreshToken);
  return toJwtBearer("jwtBearer", options.jwtBearer);
}

function toClientCredentials(name: string, endpoint: ClientCredentialsGrant): OAuth2Rules {
  checkNames(name, endpoint, new Set(COMMON));
  checkText(`${name}.clientId`, endpoint.clientId);
  checkText(`${name}.clientSecret`, endpoint.clientSecret);
  const form: Parameter[] = [["grant_type", "client_credentials"], ...toScope(name, endpoint)];
  // A refresh token is not meant to come with it (RFC 6749, section 4.4.3), and would be of no use.
  return toRules(name, endpoint, { toForm: () => form, refreshes: false });
}

function toPassword(name: string, endpoint: PasswordGrant): OAuth2Rules {
  checkNames(name, endpoint, new Set([...COMMON, "username", "password"]));
  const form: Parameter[] = [
    ["grant_type", "password"],
    ["username", checkText(`${name}.username`, endpoint.username)],
    ["password", checkText(`${name}.password`, endpoint.password)],
    ...toScope(name, endpoint),
  ];
  return toRules(name, endpoint, { toForm: () => form, refreshes: true });
}

function toRefreshToken(name: string, endpoint: RefreshTokenGrant): OAuth2Rules {
  checkNames(name, endpoint, new Set([...COMMON, "refreshToken"]));
  const form: Parameter[] = [
    ["grant_type", "refresh_token"],
    ["refresh_token", checkText(`${name}.refreshToken`, endpoint.refreshToken)],
    ...toScope(name, endpoint),
  ];
  return toRules(name, endpoint, { toForm: () => form, refreshes: true });
}

function toJwtBearer(name: string, endpoint: JwtBearerGrant): OAuth2Rules {
  checkNames(name, endpoint, new Set([...COMMON, "assertion"]));
  const { assertion } = endpoint;
  if (typeof assertion !== "function") checkText(`${name}.assertion`, assertion);
  const rest: Parameter[] = [["grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"], ...toScope(name, endpoint)];
  const toForm = async (signal: AbortSignal): Promise<Parameter[]> => {
    if (typeof assertion === "string") return [...rest, ["assertion", assertion]];
    // One that was sent before may be refused for its `jti` (RFC 7523, section 3).
    const { token } = await assertion({ renew: true, signal });
    return [...rest, ["assertion", token]];
  };
  return toRules(name, endpoint, { toForm, refreshes: false });
}

function toRules(name: string, endpoint: TokenEndpoint, grant: Grant): OAuth2Rules {
  const { defaultTokenExpTime = 3600, clockSkew = 0, fetch, params = {} } = endpoint;
  if (!(isNumber(defaultTokenExpTime) && defaultTokenExpTime > 0)) {
    throw new RangeError(`Option ${name}.defaultTokenExpTime must be more than 0 seconds: "${defaultTokenExpTime}"`);
  }
  if (!(isNumber(clockSkew) && clockSkew >= 0)) {
    throw new RangeError(`Option ${name}.clockSkew must be 0 seconds or more: "${clockSkew}"`);
  }
  if (fetch !== undefined && typeof fetch !== "function")
    throw new TypeError(`Option ${name}.fetch must be a function`);
  const { authorization, inBody } = toClient(name, endpoint);
  return {
    url: toEndpoint(`${name}.tokenUrl`, "a token endpoint", endpoint.tokenUrl),
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      // Runtimes send a request again when a kept connection ends, and to use a refresh token twice may end all that stem from it (RFC 9700, section 4.14.2).
      connection: "close",
      ...(authorization !== undefined && { authorization }),
    },
    params: [...toParams(`${name}.params`, params, SENT), ...inBody],
    grant,
    defaultLifetime: defaultTokenExpTime,
    clockSkew,
    fetch,
  };
}

function toClient(name: string, endpoint: TokenEndpoint): { authorization?: string; inBody: readonly Parameter[] } {
  const { clientId, clientSecret, credentialBearer = "AUTH_HEADER" } = endpoint;
  if (credentialBearer !== "AUTH_HEADER" && credentialBearer !== "POST_BODY") {
    throw new TypeError(`Option ${name}.credentialBearer must be "AUTH_HEADER" or "POST_BODY"`);
  }
  if (clientId === undefined) {
    if (clientSecret !== undefined) throw new TypeError(`Option ${name}.clientSecret needs a clientId`);
    return { inBody: [] };
  }
  const id: Parameter = ["client_id", checkText(`${name}.clientId`, clientId)];
  if (clientSecret === undefined) return { inBody: [id] };
  checkText(`${name}.clientSecret`, clientSecret);
  if (credentialBearer === "POST_BODY") return { inBody: [id, ["client_secret", clientSecret]] };
  return { authorization: toClientBasic(clientId, clientSecret), inBody: [] };
}

function toScope(name: string, { scopes }: TokenEndpoint): readonly Parameter[] {
  return scopes === undefined ? [] : [["scope", toScopes(`${name}.scopes`, scopes).join(" ")]];
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
