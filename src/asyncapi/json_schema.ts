/**
 * JSON Schemas: how a Standard Schema becomes one, and how one is walked.
 *
 * @module
 */

import type { StandardSchema } from "../standard_schema.ts";
import type { JsonSchema } from "./document.ts";

/** What {@link ToJsonSchema} is asked for; the names are those of `@valibot/to-json-schema`. */
export interface JsonSchemaOptions {
  /** The dialect. */
  readonly target: "draft-07";
  /** Which side of the schema: what it takes. */
  readonly typeMode: "input";
}

/** Turns a schema into JSON Schema; `toJsonSchema` of `@valibot/to-json-schema` is one that does. */
export type ToJsonSchema = Converter["convert"];

interface Converter {
  // A method, so that a function fits that takes the schemas of one library only.
  convert(schema: StandardSchema, options: JsonSchemaOptions): object;
}

/** What is part of a schema: a schema, `true` for whatever, `false` for nothing. */
export type Part = JsonSchema | boolean;

const ONE: ReadonlySet<string> = new Set([
  "additionalItems",
  "additionalProperties",
  "contains",
  "else",
  "if",
  "items",
  "not",
  "propertyNames",
  "then",
]);
const LIST: ReadonlySet<string> = new Set(["allOf", "anyOf", "items", "oneOf"]);
const NAMED: ReadonlySet<string> = new Set(["dependencies", "patternProperties", "properties"]);

/** Tells whether a value may be a schema. */
export function isJsonSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Gives the JSON Schema of what a schema takes, as it came from the schema or from option `toJsonSchema`.
 *
 * @param option Where the schema stands, such as `messages.subscribe.message`
 * @throws {TypeError} If there is none, naming the option
 */
export function toJsonSchema(option: string, schema: StandardSchema, convert: ToJsonSchema | undefined): JsonSchema {
  const own = findConverter(schema);
  if (own === undefined && convert === undefined) {
    const { vendor } = schema["~standard"];
    throw new TypeError(
      `Cannot describe ${option}: a schema of ${vendor} has no JSON Schema of its own, and option toJsonSchema is missing${vendor === "valibot" ? ": give it toJsonSchema of @valibot/to-json-schema" : ""}`,
    );
  }
  let given: unknown;
  try {
    given =
      own === undefined ? convert?.(schema, { target: "draft-07", typeMode: "input" }) : own({ target: "draft-07" });
    // It may have getters and members that JSON does not know.
    given = JSON.parse(JSON.stringify(given) ?? "null");
  } catch (cause) {
    throw new TypeError(
      `Cannot describe ${option} as JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}${own === undefined ? "; what has no JSON Schema can be left out by what you give as option toJsonSchema, for valibot with errorMode or ignoreActions" : ""}`,
      { cause },
    );
  }
  if (!isJsonSchema(given)) throw new TypeError(`Cannot describe ${option}: its JSON Schema is no object`);
  return given;
}

/** Copies a schema, with what `change` gives in place of each schema within it. */
export function mapParts(schema: JsonSchema, change: (part: Part) => Part): JsonSchema {
  const entries = Object.entries(schema).map(([name, value]): [string, unknown] => {
    if (LIST.has(name) && Array.isArray(value))
      return [name, value.map((part) => (isPart(part) ? change(part) : part))];
    if (ONE.has(name) && isPart(value)) return [name, change(value)];
    if (!NAMED.has(name) || !isJsonSchema(value)) return [name, value];
    const named = Object.entries(value).map(([key, part]) => [key, isPart(part) ? change(part) : part]);
    return [name, Object.fromEntries(named)];
  });
  return Object.fromEntries(entries);
}

function isPart(value: unknown): value is Part {
  return typeof value === "boolean" || isJsonSchema(value);
}

// Standard JSON Schema, version 1 (https://standardschema.dev/json-schema).
function findConverter(schema: StandardSchema): ((options: { target: string }) => unknown) | undefined {
  const standard: object = schema["~standard"];
  const converters: unknown = "jsonSchema" in standard ? standard.jsonSchema : undefined;
  if (typeof converters !== "object" || converters === null || !("input" in converters)) return undefined;
  const { input } = converters;
  return typeof input === "function" ? (options) => input.call(converters, options) : undefined;
}
