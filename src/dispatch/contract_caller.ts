/**
 * The remote end of a connection whose service has a contract.
 *
 * @module
 */

import { Caller, type WriteOptions } from "../caller.ts";
import type { ContractService } from "../contract/contract_service.ts";
import { Failure } from "../failure.ts";
import type { ConnectionDetails } from "../peer.ts";
import { isPromise } from "../reply.ts";
import type { ServiceRules } from "../service_config.ts";
import type { SchemaResult } from "../standard_schema.ts";
import type { Connected } from "./connected.ts";
import { ask, toMisfit } from "./validate.ts";

/** A caller that can be sent pushes. */
export class ContractCaller extends Caller {
  readonly #connected: Connected;
  readonly #contract: ContractService;
  readonly #checks: boolean;

  /** Made by the connection. */
  constructor(connected: Connected, details: ConnectionDetails, contract: ContractService, rules: ServiceRules) {
    super(connected.outbox, details);
    this.#connected = connected;
    this.#contract = contract;
    this.#checks = rules.validation && contract.rules.validateReplies;
  }

  /**
   * Sends a push.
   *
   * @throws {TypeError} If the contract has no such push, or the payload has no JSON form or holds the field of ids
   */
  send(type: string, payload: unknown, options?: WriteOptions): Promise<void> {
    const { pushes, dispatcherStreamId } = this.#contract.rules;
    const schema = pushes.get(type);
    if (schema === undefined) throw new TypeError(`Cannot send ${JSON.stringify(type)}: the contract has no such push`);
    if (dispatcherStreamId !== undefined && hasField(payload, dispatcherStreamId)) {
      const name = JSON.stringify(dispatcherStreamId);
      throw new TypeError(`Cannot send ${JSON.stringify(type)} with a field ${name}: that is for the ids of replies`);
    }
    if (!this.#checks) return this.#write(type, payload, options);
    const result = ask(schema, payload);
    if (isPromise(result)) return handled(this.#sendLater(type, payload, options, result));
    return result.issues === undefined
      ? this.#write(type, payload, options)
      : handled(Promise.reject(this.#misfit(type, result)));
  }

  async #sendLater(
    type: string,
    payload: unknown,
    options: WriteOptions | undefined,
    promise: PromiseLike<SchemaResult<unknown>>,
  ): Promise<void> {
    const result = await promise;
    if (result.issues !== undefined) throw this.#misfit(type, result);
    await this.#write(type, payload, options);
  }

  #write(type: string, payload: unknown, options: WriteOptions | undefined): Promise<void> {
    return this.#connected.outbox.write(this.#contract.envelope.write(type, undefined, payload), options?.compress);
  }

  #misfit(type: string, { issues = [] }: SchemaResult<unknown>): Error {
    const error = toMisfit(`Push ${JSON.stringify(type)}`, issues);
    this.#connected.report(new Failure(error, "A push was not sent"));
    return error;
  }
}

function hasField(payload: unknown, name: string): boolean {
  return typeof payload === "object" && payload !== null && Object.hasOwn(payload, name);
}

// As all writes, it need not be awaited.
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
