/**
 * The options of a client, checked.
 *
 * @module
 */

import { isToken } from "../http.ts";
import type { Complete } from "../options.ts";
import type { ClientConfig, RetryConfig } from "./client_config.ts";
import type { ClientAuth, CredentialCarrier } from "./client_credential.ts";
import { page } from "./runtime.ts";

/** A checked {@link ClientConfig}: what the transport looks after is not among it. */
export interface ClientRules {
  /** With `ws:` or `wss:`, without user and fragment. */
  readonly url: string;
  readonly subProtocols: readonly string[];
  readonly auth: ClientAuth | undefined;
  readonly credentials: CredentialCarrier;
  readonly readTimeout: number;
  readonly writeTimeout: number;
  readonly handShakeTimeout: number;
  readonly maxFrameSize: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly retry: RetryRules | undefined;
  readonly validation: boolean;
  readonly signal: AbortSignal | undefined;
  readonly queuesWhileDown: boolean;
}

/** A checked {@link RetryConfig}. */
export interface RetryRules extends Complete<Omit<RetryConfig, "retryOn">> {
  readonly retryOn: RetryConfig["retryOn"] | undefined;
}

const NUMBERS = {
  readTimeout: -1,
  writeTimeout: -1,
  handShakeTimeout: 300,
  maxFrameSize: 65536,
  maxQueuedMessages: 1024,
  maxQueuedBytes: 1_048_576,
} as const;

const RETRY = { maxCount: 0, interval: 1, backOffFactor: 1, maxWaitInterval: 30, jitter: 0.5, stableAfter: 5 } as const;

// What `typeof` says of the others.
const OTHERS = {
  // A string is told what it should be.
  subProtocols: "object or string",
  customHeaders: "object",
  cookies: "object",
  auth: "object or function",
  credentials: "object or string",
  secureSocket: "object",
  webSocketCompressionEnabled: "boolean",
  pingPongHandler: "object",
  retryConfig: "object",
  validation: "boolean",
  signal: "object",
  heartbeat: "object or boolean",
  whileDown: "string",
  contract: "object",
  transport: "object or string",
};

/**
 * Checks a URL and the options of a client, and fills in the defaults.
 *
 * @throws {TypeError} If the URL is malformed, or an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toClientRules(url: string | URL, config: ClientConfig): ClientRules {
  const [parsed, user] = toUrl(url);
  const numbers = toNumbers("", config, NUMBERS, OTHERS);
  const {
    auth,
    retryConfig: retry,
    subProtocols = [],
    credentials = "header",
    validation = true,
    signal,
    whileDown = "queue",
    contract,
  } = config;
  const { subProtocol, query } = Object(credentials);
  if (credentials !== "header" && !subProtocol && !query) throw wrong("credentials");
  if (!Array.isArray(subProtocols) || !subProtocols.every(isToken) || new Set(subProtocols).size < subProtocols.length)
    throw wrong("subProtocols", "no list of distinct tokens");
  const retries = retry && {
    ...toNumbers("retryConfig.", retry, RETRY, { retryOn: "function" }),
    retryOn: retry.retryOn,
  };
  if (retries && (!retries.interval || !retries.maxWaitInterval || retries.jitter > 1 || retries.backOffFactor < 1)) {
    throw new RangeError(
      "Option retryConfig needs interval and maxWaitInterval over 0, jitter up to 1, backOffFactor from 1",
    );
  }
  if (contract && !contract.toTyped) throw wrong("contract", "no Contract");
  if (whileDown !== "queue" && whileDown !== "reject") throw wrong("whileDown");
  return {
    ...numbers,
    url: parsed.href,
    auth: auth ?? user,
    retry: retries,
    queuesWhileDown: !!retry && whileDown === "queue",
    subProtocols,
    credentials,
    validation,
    signal,
  };
}

// A relative URL belongs to the page, as it does for `new WebSocket`. Some platforms send the user of a URL, some do not.
function toUrl(url: string | URL): [URL, ClientAuth | undefined] {
  try {
    const parsed = new URL(url, page.location?.href);
    const username = decodeURIComponent(parsed.username);
    const password = decodeURIComponent(parsed.password);
    parsed.protocol = parsed.protocol.replace("http", "ws");
    parsed.username = parsed.password = parsed.hash = "";
    if (/^wss?:$/.test(parsed.protocol)) return [parsed, username || password ? { username, password } : undefined];
  } catch {}
  // A query and a password are not repeated.
  throw new TypeError(`Malformed URL: ${String(url).replace(/[?#].*|\/\/.*@/gs, "…")}`);
}

/**
 * Checks the names and types of some options, and the numbers among them: only what is negative by default may be so, as its default, and a size,
 * which is over 1000 by default, is not 0.
 */
export function toNumbers<Name extends string>(
  prefix: string,
  config: object,
  defaults: Readonly<Record<Name, number>>,
  others: Readonly<Record<string, string>> = {},
): Record<Name, number> {
  const numbers: Record<string, number> = { ...defaults };
  for (const [name, value] of Object.entries(config)) {
    const type = name in defaults ? "number" : others[name];
    if (!type) throw wrong(prefix + name, "unknown");
    if (value === null || !`undefined ${type}`.includes(typeof value)) throw wrong(prefix + name, `no ${type}`);
  }
  for (const [name, standard] of Object.entries<number>(defaults)) {
    const value = Object(config)[name] ?? standard;
    const least = standard < 0 ? -1 : Number(standard > 1000);
    if (!(value === least || value >= Math.max(0, least)) || value >= 2 ** 31)
      throw new RangeError(wrong(prefix + name, `${value}`).message);
    numbers[name] = value;
  }
  return numbers;
}

function wrong(option: string, what = "none of its values"): TypeError {
  return new TypeError(`Option ${option} is ${what}`);
}
