/**
 * The options of `oauth2Introspection`, and what they become once they are checked.
 *
 * @module
 */

import { checkNames } from "../src/options.ts";
import type { Send } from "./capped_fetch.ts";
import { type ClientSecureSocket, httpsFetch } from "./https_fetch.ts";
import { toRealm } from "./realm.ts";
import { isSafe } from "./transport.ts";

/** The options of `oauth2Introspection`. A wrong value throws a `TypeError` or `RangeError` that names the option. */
export interface IntrospectionOptions {
  /** The introspection endpoint: https, or http on a loopback host. */
  readonly url: string | URL;
  /** The client that this service is, sent by HTTP Basic (RFC 6749, section 2.3.1). Goes with `clientSecret`. */
  readonly clientId?: string;
  /** The password of that client. */
  readonly clientSecret?: string;
  /** Sent as `token_type_hint`, `access_token` for example. @default none */
  readonly tokenTypeHint?: string;
  /** Sent besides the token. @default {} */
  readonly params?: Readonly<Record<string, string>>;
  /** The member of the response that holds the scopes, as a text with spaces or as a list. @default "scope" */
  readonly scopeKey?: string;
  /** Any one of these scopes is needed. @default none is needed */
  readonly scopes?: readonly string[];
  /** Keeps answers. A token that is revoked is then known for as long as `ttl`. @default answers are not kept */
  readonly cache?: IntrospectionCache;
  /** The realm of the challenge. @default "websocket" */
  readonly realm?: string;
  /** A CA of one's own, and a client certificate. @default what the runtime trusts */
  readonly secureSocket?: ClientSecureSocket;
}

/** How many answers are kept, and how long. */
export interface IntrospectionCache {
  /** Tokens whose answer is kept, 1 to 100000; as many again that are not active. @default 1024 */
  readonly maxSize?: number;
  /** Seconds that an answer is kept, at most 60, and never past `exp`; that a token is not active, at most 5. @default 60 */
  readonly ttl?: number;
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
  const url = toUrl(config.url);
  return {
    url,
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      ...toCredentials(config.clientId, config.clientSecret),
    },
    params: toParams(config),
    scopeKey: checkText("scopeKey", config.scopeKey ?? "scope"),
    scopes: config.scopes === undefined ? undefined : toScopes(config.scopes),
    challenge: toRealm(config.realm ?? "websocket"),
    cache: config.cache === undefined ? undefined : toCache(config.cache),
    fetch: config.secureSocket === undefined ? undefined : toFetch(url, config.secureSocket),
  };
}

function toUrl(value: string | URL): URL {
  const text = String(value);
  // The value is not quoted: its path and query may hold a key.
  if (!URL.canParse(text)) throw new TypeError("Option url must be the URL of an introspection endpoint");
  const url = new URL(text);
  const quoted = `"${url.protocol}//${url.host}"`;
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`Option url must hold no credentials, clientId and clientSecret do: ${quoted}`);
  }
  if (!isSafe(url)) {
    throw new TypeError(`Option url must be https, for tokens and secrets travel there: ${quoted}`);
  }
  return url;
}

function toCredentials(clientId?: string, clientSecret?: string): { authorization?: string } {
  if (clientId === undefined && clientSecret === undefined) return {};
  if (clientId === undefined || clientSecret === undefined) {
    throw new TypeError("Options clientId and clientSecret go together");
  }
  const id = encodeForm(checkText("clientId", clientId));
  return { authorization: `Basic ${btoa(`${id}:${encodeForm(checkText("clientSecret", clientSecret))}`)}` };
}

/** Encodes as a form does, which RFC 6749, section 2.3.1, wants inside of Basic too. */
function encodeForm(text: string): string {
  return new URLSearchParams({ _: text }).toString().slice(2);
}

function toParams({ params = {}, tokenTypeHint }: IntrospectionOptions): ReadonlyMap<string, string> {
  if (typeof params !== "object" || params === null) throw new TypeError("Option params must be an object");
  const map = new Map(Object.entries(params));
  for (const [name, value] of map) {
    if (typeof value !== "string") throw new TypeError(`Option params must hold texts, but "${name}" is none`);
    if (name !== "token" && name !== "token_type_hint") continue;
    throw new TypeError(`Option params must not hold "${name}", which is sent anyway or has an option of its own`);
  }
  if (tokenTypeHint !== undefined) map.set("token_type_hint", checkText("tokenTypeHint", tokenTypeHint));
  return map;
}

function toScopes(scopes: readonly string[]): readonly string[] {
  // The characters of a scope are those of RFC 6749, section 3.3.
  const isScope = (scope: unknown) => typeof scope === "string" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope);
  if (Array.isArray(scopes) && scopes.length > 0 && scopes.every(isScope)) return [...scopes];
  throw new TypeError("Option scopes must be a list of one or more scopes without spaces, quotes and backslashes");
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
  for (const [name, value] of Object.entries(secureSocket)) checkText(`secureSocket.${name}`, value);
  return httpsFetch(secureSocket);
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`Option ${name} must be a text that is not empty`);
}
