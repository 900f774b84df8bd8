/**
 * How a payload travels: JSON text of one object, in which the type and the id stand first.
 *
 * @module
 */

import { toJson } from "../message.ts";
import type { ContractRules } from "./rules.ts";

/** An id as a caller may give it: a string, or an integer that is safe. */
export type RequestId = string | number;

/** Tells whether a value may be an id. */
export function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}

/** Writes the messages of one contract. */
export class Envelope {
  readonly #key: string;
  readonly #idKey: string | undefined;
  // Both as they stand in JSON, with their colons.
  readonly #keyText: string;
  readonly #idText: string | undefined;
  // How a message of a type begins.
  readonly #heads: Map<string, string> = new Map();

  /** Takes the names of the fields. */
  constructor({ dispatcherKey, dispatcherStreamId, messages, pushes, reserved }: ContractRules) {
    this.#key = dispatcherKey;
    this.#idKey = dispatcherStreamId;
    this.#keyText = `${JSON.stringify(dispatcherKey)}:`;
    this.#idText = dispatcherStreamId === undefined ? undefined : `${JSON.stringify(dispatcherStreamId)}:`;
    for (const type of [...messages.keys(), ...pushes.keys(), ...Object.values(reserved)]) {
      this.#heads.set(type, this.#begin(type));
    }
  }

  /**
   * Gives the text of a message. A payload that names a type of its own keeps it; what is no object goes into the field `data`, and without a
   * payload there are the type and the id alone.
   *
   * @throws {TypeError} If the payload has no JSON form, or an id that is not that of the request
   */
  write(type: string, id: RequestId | undefined, payload?: unknown): string {
    const head = this.#head(type, id);
    if (payload === undefined) return `${head}}`;
    const json = toJson(payload);
    if (!json.startsWith("{")) return `${head},"data":${json}}`;
    if (json === "{}") return `${head}}`;
    return this.#mayRepeat(json) ? this.#merge(type, id, json) : `${head},${json.slice(1)}`;
  }

  #head(type: string, id: RequestId | undefined): string {
    const head = this.#heads.get(type) ?? this.#begin(type);
    if (id === undefined || this.#idText === undefined) return head;
    return `${head},${this.#idText}${typeof id === "number" ? id : JSON.stringify(id)}`;
  }

  #begin(type: string): string {
    return `{${this.#keyText}${JSON.stringify(type)}`;
  }

  // Of what is sent, for `toJSON` may have made that. A field deeper down costs no more than time.
  #mayRepeat(json: string): boolean {
    return json.includes(this.#keyText) || (this.#idText !== undefined && json.includes(this.#idText));
  }

  #merge(type: string, id: RequestId | undefined, json: string): string {
    const fields = new Map<string, unknown>(Object.entries(JSON.parse(json)));
    const head = new Map<string, unknown>([[this.#key, fields.get(this.#key) ?? type]]);
    fields.delete(this.#key);
    if (this.#idKey !== undefined && id !== undefined) {
      if ((fields.get(this.#idKey) ?? id) !== id) {
        const [name, of] = [JSON.stringify(this.#idKey), JSON.stringify(type)];
        throw new TypeError(
          `Cannot answer ${of} with a field ${name} of its own: that is for the id of the request; say another with dispatcherStreamId`,
        );
      }
      head.set(this.#idKey, id);
      fields.delete(this.#idKey);
    }
    return `{${[...head, ...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
  }
}
