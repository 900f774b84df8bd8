/**
 * Whether a service has a handler for each message (C3).
 *
 * @module
 */

import { CALLBACKS, misnamedIn } from "../callback_names.ts";
import type { Handlers } from "./contract_service.ts";
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
  for (const name of CALLBACKS) has(handlers, name);
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
  const known = new Set(CALLBACKS);
  for (const { handler, errorHandler } of rules.messages.values()) known.add(handler).add(errorHandler);
  const strange = misnamedIn(handlers, known);
  return strange.length === 0 ? "" : `. It has ${strange.join(", ")}, which no message reaches`;
}
