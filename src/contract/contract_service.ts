/**
 * Handlers that are bound to a contract: what the core looks for in the service of a connection.
 *
 * @module
 */

import { isA } from "../errors.ts";
import type { Service } from "../service.ts";
import type { Envelope } from "./envelope.ts";
import type { ContractRules } from "./rules.ts";

/** The callbacks and the handlers, by their names. */
export type Handlers = Service & { readonly [name: string]: unknown };

/** A service that takes its messages by a contract. It has no callbacks of its own. */
export class ContractService implements Service {
  declare readonly onOpen?: never;
  /** What messages there are. */
  readonly rules: ContractRules;
  /** How replies are written. */
  readonly envelope: Envelope;
  /** Who handles them. */
  readonly handlers: Handlers;

  /** Made by `service` of a contract. */
  constructor(rules: ContractRules, envelope: Envelope, handlers: Handlers) {
    this.rules = rules;
    this.envelope = envelope;
    this.handlers = handlers;
  }
}

/** Gives the callbacks of a service: those of its handlers, if it has a contract. */
export function callbacksOf(service: Service): Service {
  return isA(service, ContractService) ? service.handlers : service;
}
