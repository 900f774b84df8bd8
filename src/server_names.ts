/**
 * The names of the options of servers: by themselves, so that those who refuse them need not know their types.
 *
 * @module
 */

/** Those of a listener and of a server of your own alike. */
export const HOST_NAMES = [
  "logger",
  "requestLimits",
  "maxConnections",
  "maxConnectionsPerAddress",
  "trustedProxies",
  "server",
  "timeout",
  "webSocketCompressionEnabled",
  "http1Settings",
] as const;

/** Those that a listener has besides. */
export const LISTENER_NAMES = ["port", "host", "engine", "requires", "secureSocket"] as const;
