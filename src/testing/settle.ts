/**
 * Letting promises settle.
 *
 * @module
 */

import { soon } from "../clock.ts";

// A browser has no `setImmediate`, and its timers take milliseconds: there it is a message of a channel. Not elsewhere, for once a module of Node was
// imported, Deno delivers such messages before all microtasks are done.
const SETTLES = "setImmediate" in globalThis || !("MessageChannel" in globalThis) ? soon : soonByMessage;

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
  return new Promise(SETTLES);
}

function soonByMessage(callback: () => void): void {
  // Used once, for a channel may deliver further messages before all microtasks are done.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(0);
}
