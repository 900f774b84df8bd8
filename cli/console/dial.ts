/**
 * The client as the command uses it.
 *
 * @module
 */

import type { Dial } from "./link.ts";

/** Opens a connection with `Client`, which is loaded now. */
export const dial: Dial = async (url, config, watcher) => {
  const { Client } = await import("../../client.ts");
  // Attempts before the first connection have no client yet that could tell of them. If one was the last, `connect` rejects before this is told.
  let isFirst = true;
  let told: ReturnType<typeof setTimeout> | undefined;
  const { retryConfig } = config;
  const client = await Client.connect(url, {
    ...config,
    pingPongHandler: { onPing: (data) => watcher.ping(data), onPong: (data) => watcher.pong(data) },
    ...(retryConfig !== undefined && {
      retryConfig: {
        ...retryConfig,
        retryOn: (cause) => {
          if (isFirst) told = setTimeout(() => watcher.reconnecting(cause.message), 0);
          return undefined;
        },
      },
    }),
  }).catch((error) => {
    clearTimeout(told);
    throw error;
  });
  isFirst = false;
  client.addEventListener("reconnecting", ({ attempt, wait, cause }) =>
    watcher.reconnecting(cause.message, attempt, wait),
  );
  client.addEventListener("open", () => watcher.reopened(client.negotiatedSubProtocol ?? ""));
  return {
    get subprotocol() {
      return client.negotiatedSubProtocol ?? "";
    },
    closed: client.closed,
    fault: () =>
      client.readMessage().then(
        () => undefined,
        (error) => error,
      ),
    send: (data) => (typeof data === "string" ? client.writeTextMessage(data) : client.writeBinaryMessage(data)),
    ping: (data) => client.ping(data),
    close: (code, reason, timeout) => client.close(code, reason, timeout),
    [Symbol.asyncIterator]: () => client[Symbol.asyncIterator](),
  };
};
