/**
 * The options of a client, checked.
 *
 * @module
 */

import type { ClientConfig, PingPongHandler, RetryConfig } from "./client_config.ts";
import type { ClientAuth, CredentialCarrier } from "./client_credential.ts";
import { page } from "./runtime.ts";

type NumberName =
  | "readTimeout"
  | "writeTimeout"
  | "handShakeTimeout"
  | "maxFrameSize"
  | "maxQueuedMessages"
  | "maxQueuedBytes";
type RetryNumberName = Exclude<keyof RetryConfig, "retryOn">;

/** A checked {@link ClientConfig}: what the transport looks after is not among it. */
export interface ClientRules extends Readonly<Record<NumberName, number>> {
  /** With `ws:` or `wss:`, without user and fragment. */
  readonly url: string;
  readonly subProtocols: readonly string[];
  readonly auth: ClientAuth | undefined;
  readonly credentials: CredentialCarrier;
  readonly pingPongHandler: PingPongHandler;
  readonly retry: RetryRules | undefined;
  readonly validation: boolean;
  readonly signal: AbortSignal | undefined;
  readonly queuesWhileDown: boolean;
}

/** A checked {@link RetryConfig}. */
export interface RetryRules extends Readonly<Record<RetryNumberName, number>> {
  readonly retryOn: RetryConfig["retryOn"];
}

const NUMBERS: Record<NumberName, number> = {
  readTimeout: -1,
  writeTimeout: -1,
  handShakeTimeout: 300,
  maxFrameSize: 65536,
  maxQueuedMessages: 1024,
  maxQueuedBytes: 1_048_576,
};

const RETRY: Record<RetryNumberName, number> = {
  maxCount: 0,
  interval: 1,
  backOffFactor: 1,
  maxWaitInterval: 30,
  jitter: 0.5,
  stableAfter: 5,
};

const NUMBERS_LEAST: Record<NumberName, number> = {
  readTimeout: -1,
  writeTimeout: -1,
  handShakeTimeout: 0,
  maxFrameSize: 1,
  maxQueuedMessages: 1,
  maxQueuedBytes: 1,
};

const RETRY_LEAST: Record<RetryNumberName, number> = {
  maxCount: 0,
  interval: 0.001,
  backOffFactor: 1,
  maxWaitInterval: 0.001,
  jitter: 0,
  stableAfter: 0,
};

const OTHERS =
  "subProtocols customHeaders cookies auth credentials secureSocket webSocketCompressionEnabled pingPongHandler retryConfig validation signal heartbeat whileDown transport";

/**
 * Checks a URL and the options of a client, and fills in the defaults.
 *
 * @throws {TypeError} If the URL is malformed, or an option is unknown or of the wrong type
 * @throws {RangeError} If a number is out of range
 */
export function toClientRules(url: string | URL, config: ClientConfig): ClientRules {
  const parsed = toUrl(url);
  const { username, password } = parsed;
  parsed.username = parsed.password = parsed.hash = "";
  const { retryConfig, credentials = "header", whileDown = "queue" } = config;
  if (credentials !== "header" && !("subProtocol" in credentials || "query" in credentials)) {
    throw new TypeError('Option credentials must be "header", { subProtocol } or { query }');
  }
  if (Number(retryConfig?.jitter) > 1) throw new RangeError("Option retryConfig.jitter must be at most 1");
  if (whileDown !== "queue" && whileDown !== "reject")
    throw new TypeError('Option whileDown must be "queue" or "reject"');
  return {
    ...toNumbers("", config, NUMBERS, NUMBERS_LEAST, OTHERS),
    url: parsed.href,
    subProtocols: config.subProtocols ?? [],
    // Some platforms send the user of a URL, some do not.
    auth:
      config.auth ??
      (username ? { username: decodeURIComponent(username), password: decodeURIComponent(password) } : undefined),
    credentials,
    pingPongHandler: config.pingPongHandler ?? {},
    retry: retryConfig && {
      ...toNumbers("retryConfig.", retryConfig, RETRY, RETRY_LEAST, "retryOn"),
      retryOn: retryConfig.retryOn,
    },
    validation: config.validation ?? true,
    signal: config.signal,
    queuesWhileDown: whileDown === "queue" && retryConfig !== undefined,
  };
}

// A relative URL belongs to the page, as it does for `new WebSocket`.
function toUrl(url: string | URL): URL {
  const base = page.location?.href;
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined;
  const scheme = /^(?:ws|http)(s?:)$/.exec(parsed?.protocol ?? "");
  // A query and a password are not repeated.
  if (!parsed || !scheme) throw new TypeError(`Malformed URL: ${String(url).replace(/[?#].*|\/\/.*@/gs, "…")}`);
  parsed.protocol = `ws${scheme[1]}`;
  return parsed;
}

/** Checks the numbers among some options, and that there is no unknown option. */
export function toNumbers<Name extends string>(
  prefix: string,
  config: object,
  defaults: Readonly<Record<Name, number>>,
  least: Readonly<Record<Name, number>>,
  others = "",
): Record<Name, number> {
  const numbers: Record<Name, number> = { ...defaults, ...config };
  const known = new Set([...Object.keys(defaults), ...others.split(" ")]);
  for (const name of Object.keys(config)) if (!known.has(name)) throw new TypeError(`Unknown option ${prefix}${name}`);
  for (const name in least) {
    const value = (numbers[name] ??= defaults[name]);
    if (!(typeof value === "number" && value >= least[name] && value < 2 ** 31)) {
      throw new RangeError(`Option ${prefix}${name} is ${value}: must be a number of at least ${least[name]}`);
    }
  }
  return numbers;
}
