// JSON Schema, as far as a page can show it.

import { isObject, toLine } from "./json.js";

/** @typedef {Record<string, unknown>} Schema */

/**
 * Follows the references of a schema, first in the document and then in the schema that it stands in, and puts the parts of an allOf together.
 *
 * @param {unknown} given
 * @param {Scope} scope
 * @returns {Schema}
 */
export function resolve(given, scope, depth = 0) {
  let schema = isObject(given) ? given : {};
  for (let steps = 0; typeof schema.$ref === "string" && steps < 20; steps += 1) {
    const { $ref, ...beside } = schema;
    const found = scope.find(String($ref));
    if (found === undefined) return beside;
    schema = { ...found, ...beside };
    if (found.$ref === undefined) break;
  }
  return Array.isArray(schema.allOf) ? merge(schema, scope, depth) : schema;
}

/** What references are looked up in. */
export class Scope {
  /** @param {...unknown} roots */
  constructor(...roots) {
    this.roots = roots;
  }

  /**
   * @param {string} reference
   * @returns {Schema | undefined}
   */
  find(reference) {
    if (!reference.startsWith("#")) return undefined;
    for (const root of this.roots) {
      const found = follow(root, reference);
      if (isObject(found)) return found;
    }
    return undefined;
  }
}

/**
 * Follows a JSON pointer.
 *
 * @param {unknown} root
 * @param {string} reference
 */
function follow(root, reference) {
  let value = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const key = decode(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = /** @type {Schema} */ (value)[key];
  }
  return value;
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * @param {Schema} schema
 * @param {Scope} scope
 * @returns {Schema}
 */
function merge(schema, scope, depth = 0) {
  const { allOf, ...rest } = schema;
  /** @type {Schema} */
  let whole = rest;
  if (depth > 20) return whole;
  for (const part of toList(allOf).map((each) => resolve(each, scope, depth + 1))) {
    whole = {
      ...part,
      ...whole,
      ...(isObject(part.properties) && { properties: { ...part.properties, ...toRecord(whole.properties) } }),
      ...(Array.isArray(part.required) && { required: [...toList(whole.required), ...part.required] }),
    };
  }
  return whole;
}

/** @param {unknown} value */
export function toList(value) {
  return Array.isArray(value) ? value : [];
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
export function toRecord(value) {
  return isObject(value) ? value : {};
}

/**
 * Gives what a value may be, one by one: the parts of a union, or the schema itself.
 *
 * @param {Schema} schema resolved
 * @param {Scope} scope
 * @returns {Schema[]}
 */
export function toChoices(schema, scope) {
  const union = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(union) && union.length > 0) {
    const { anyOf: _any, oneOf: _one, description: _text, title: _title, ...rest } = schema;
    return union.map((part) => {
      const choice = resolve(part, scope);
      return rest.properties === undefined ? choice : merge({ ...rest, allOf: [choice] }, scope);
    });
  }
  if (!Array.isArray(schema.type) || schema.enum !== undefined) return [schema];
  return schema.type.length === 1
    ? [{ ...schema, type: schema.type[0] }]
    : schema.type.map((type) => (type === "null" ? { type } : { ...schema, type }));
}

/**
 * Gives the kind of control and description that a schema needs.
 *
 * @param {Schema} schema resolved
 * @returns {"const" | "enum" | "union" | "object" | "array" | "tuple" | "string" | "number" | "integer" | "boolean" | "null" | "json"}
 */
export function toKind(schema) {
  if ("const" in schema) return "const";
  if (Array.isArray(schema.enum)) return "enum";
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) return "union";
  const { type } = schema;
  if (Array.isArray(type)) return "union";
  if (type === "object" || (type === undefined && isObject(schema.properties))) {
    return isObject(schema.properties) || schema.additionalProperties === false ? "object" : "json";
  }
  if (type === "array") return tupleOf(schema) !== undefined ? "tuple" : isObject(schema.items) ? "array" : "json";
  if (type === "string" || type === "number" || type === "integer" || type === "boolean" || type === "null")
    return type;
  return "json";
}

/**
 * Gives the items of a tuple.
 *
 * @param {Schema} schema
 * @returns {unknown[] | undefined}
 */
export function tupleOf(schema) {
  if (Array.isArray(schema.prefixItems)) return schema.prefixItems;
  return Array.isArray(schema.items) ? schema.items : undefined;
}

/**
 * Names a type in a few words.
 *
 * @param {unknown} given
 * @param {Scope} scope
 * @returns {string}
 */
export function toTypeName(given, scope, depth = 0) {
  const schema = resolve(given, scope);
  const kind = toKind(schema);
  if (kind === "const") return JSON.stringify(schema.const);
  if (kind === "enum") return "enum";
  if (kind === "union") {
    if (depth > 2) return "union";
    const names = new Set(toChoices(schema, scope).map((choice) => toTypeName(choice, scope, depth + 1)));
    return [...names].join(" | ");
  }
  if (kind === "array") {
    const name = depth > 2 ? "…" : toTypeName(schema.items, scope, depth + 1);
    return name.includes("|") ? `(${name})[]` : `${name}[]`;
  }
  if (kind === "tuple") {
    if (depth > 2) return "tuple";
    return `[${(tupleOf(schema) ?? []).map((item) => toTypeName(item, scope, depth + 1)).join(", ")}]`;
  }
  if (kind !== "json") return typeof schema.format === "string" && kind === "string" ? schema.format : kind;
  if (schema.type === "object") {
    const values = schema.additionalProperties;
    return isObject(values) && depth < 3 ? `record of ${toTypeName(values, scope, depth + 1)}` : "object";
  }
  return schema.type === "array" ? "array" : "any";
}

/**
 * Says what a value must be beyond its type.
 *
 * @param {Schema} schema resolved
 * @returns {string[]}
 */
export function toConstraints(schema) {
  /** @type {[string, (value: unknown) => string][]} */
  const words = [
    ["minimum", (value) => `≥ ${value}`],
    ["exclusiveMinimum", (value) => `> ${value}`],
    ["maximum", (value) => `≤ ${value}`],
    ["exclusiveMaximum", (value) => `< ${value}`],
    ["multipleOf", (value) => `multiple of ${value}`],
    ["minLength", (value) => `length ≥ ${value}`],
    ["maxLength", (value) => `length ≤ ${value}`],
    ["minItems", (value) => `items ≥ ${value}`],
    ["maxItems", (value) => `items ≤ ${value}`],
    ["uniqueItems", () => "items differ"],
    ["pattern", (value) => toLine(`/${value}/`, 60)],
    ["contentEncoding", (value) => String(value)],
    ["default", (value) => `default ${JSON.stringify(value)}`],
  ];
  // A format says what its pattern would, and a tuple how many items it has.
  const said = new Set([
    schema.format === undefined ? "" : "pattern",
    ...(tupleOf(schema) ? ["minItems", "maxItems"] : []),
  ]);
  const found = words.flatMap(([name, write]) =>
    // Bounds that all integers have say nothing.
    said.has(name) ||
    [undefined, false, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].some((none) => none === schema[name])
      ? []
      : [write(schema[name])],
  );
  return schema.additionalProperties === false ? [...found, "no other fields"] : found;
}

/**
 * Tells whether a value may be meant by a schema; a guess, from its shape.
 *
 * @param {unknown} value
 * @param {Schema} schema resolved
 * @param {Scope} scope
 * @returns {boolean}
 */
export function fits(value, schema, scope) {
  const kind = toKind(schema);
  if (kind === "const") return JSON.stringify(value) === JSON.stringify(schema.const);
  if (kind === "enum") return toList(schema.enum).some((item) => JSON.stringify(item) === JSON.stringify(value));
  if (kind === "union") return toChoices(schema, scope).some((choice) => fits(value, choice, scope));
  if (kind === "array" || kind === "tuple") return Array.isArray(value);
  if (kind === "null") return value === null;
  if (kind === "integer") return Number.isInteger(value);
  if (kind === "object") {
    if (!isObject(value)) return false;
    if (toList(schema.required).some((name) => !Object.hasOwn(value, name))) return false;
    return Object.entries(toRecord(schema.properties)).every(([name, part]) => {
      if (!Object.hasOwn(value, name)) return true;
      const inner = resolve(part, scope);
      return !["const", "enum"].includes(toKind(inner)) || fits(value[name], inner, scope);
    });
  }
  if (kind !== "json") return typeof value === kind;
  return schema.type === "object" ? isObject(value) : schema.type !== "array" || Array.isArray(value);
}

/**
 * Makes a value that a form begins with, or an example shows.
 *
 * @param {unknown} given
 * @param {Scope} scope
 * @returns {unknown}
 */
export function toExample(given, scope, depth = 0) {
  const schema = resolve(given, scope);
  if (schema.default !== undefined) return schema.default;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  const kind = toKind(schema);
  if (kind === "const") return schema.const;
  if (kind === "enum") return toList(schema.enum)[0];
  if (depth > 6) return null;
  if (kind === "union") return toExample(toChoices(schema, scope)[0], scope, depth + 1);
  if (kind === "tuple") return (tupleOf(schema) ?? []).map((item) => toExample(item, scope, depth + 1));
  if (kind === "array") return Number(schema.minItems) > 0 ? [toExample(schema.items, scope, depth + 1)] : [];
  if (kind === "string") return schema.format === "date-time" ? new Date(0).toISOString() : "";
  if (kind === "number" || kind === "integer") return Number(schema.minimum ?? 0);
  if (kind === "boolean") return false;
  if (kind === "null") return null;
  if (kind === "json") return schema.type === "array" ? [] : schema.type === "object" ? {} : null;
  const required = new Set(toList(schema.required));
  const fields = Object.entries(toRecord(schema.properties)).filter(([name]) => required.has(name));
  return Object.fromEntries(fields.map(([name, part]) => [name, toExample(part, scope, depth + 1)]));
}
