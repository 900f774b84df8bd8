/**
 * What a browser tells of the network and the page (L12). Elsewhere nothing is told.
 *
 * @module
 */

import { page } from "./runtime.ts";

/** Tells whether it is known that there is no network. */
export function isOffline(): boolean {
  return page.navigator?.onLine === false;
}

/** Calls back when the network or the page comes back, and returns what ends that. */
export function onReturn(callback: () => void): () => void {
  const { document } = page;
  const seen = (): void => {
    if (document?.visibilityState === "visible") callback();
  };
  page.addEventListener?.("online", callback);
  document?.addEventListener("visibilitychange", seen);
  return () => {
    page.removeEventListener?.("online", callback);
    document?.removeEventListener("visibilitychange", seen);
  };
}
