/**
 * Whether a service has a handler for each message (C3).
 *
 * @module
 */

import type { Handlers } from "./contract_service.ts";
import { LIFECYCLE } from "./names.ts";
import type { ContractRules, MessageRule } from "./rules.ts";

/**
 * Checks the handlers of a service.
 *
 * @throws {TypeError} If one is missing or no function, naming it, and what may be meant for it
 */
export function checkHandlers(rules: ContractRules, handlers: Handlers): void {
  const missing: MessageRule[] = [];
  for (const rule of rules.messages.values()) {
    if (!has(handlers, rule.handler)) missing.push(rule);
    has(handlers, rule.errorHandler);
  }
  for (const name of LIFECYCLE) has(handlers, name);
  if (missing.length === 0 || handlers.onMessage !== undefined) return;
  const names = missing.map(({ type, handler }) => `${handler} for message type ${JSON.stringify(type)}`);
  throw new TypeError(
    `The service lacks ${names.join(", ")}: add it, or an onMessage that takes what has no handler${toHint(rules, handlers)}`,
  );
}

function has(handlers: Handlers, name: string): boolean {
  const value = handlers[name];
  if (value === undefined) return false;
  if (typeof value !== "function") throw new TypeError(`${name} of the service is no function`);
  return true;
}

// Most likely the missing one has another name.
function toHint(rules: ContractRules, handlers: Handlers): string {
  const known = new Set(LIFECYCLE);
  for (const { handler, errorHandler } of rules.messages.values()) known.add(handler).add(errorHandler);
  const strange = [...methodsOf(handlers)].filter((name) => /^on/i.test(name) && !known.has(name));
  return strange.length === 0 ? "" : `. It has ${strange.join(", ")}, which no message reaches`;
}

/** Gives the names of the methods of an object, those of its class too. */
export function methodsOf(handlers: object): Set<string> {
  const names = new Set<string>();
  for (let at: unknown = handlers; at !== null && at !== Object.prototype; ) {
    if (typeof at !== "object") break;
    for (const name of Object.getOwnPropertyNames(at)) {
      // Not by its value, which a getter might compute.
      if (typeof Object.getOwnPropertyDescriptor(at, name)?.value === "function") names.add(name);
    }
    at = Object.getPrototypeOf(at);
  }
  return names;
}
