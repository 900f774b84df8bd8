/** The part of JSON Schema, draft 7, that documents of contracts use. */
import assert from "node:assert/strict";

type Schema = Readonly<Record<string, unknown>>;

const NOTES = new Set(["title", "description", "default"]);

/** Tells whether a value fits a schema; `root` is what its pointers lead into. A keyword that is not known fails the test. */
export function fits(schema: unknown, value: unknown, root: unknown): boolean {
  if (typeof schema === "boolean") return schema;
  const rules = schema as Schema;
  return Object.entries(rules).every(
    ([keyword, rule]) => NOTES.has(keyword) || isKept(keyword, rule, rules, value, root),
  );
}

function isKept(keyword: string, rule: unknown, { properties = {} }: Schema, value: unknown, root: unknown): boolean {
  const inner = (part: unknown) => fits(part, value, root);
  const fields = typeOf(value) === "object" ? Object.entries(value as object) : [];
  switch (keyword) {
    case "$ref":
      return inner(
        String(rule)
          .slice(2)
          .split("/")
          .reduce<unknown>((found, step) => (found as Schema)[step], root),
      );
    case "type":
      return [rule].flat().some((type) => type === typeOf(value) || (type === "number" && typeOf(value) === "integer"));
    case "const":
      return value === rule;
    case "enum":
      return (rule as unknown[]).includes(value);
    case "minLength":
      return typeof value !== "string" || value.length >= (rule as number);
    case "required":
      return typeOf(value) !== "object" || (rule as string[]).every((name) => Object.hasOwn(value as object, name));
    case "properties":
      return fields.every(
        ([name, field]) => !Object.hasOwn(rule as object, name) || fits((rule as Schema)[name], field, root),
      );
    case "additionalProperties":
      return fields.every(([name, field]) => Object.hasOwn(properties as object, name) || fits(rule, field, root));
    case "propertyNames":
      return fields.every(([name]) => fits(rule, name, root));
    case "items":
      return !Array.isArray(value) || value.every((item) => fits(rule, item, root));
    case "anyOf":
      return (rule as unknown[]).some(inner);
    case "oneOf":
      return (rule as unknown[]).filter(inner).length === 1;
    case "allOf":
      return (rule as unknown[]).every(inner);
    case "not":
      return !inner(rule);
    default:
      assert.fail(`JSON Schema has the keyword ${keyword}, which is not known`);
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
