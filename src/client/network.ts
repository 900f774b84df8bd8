/**
 * What a browser tells of the network and the page (L12). Elsewhere nothing is told.
 *
 * @module
 */

import { page } from "./runtime.ts";

const ONLINE = "online";
const TYPES = [ONLINE, "visibilitychange"];

/** Tells whether it is known that there is no network. */
export function isOffline(): boolean {
  return page.navigator?.onLine === false;
}

/** Calls back when the network or the page comes back, and returns what ends that. */
export function onReturn(callback: () => void): () => void {
  const seen = ({ type }: { readonly type: string }): void => {
    if (type === ONLINE || page.document?.visibilityState !== "hidden") callback();
  };
  // The second goes up from the document to the window.
  for (const type of TYPES) page.addEventListener?.(type, seen);
  return () => {
    for (const type of TYPES) page.removeEventListener?.(type, seen);
  };
}
