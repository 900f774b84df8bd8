/**
 * What is a service, of what users give as one.
 *
 * @module
 */

import type { Service } from "./service.ts";

/** Tells whether a value may be a service: any object but a contract. */
export function isService(value: unknown): value is Service {
  return typeof value === "object" && value !== null && !isContract(value);
}

/** Names what is no service, for the message of an error. */
export function nameNoService(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return isContract(value) ? "a contract, not contract.service({ … })" : `a ${typeof value}`;
}

// Without its handlers it would be a service that says nothing to anybody. Types refuse it, and JavaScript has none.
function isContract(value: unknown): boolean {
  return typeof value === "object" && value !== null && "toTyped" in value && "definition" in value;
}
