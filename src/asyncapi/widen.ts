/**
 * Schemas that allow no properties but their own, and the two fields that every message has.
 *
 * @module
 */

import type { Definitions } from "./definitions.ts";
import type { JsonSchema } from "./document.ts";
import { isJsonSchema, type Part } from "./json_schema.ts";

/** Makes a schema, and its alternatives, allow properties of these names. Gives the same object where it does already. */
export function widen(
  schema: JsonSchema,
  names: readonly string[],
  definitions: Definitions,
  seen: ReadonlySet<JsonSchema> = new Set(),
): JsonSchema {
  if (seen.has(schema)) return schema;
  const next = new Set([...seen, schema]);
  const inner = (part: Part): Part => {
    if (typeof part === "boolean") return part;
    const target = definitions.resolve(part);
    const widened = widen(target, names, definitions, next);
    return widened === target ? part : widened;
  };
  let result = schema;
  for (const name of ["allOf", "anyOf", "oneOf"] as const) {
    const parts = schema[name];
    const widened = parts?.map(inner);
    if (widened?.some((part, index) => part !== parts?.[index])) result = { ...result, [name]: widened };
  }
  for (const name of ["if", "then", "else"] as const) {
    const part = schema[name];
    const widened = isJsonSchema(part) ? inner(part) : part;
    if (widened !== part) result = { ...result, [name]: widened };
  }
  return isClosed(schema) ? admit(result, names) : result;
}

function isClosed({ additionalProperties = true, propertyNames, minProperties, maxProperties }: JsonSchema): boolean {
  if (additionalProperties !== true) return true;
  return [propertyNames, minProperties, maxProperties].some((bound) => bound !== undefined);
}

function admit(schema: JsonSchema, names: readonly string[]): JsonSchema {
  const { properties = {}, propertyNames, minProperties, maxProperties } = schema;
  const admitted = names.filter((name) => !Object.hasOwn(properties, name)).map((name) => [name, true]);
  return {
    ...schema,
    properties: { ...properties, ...Object.fromEntries(admitted) },
    ...(propertyNames !== undefined && { propertyNames: { anyOf: [{ enum: names }, propertyNames] } }),
    // The type is always there, an id may be.
    ...(typeof minProperties === "number" && { minProperties: minProperties + 1 }),
    ...(typeof maxProperties === "number" && { maxProperties: maxProperties + names.length }),
  };
}
