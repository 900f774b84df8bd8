/**
 * The options of `oauth2Introspection`, and what they become once they are checked.
 *
 * @module
 */

import { checkNames } from "../src/options.ts";
import type { Send } from "./capped_fetch.ts";
import { checkText, toEndpoint, toParams, toScopes } from "./endpoint_options.ts";
import { toClientBasic } from "./form.ts";
import { type ClientSecureSocket, httpsFetch } from "./https_fetch.ts";
import { toRealm } from "./realm.ts";

/** The options of `oauth2Introspection`. A wrong value throws a `TypeError` or `RangeError` that names the option. */
export interface IntrospectionOptions {
  /** The introspection endpoint: https, or http on a loopback host. */
  readonly url: string | URL;
  /** The client that this service is, sent by HTTP Basic (RFC 6749, section 2.3.1). Goes with `clientSecret`. */
  readonly clientId?: string | undefined;
  /** The password of that client. */
  readonly clientSecret?: string | undefined;
  /** Sent as `token_type_hint`, `access_token` for example. @default none */
  readonly tokenTypeHint?: string | undefined;
  /** Sent besides the token. @default {} */
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** The member of the response that holds the scopes, as a text with spaces or as a list. @default "scope" */
  readonly scopeKey?: string | undefined;
  /** Any one of these scopes is needed. @default none is needed */
  readonly scopes?: readonly string[] | undefined;
  /** Keeps answers. A token that is revoked is then still accepted for up to `ttl`. @default answers are not kept */
  readonly cache?: IntrospectionCache | undefined;
  /** The realm of the challenge. @default "websocket" */
  readonly realm?: string | undefined;
  /** A CA of your own, and a client certificate. @default what the runtime trusts */
  readonly secureSocket?: ClientSecureSocket | undefined;
}

/** How many answers are kept, and how long. */
export interface IntrospectionCache {
  /** Tokens whose answer is kept, 1 to 100000; as many again that are not active. @default 1024 */
  readonly maxSize?: number | undefined;
  /** Seconds that an answer is kept, at most 60, and never past `exp`; that a token is not active, at most 5. @default 60 */
  readonly ttl?: number | undefined;
}

/** Checked options, `ttl` in milliseconds. */
export interface IntrospectionRules {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** What stands in the body besides the token. */
  readonly params: ReadonlyMap<string, string>;
  readonly scopeKey: string;
  readonly scopes: readonly string[] | undefined;
  readonly challenge: string;
  readonly cache: { readonly maxSize: number; readonly ttl: number } | undefined;
  readonly fetch: Send | undefined;
}

const NAMES: ReadonlySet<string> = new Set<keyof IntrospectionOptions>([
  "url",
  "clientId",
  "clientSecret",
  "tokenTypeHint",
  "params",
  "scopeKey",
  "scopes",
  "cache",
  "realm",
  "secureSocket",
]);

const SECURE_SOCKET_NAMES: ReadonlySet<string> = new Set<keyof ClientSecureSocket>([
  "ca",
  "cert",
  "key",
  "keyPassword",
  "serverName",
]);

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} If an option is unknown, missing or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toIntrospectionRules(config: IntrospectionOptions): IntrospectionRules {
  checkNames("oauth2Introspection", config, NAMES);
  const url = toEndpoint("url", "an introspection endpoint", config.url);
  return {
    url,
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      ...toCredentials(config.clientId, config.clientSecret),
    },
    params: toSent(config),
    scopeKey: checkText("scopeKey", config.scopeKey ?? "scope"),
    scopes: config.scopes === undefined ? undefined : toScopes("scopes", config.scopes),
    challenge: toRealm(config.realm ?? "websocket"),
    cache: config.cache === undefined ? undefined : toCache(config.cache),
    fetch: config.secureSocket === undefined ? undefined : toFetch(url, config.secureSocket),
  };
}

function toCredentials(clientId?: string, clientSecret?: string): { authorization?: string } {
  if (clientId === undefined && clientSecret === undefined) return {};
  if (clientId === undefined || clientSecret === undefined) {
    throw new TypeError("Options clientId and clientSecret go together");
  }
  return { authorization: toClientBasic(checkText("clientId", clientId), checkText("clientSecret", clientSecret)) };
}

const SENT: ReadonlySet<string> = new Set(["token", "token_type_hint"]);

function toSent({ params = {}, tokenTypeHint }: IntrospectionOptions): ReadonlyMap<string, string> {
  const map = toParams("params", params, SENT);
  if (tokenTypeHint !== undefined) map.set("token_type_hint", checkText("tokenTypeHint", tokenTypeHint));
  return map;
}

function toCache(cache: IntrospectionCache): { maxSize: number; ttl: number } {
  checkNames("cache", cache, new Set<keyof IntrospectionCache>(["maxSize", "ttl"]));
  const { maxSize = 1024, ttl = 60 } = cache;
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize > 100_000) {
    throw new RangeError(`Option cache.maxSize must be an integer from 1 to 100000: "${maxSize}"`);
  }
  if (typeof ttl !== "number" || !(ttl > 0 && ttl <= 60)) {
    throw new RangeError(`Option cache.ttl must be more than 0 and at most 60 seconds: "${ttl}"`);
  }
  return { maxSize, ttl: ttl * 1000 };
}

function toFetch(url: URL, secureSocket: ClientSecureSocket): Send {
  checkNames("secureSocket", secureSocket, SECURE_SOCKET_NAMES);
  if (url.protocol !== "https:") throw new TypeError("Option secureSocket needs a url that is https");
  for (const [name, value] of Object.entries(secureSocket)) {
    if (value !== undefined) checkText(`secureSocket.${name}`, value);
  }
  return httpsFetch(secureSocket);
}
