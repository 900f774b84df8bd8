/**
 * Apps whose routes can be added to: Hono's.
 *
 * @module
 */

import type { Attached } from "./attached.ts";
import { ListenerError } from "./errors.ts";
import type { App } from "./slot.ts";
import type { UpgradeContext } from "./upgrade_request.ts";

type Handler = (context: UpgradeContext, next: () => Promise<void>) => unknown;

/** A Hono app; its routes are read for the services that were mounted on it. */
export interface RoutedApp extends App {
  all(path: string, handler: Handler): unknown;
  get(path: string, handler: Handler): unknown;
  readonly routes: readonly { readonly handler: unknown }[];
}

/** Tells whether an app is Hono's. */
export function isRouted(app: App): app is RoutedApp {
  const isHono = "get" in app && typeof app.get === "function" && "all" in app && typeof app.all === "function";
  return isHono && "routes" in app && Array.isArray(app.routes);
}

/**
 * Adds the routes of a service and of its documents. They pass on to the next route once the service is detached, for a route cannot be taken away.
 *
 * @throws {TypeError} If the app has no routes
 * @throws {ListenerError} If the app takes no more routes
 */
export function mount(app: App, attached: Attached): void {
  const { path, service, documents } = attached;
  if (!isRouted(app)) {
    throw new TypeError(`Cannot attach at "${path}": the app has no routes; attach needs a Hono app`);
  }
  try {
    // First, for the path of the service may have parameters that would take them.
    for (const document of documents) {
      app.all(document.path, (context, next) => (attached.active ? document.answer(context) : next()));
    }
    app.get(path, (context, next) => (attached.active ? service(context) : next()));
  } catch (cause) {
    throw new ListenerError(`Cannot attach at "${path}": the app has answered requests already`, { cause });
  }
}
