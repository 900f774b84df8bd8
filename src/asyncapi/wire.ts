/**
 * Payloads as they travel: with the fields of type and id, and what is no object in the field `data`.
 *
 * @module
 */

import type { Definitions } from "./definitions.ts";
import type { JsonSchema } from "./document.ts";
import type { Part } from "./json_schema.ts";
import { kindOf } from "./kind.ts";
import { widen } from "./widen.ts";

/** The names of the two fields. */
export interface WireFields {
  readonly key: string;
  /** `undefined` where messages have no id. */
  readonly idKey: string | undefined;
}

const ID: JsonSchema = { type: ["string", "integer"], description: "Correlates what comes back with the request" };

/** Writes the schemas of whole messages. */
export class Wire {
  readonly #definitions: Definitions;
  readonly #fields: WireFields;
  readonly #names: readonly string[];

  /** Takes the names of the fields, and what schemas may refer to. */
  constructor(definitions: Definitions, fields: WireFields) {
    this.#definitions = definitions;
    this.#fields = fields;
    this.#names = fields.idKey === undefined ? [fields.key] : [fields.key, fields.idKey];
  }

  /** Gives the schema of a message with the given fields. */
  plain(type: string, fields: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema {
    const properties = { ...this.#head({ type: "string", const: type }), ...fields };
    return { type: "object", properties, required: [this.#fields.key, ...required] };
  }

  /** Gives the schema of what a caller sends: its payload never holds the two fields. */
  request(type: string, payload: JsonSchema): JsonSchema {
    return this.#merge({ type: "string", const: type }, payload);
  }

  /** Gives the schema of a reply, an item or a push. */
  reply(type: string, payload: JsonSchema): JsonSchema {
    const kind = kindOf(payload, this.#definitions);
    if (kind === "object") return this.#merge(this.#typeOf(type, payload), payload);
    if (kind === "value") return this.plain(type, { data: payload }, ["data"]);
    const data = { not: { type: "object" }, ...this.#definitions.resolve(payload) };
    return { anyOf: [this.#merge(this.#typeOf(type, payload), payload), this.plain(type, { data }, ["data"])] };
  }

  // A payload that names a type of its own keeps it.
  #typeOf(type: string, payload: JsonSchema): Part {
    const { key } = this.#fields;
    const field: JsonSchema = { type: "string", const: type };
    const { properties = {}, required = [] } = this.#definitions.resolve(payload);
    const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (own !== undefined) return required.includes(key) ? own : { anyOf: [own, field] };
    return this.#declares(payload) ? { type: "string" } : field;
  }

  // Whether an alternative of the payload says what the type is.
  #declares(part: Part, seen: ReadonlySet<Part> = new Set()): boolean {
    if (typeof part === "boolean" || seen.has(part)) return false;
    const schema = this.#definitions.resolve(part);
    if (Object.hasOwn(schema.properties ?? {}, this.#fields.key)) return true;
    const next = new Set([...seen, part, schema]);
    const lists = [schema.allOf, schema.anyOf, schema.oneOf];
    return lists.some((parts) => parts?.some((inner) => this.#declares(inner, next)));
  }

  #head(type: Part): Record<string, Part> {
    const { key, idKey } = this.#fields;
    return idKey === undefined ? { [key]: type } : { [key]: type, [idKey]: ID };
  }

  #merge(type: Part, payload: JsonSchema): JsonSchema {
    const {
      type: _,
      properties,
      required,
      ...rest
    } = widen(this.#definitions.resolve(payload), this.#names, this.#definitions);
    const own = Object.entries(properties ?? {}).filter(([name]) => !this.#names.includes(name));
    const needed = (required ?? []).filter((name) => !this.#names.includes(name));
    return {
      type: "object",
      properties: { ...this.#head(type), ...Object.fromEntries(own) },
      required: [this.#fields.key, ...needed],
      ...rest,
    };
  }
}
