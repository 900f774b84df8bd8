/**
 * Callbacks that have another name than those that are called.
 *
 * @module
 */

import { CALLBACKS, misnamedIn } from "./callback_names.ts";
import type { Outbox } from "./outbox.ts";
import type { Service } from "./service.ts";

/** Tells, once for the services of one upgrade, that a message came for which there is no callback, where a member may be meant for one. */
export function tellMisnamed({ host, rules }: Outbox, service: Service): void {
  if (host.looked.has(rules)) return;
  host.looked.add(rules);
  const names = misnamed(service);
  if (names.length === 0) return;
  host.warnOnce(
    `A message came for which the service has no callback. It has ${names.join(", ")}, which nothing calls`,
  );
}

function misnamed(service: Service): string[] {
  try {
    return misnamedIn(service, CALLBACKS);
  } catch {
    return []; // A Proxy that does not let itself be looked at.
  }
}
