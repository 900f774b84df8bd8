/**
 * Letting promises settle.
 *
 * @module
 */

/**
 * Resolves when everything has happened that waits for nothing but promises: messages have arrived, callbacks have returned.
 *
 * @example
 * ```ts
 * import { pair, settle } from "@switchboard/websocket/testing";
 *
 * const { client } = pair({ onOpen: () => "Welcome" });
 * await settle();
 * console.log(client.messages); // ["Welcome"]
 * ```
 */
export function settle(): Promise<void> {
  // A message takes some microseconds where a timer takes a millisecond, and test runners that replace timers leave it alone. A channel is used
  // once, for Deno delivers further messages before all microtasks are done.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
