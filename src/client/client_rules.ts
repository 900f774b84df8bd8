/**
 * The options of a client, checked.
 *
 * @module
 */

import type { ClientAuth, ClientConfig, CredentialCarrier, PingPongHandler, RetryConfig } from "./client_config.ts";

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

/** The default, the least and the most of an option. */
type Bounds = readonly [fallback: number, least: number, most?: number];

const NUMBERS: Record<NumberName, Bounds> = {
  readTimeout: [-1, -1],
  writeTimeout: [-1, -1],
  handShakeTimeout: [300, 0],
  maxFrameSize: [65536, 1],
  maxQueuedMessages: [1024, 1],
  maxQueuedBytes: [1_048_576, 1],
};

const RETRY: Record<RetryNumberName, Bounds> = {
  maxCount: [0, 0],
  interval: [1, 0.001],
  backOffFactor: [1, 1],
  maxWaitInterval: [30, 0.001],
  jitter: [0.5, 0, 1],
  stableAfter: [5, 0],
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
  if (whileDown !== "queue" && whileDown !== "reject")
    throw new TypeError('Option whileDown must be "queue" or "reject"');
  return {
    ...toNumbers("", config, NUMBERS, OTHERS),
    url: parsed.href,
    subProtocols: config.subProtocols ?? [],
    // Some platforms send the user of a URL, some do not.
    auth:
      config.auth ??
      (username ? { username: decodeURIComponent(username), password: decodeURIComponent(password) } : undefined),
    credentials,
    pingPongHandler: config.pingPongHandler ?? {},
    retry: retryConfig && { ...toNumbers("retryConfig.", retryConfig, RETRY, "retryOn"), retryOn: retryConfig.retryOn },
    validation: config.validation ?? true,
    signal: config.signal,
    queuesWhileDown: whileDown === "queue" && retryConfig !== undefined,
  };
}

// A relative URL belongs to the page, as it does for `new WebSocket`.
function toUrl(url: string | URL): URL {
  const { location } = globalThis as { location?: { href: string } };
  const parsed = URL.canParse(url, location?.href) ? new URL(url, location?.href) : undefined;
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
  table: Readonly<Record<Name, Bounds>>,
  others: string,
): Record<Name, number> {
  for (const name of Object.keys(config)) {
    if (!(name in table || others.split(" ").includes(name))) throw new TypeError(`Unknown option ${prefix}${name}`);
  }
  const numbers: Partial<Record<Name, number>> = {};
  for (const name in table) {
    const [fallback, least, most = 2 ** 31] = table[name];
    const value: unknown = new Map(Object.entries(config)).get(name) ?? fallback;
    if (!(typeof value === "number" && value >= least && value <= most)) {
      throw new RangeError(`Option ${prefix}${name} is ${value}: must be a number from ${least} to ${most}`);
    }
    numbers[name] = value;
  }
  return numbers as Record<Name, number>;
}
