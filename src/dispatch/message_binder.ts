/**
 * Option `message`: what `onMessage` gets, checked and typed by a schema.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import { parseJson } from "../contract/json.ts";
import type { Intake } from "../intake.ts";
import { tellMisnamed } from "../misnamed.ts";
import type { Outbox } from "../outbox.ts";
import { isPromise } from "../reply.ts";
import type { Service } from "../service.ts";
import type { SchemaResult, StandardSchema } from "../standard_schema.ts";
import { toBindingFailure, toMisfitFailure } from "./failures.ts";
import { decode } from "./fields.ts";
import { ask, toMisfit, toMisfitOf } from "./validate.ts";

const WHAT = "A message";

/** Binds the messages of one service. */
export class MessageBinder implements Intake {
  readonly #outbox: Outbox;
  readonly #caller: Caller;
  readonly #service: Service;
  readonly #schema: StandardSchema;
  readonly #validates: boolean;

  /** Makes it for one connection. */
  constructor(outbox: Outbox, caller: Caller, service: Service, schema: StandardSchema, validates: boolean) {
    this.#outbox = outbox;
    this.#caller = caller;
    this.#service = service;
    this.#schema = schema;
    this.#validates = validates;
  }

  text(text: string): unknown {
    const service = this.#service;
    if (service.onTextMessage !== undefined) return service.onTextMessage(this.#caller, text);
    if (service.onMessage === undefined) return tellMisnamed(this.#outbox, service);
    return this.#take(parse(() => parseJson(text)));
  }

  binary(data: Uint8Array<ArrayBuffer>): unknown {
    const service = this.#service;
    if (service.onBinaryMessage !== undefined) return service.onBinaryMessage(this.#caller, data);
    if (service.onMessage === undefined) return tellMisnamed(this.#outbox, service);
    return this.#take(parse(() => parseJson(decode(data))));
  }

  overtakes(): boolean {
    return false;
  }

  closing(): void {}

  #take(value: unknown): unknown {
    if (!this.#validates) return this.#service.onMessage?.(this.#caller, value);
    let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
    try {
      result = ask(this.#schema, value);
    } catch (thrown) {
      return schemaFailed(thrown);
    }
    return isPromise(result) ? this.#later(result) : this.#checked(result);
  }

  async #later(promise: PromiseLike<SchemaResult<unknown>>): Promise<unknown> {
    let result: SchemaResult<unknown>;
    try {
      result = await promise;
    } catch (thrown) {
      return schemaFailed(thrown);
    }
    return await this.#checked(result);
  }

  #checked(result: SchemaResult<unknown>): unknown {
    if (result.issues !== undefined) throw toMisfitFailure(toMisfit(WHAT, result.issues));
    return this.#service.onMessage?.(this.#caller, result.value);
  }
}

function parse(read: () => unknown): unknown {
  try {
    return read();
  } catch (cause) {
    throw toBindingFailure(cause);
  }
}

function schemaFailed(thrown: unknown): never {
  throw toMisfitFailure(toMisfitOf(WHAT, thrown));
}
