/**
 * Option `message`: what `onMessage` gets, checked and typed by a schema.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import { parseJson } from "../contract/json.ts";
import type { Intake } from "../intake.ts";
import { isPromise } from "../reply.ts";
import type { Service } from "../service.ts";
import type { SchemaResult, StandardSchema } from "../standard_schema.ts";
import { toBindingFailure, toMisfitFailure } from "./failures.ts";
import { decode } from "./fields.ts";
import { ask, toMisfit, toMisfitOf } from "./validate.ts";

const WHAT = "A message";

/** Binds the messages of one service. */
export class MessageBinder implements Intake {
  readonly #caller: Caller;
  readonly #service: Service;
  readonly #schema: StandardSchema;
  readonly #validates: boolean;

  /** Makes it for one connection. */
  constructor(caller: Caller, service: Service, schema: StandardSchema, validates: boolean) {
    this.#caller = caller;
    this.#service = service;
    this.#schema = schema;
    this.#validates = validates;
  }

  text(text: string): unknown {
    const service = this.#service;
    if (service.onTextMessage !== undefined) return service.onTextMessage(this.#caller, text);
    return service.onMessage === undefined ? undefined : this.#take(parse(() => parseJson(text)));
  }

  binary(data: Uint8Array<ArrayBuffer>): unknown {
    const service = this.#service;
    if (service.onBinaryMessage !== undefined) return service.onBinaryMessage(this.#caller, data);
    return service.onMessage === undefined ? undefined : this.#take(parse(() => parseJson(decode(data))));
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
      throw toMisfitFailure(toMisfitOf(WHAT, thrown));
    }
    return isPromise(result) ? this.#later(result) : this.#checked(result);
  }

  async #later(promise: PromiseLike<SchemaResult<unknown>>): Promise<unknown> {
    return await this.#checked(await promise);
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
