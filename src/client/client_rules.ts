/**
 * The options of a client, checked.
 *
 * @module
 */

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
export interface RetryRules extends Required<Omit<RetryConfig, "retryOn">> {
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

const OTHERS =
  "subProtocols customHeaders cookies auth credentials secureSocket webSocketCompressionEnabled pingPongHandler retryConfig validation signal heartbeat whileDown contract transport";

/**
 * Checks a URL and the options of a client, and fills in the defaults.
 *
 * @throws {TypeError} If the URL is malformed, or an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toClientRules(url: string | URL, config: ClientConfig): ClientRules {
  const parsed = toUrl(url);
  const { username, password } = parsed;
  // Some platforms send the user of a URL, some do not.
  const user = username
    ? { username: decodeURIComponent(username), password: decodeURIComponent(password) }
    : undefined;
  parsed.username = parsed.password = parsed.hash = "";
  const {
    auth,
    retryConfig: retry,
    subProtocols = [],
    credentials = "header",
    validation = true,
    signal,
    whileDown,
    contract,
  } = config;
  if (credentials !== "header" && !("subProtocol" in credentials || "query" in credentials)) throw wrong("credentials");
  const retries = retry && { ...toNumbers("retryConfig.", retry, RETRY, "retryOn"), retryOn: retry.retryOn };
  if (retries && (!retries.interval || !retries.maxWaitInterval || retries.jitter > 1)) {
    throw new RangeError("Option retryConfig needs an interval and a maxWaitInterval over 0, and a jitter up to 1");
  }
  if (contract && !contract.toTyped) throw wrong("contract");
  if (whileDown !== undefined && whileDown !== "queue" && whileDown !== "reject") throw wrong("whileDown");
  return {
    ...toNumbers("", config, NUMBERS, OTHERS),
    url: parsed.href,
    auth: auth ?? user,
    retry: retries,
    queuesWhileDown: !!retry && whileDown !== "reject",
    subProtocols,
    credentials,
    validation,
    signal,
  };
}

// A relative URL belongs to the page, as it does for `new WebSocket`.
function toUrl(url: string | URL): URL {
  const base = page.location?.href;
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined;
  // A query and a password are not repeated.
  if (!parsed || !/^(?:ws|http)s?:$/.test(parsed.protocol)) {
    throw new TypeError(`Malformed URL: ${String(url).replace(/[?#].*|\/\/.*@/gs, "…")}`);
  }
  parsed.protocol = parsed.protocol.replace("http", "ws");
  return parsed;
}

/** Checks the numbers among some options: only what is negative by default may be so, and a size, which is over 1000 by default, is not 0. */
export function toNumbers<Name extends string>(
  prefix: string,
  config: object,
  defaults: Readonly<Record<Name, number>>,
  others = "",
): Record<Name, number> {
  const numbers: Record<Name, number> = { ...defaults };
  for (const name of Object.keys(config)) {
    if (!(name in defaults || others.split(" ").includes(name))) throw wrong(prefix + name, "unknown");
  }
  for (const name in defaults) {
    const value = Object(config)[name] ?? defaults[name];
    const least = defaults[name] < 0 ? -1 : Number(defaults[name] > 1000);
    if (!(typeof value === "number" && value >= least && value < 2 ** 31))
      throw new RangeError(wrong(prefix + name, `${value}`).message);
    numbers[name] = value;
  }
  return numbers;
}

function wrong(option: string, what = "not one of its values"): TypeError {
  return new TypeError(`Option ${option} is ${what}`);
}
