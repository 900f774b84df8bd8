/**
 * The arguments of `switchboard connect`.
 *
 * @module
 */

import { UsageError } from "../command.ts";
import { type Arguments, type OptionKind, toArguments } from "../options.ts";
import type { Encoding } from "./encoding.ts";
import { toHeaders, toPairs } from "./headers.ts";

/** Bytes of a message, unless `--max-size` says otherwise. */
const MAX_SIZE = 16_777_216;

/** Who connects, as the arguments say. */
export type Identity =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "user"; readonly name: string };

/** What the arguments ask for. */
export interface Settings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  readonly identity: Identity | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
  readonly retry: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** Bytes. */
  readonly maxSize: number;
  readonly json: boolean;
  readonly pretty: boolean;
  readonly colours: boolean;
  readonly verbose: boolean;
  readonly binary: Encoding | undefined;
  /** Seconds to stay after the end of the input; `undefined` until it is quiet. */
  readonly wait: number | undefined;
  /** Messages to leave after. */
  readonly count: number | undefined;
  /** What is sent first. */
  readonly execute: readonly string[];
}

const OPTIONS: Readonly<Record<string, OptionKind>> = {
  header: "list",
  subprotocol: "list",
  cookie: "list",
  execute: "list",
  token: "value",
  "token-file": "value",
  user: "value",
  ca: "value",
  cert: "value",
  key: "value",
  timeout: "value",
  "max-size": "value",
  binary: "value",
  wait: "value",
  count: "value",
  insecure: "flag",
  retry: "flag",
  json: "flag",
  pretty: "flag",
  "no-color": "flag",
  verbose: "flag",
};

const LETTERS: Readonly<Record<string, string>> = {
  H: "header",
  s: "subprotocol",
  x: "execute",
  u: "user",
  k: "insecure",
  w: "wait",
  n: "count",
  v: "verbose",
};

/**
 * Reads the arguments.
 *
 * @throws {UsageError} If they are wrong
 */
export function toSettings(args: readonly string[]): Settings {
  const given = toArguments(args, OPTIONS, LETTERS);
  const { options, lists, positionals } = given;
  const [url] = positionals;
  // The others are not repeated: they may be a token that was meant for an option.
  if (url === undefined || positionals.length > 1) throw new UsageError("Name one URL: switchboard connect ws://…");
  const settings: Settings = {
    url: checkUrl(url),
    headers: toHeaders(lists.get("header") ?? []),
    cookies: toPairs(lists.get("cookie") ?? []),
    subprotocols: lists.get("subprotocol") ?? [],
    identity: toIdentity(given),
    ca: options.get("ca"),
    cert: options.get("cert"),
    key: options.get("key"),
    insecure: options.has("insecure"),
    retry: options.has("retry"),
    timeout: toNumber(given, "timeout", "a number of seconds") ?? 30,
    maxSize: toWhole(given, "max-size", "a number of bytes") ?? MAX_SIZE,
    json: options.has("json"),
    pretty: options.has("pretty"),
    colours: !options.has("no-color"),
    verbose: options.has("verbose"),
    binary: toEncoding(options.get("binary")),
    wait: toWait(given),
    count: toWhole(given, "count", "a number of messages"),
    execute: lists.get("execute") ?? [],
  };
  if ((settings.cert === undefined) !== (settings.key === undefined)) {
    throw new UsageError("Options --cert and --key need each other");
  }
  return settings;
}

/** Gives a URL without what may be secret in it: user, password and query. */
export function toShownUrl(url: string): string {
  const parsed = /^\w+:\/\//.test(url) ? URL.parse(url) : null;
  if (parsed !== null) return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  // Where its parts begin is not known, so that rather too much is left out.
  return url.replace(/[?#].*$/s, "").replace(/^([a-z][\w+.-]*:\/\/)?.*@/is, "$1");
}

function checkUrl(url: string): string {
  const shown = JSON.stringify(toShownUrl(url));
  const parsed = URL.parse(url);
  if (parsed === null || !/^(?:wss?|https?):$/.test(parsed.protocol) || !/^\w+:\/\//.test(url)) {
    throw new UsageError(`Malformed URL ${shown}: must begin with ws:// or wss:// and a host`);
  }
  if (!isEncoded(parsed.username) || !isEncoded(parsed.password)) {
    throw new UsageError(`Malformed URL ${shown}: its user has a "%" that must be written "%25"`);
  }
  return url;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function toIdentity({ options }: Arguments): Identity | undefined {
  const [token, path, name] = [options.get("token"), options.get("token-file"), options.get("user")];
  if ([token, path, name].filter((value) => value !== undefined).length > 1) {
    throw new UsageError("Name only one of --token, --token-file and --user");
  }
  if (token !== undefined) return { kind: "token", token };
  if (path !== undefined) return { kind: "file", path };
  if (name?.includes(":")) {
    throw new UsageError(
      "Option --user takes a name only: SWITCHBOARD_PASSWORD holds the password, or it is asked for",
    );
  }
  return name === undefined ? undefined : { kind: "user", name };
}

function toEncoding(value: string | undefined): Encoding | undefined {
  if (value === undefined || value === "hex" || value === "base64") return value;
  throw new UsageError(`Option --binary is ${JSON.stringify(value)}: must be hex or base64`);
}

function toWait(given: Arguments): number | undefined {
  if (given.options.get("wait") === "forever") return Number.POSITIVE_INFINITY;
  return toNumber(given, "wait", `a number of seconds, or "forever"`);
}

function toNumber({ options }: Arguments, name: string, what: string): number | undefined {
  const value = options.get(name);
  if (value === undefined) return undefined;
  const number = /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw new UsageError(`Option --${name} is ${JSON.stringify(value)}: must be ${what}`);
}

function toWhole(given: Arguments, name: string, what: string): number | undefined {
  const number = toNumber(given, name, what);
  if (number === undefined || (Number.isSafeInteger(number) && number >= 1)) return number;
  throw new UsageError(`Option --${name} is ${number}: must be ${what}, 1 or more`);
}
