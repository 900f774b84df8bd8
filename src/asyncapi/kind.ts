/**
 * What kind of values a JSON Schema takes, as far as it says so.
 *
 * @module
 */

import type { Definitions } from "./definitions.ts";
import { isJsonSchema, type Part } from "./json_schema.ts";

/** Whether a schema takes objects, other values, or both. */
export type Kind = "object" | "value" | "either";

/** Tells what a schema takes. */
export function kindOf(part: Part, definitions: Definitions, seen: ReadonlySet<Part> = new Set()): Kind {
  if (part === true || seen.has(part)) return "either";
  if (part === false) return "value";
  const next = new Set([...seen, part]);
  const schema = definitions.resolve(part);
  if (schema !== part) return kindOf(schema, definitions, next);
  const { type, allOf = [] } = schema;
  if (type !== undefined) return join([type].flat().map((name) => (name === "object" ? "object" : "value")));
  const values = schema.enum ?? (Object.hasOwn(schema, "const") ? [schema.const] : undefined);
  if (values !== undefined) return join(values.map((value) => (isJsonSchema(value) ? "object" : "value")));
  const all = allOf.map((inner) => kindOf(inner, definitions, next)).find((kind) => kind !== "either");
  if (all !== undefined) return all;
  const some = schema.anyOf ?? schema.oneOf;
  return some === undefined ? "either" : join(some.map((inner) => kindOf(inner, definitions, next)));
}

function join(kinds: readonly Kind[]): Kind {
  const [first = "either", ...others] = new Set(kinds);
  return others.length === 0 ? first : "either";
}
