/**
 * Contracts: one source for dispatch, validation, the typed client and AsyncAPI.
 *
 * @module
 */

import type { ClientContract, ContractLine } from "../client/contract_line.ts";
import type { Service } from "../service.ts";
import type { WithoutClash } from "./clashes.ts";
import { toTypedClient } from "./client/typed_client.ts";
import type { TypedMethods } from "./client/typed_methods.ts";
import { checkHandlers } from "./completeness.ts";
import { ContractService, type Handlers } from "./contract_service.ts";
import type { ContractDefinition } from "./definition.ts";
import { Envelope } from "./envelope.ts";
import { type ContractRules, toContractRules } from "./rules.ts";
import type { HandlersOf } from "./types.ts";

/**
 * Types of messages, their schemas and their replies. Made by {@link contract}; plain data, which a browser can import.
 */
export class Contract<const Definition extends ContractDefinition> implements ClientContract<TypedMethods<Definition>> {
  /** What the contract was made of. */
  readonly definition: Definition;
  /** The same, checked. */
  readonly rules: ContractRules;
  readonly #envelope: Envelope;

  /** Made by {@link contract}. */
  constructor(definition: Definition) {
    this.rules = toContractRules(definition);
    this.#envelope = new Envelope(this.rules);
    this.definition = definition;
  }

  /**
   * Binds handlers to the contract: a service to be returned from an upgrade handler, or given to `accept`, like any other.
   *
   * The handler of `un_subscribe` is `onUnSubscribe(caller, message, context)`, that of its messages that do not fit `onUnSubscribeError(caller, error)`.
   * The callbacks of `Service` are there as well; `onTextMessage` or `onMessage` takes what is no message of the contract.
   *
   * @param handlers An object, or an instance of a class
   * @throws {TypeError} If a message has no handler, and there is no `onMessage`; if a callback or a handler is no function
   */
  service(handlers: HandlersOf<Definition>): Service {
    const given: unknown = handlers;
    if (!isHandlers(given)) throw new TypeError("A service needs handlers: an object, or an instance of a class");
    checkHandlers(this.rules, given);
    return new ContractService(this.rules, this.#envelope, given);
  }

  /** Makes a client typed; `Client.connect` with option `contract` calls it. */
  toTyped(client: ContractLine, validation: boolean): TypedMethods<Definition> {
    return toTypedClient<Definition>(this.rules, client, validation);
  }
}

/**
 * Defines a contract.
 *
 * Schemas are Standard Schemas: of valibot, zod, ArkType and others.
 *
 * @throws {TypeError} If an option is missing, unknown or wrong, or if a type is reserved, gives no name for its handler, or gives one that is taken; naming it
 * @example
 * ```ts
 * import { contract } from "@switchboard/websocket/contract";
 * import * as v from "valibot";
 *
 * export const market = contract({
 *   dispatcherKey: "event",
 *   dispatcherStreamId: "id",
 *   messages: {
 *     subscribe: { message: v.object({ symbol: v.string() }), reply: v.object({ price: v.number() }), stream: true },
 *     un_subscribe: { message: v.object({ symbol: v.string() }), reply: v.object({ ok: v.boolean() }) },
 *   },
 *   pushes: { alert: v.object({ text: v.string() }) },
 * });
 *
 * export const service = () =>
 *   market.service({
 *     async *onSubscribe(_caller, { symbol }) {
 *       yield { price: symbol.length };
 *     },
 *     onUnSubscribe: () => ({ ok: true }),
 *   });
 * ```
 */
export function contract<const Definition extends ContractDefinition>(
  definition: Definition & WithoutClash<Definition>,
): Contract<Definition> {
  return new Contract<Definition>(definition);
}

function isHandlers(value: unknown): value is Handlers {
  return typeof value === "object" && value !== null;
}
