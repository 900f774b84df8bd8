/**
 * What the schemas of a document refer to: `components.schemas`.
 *
 * @module
 */

import type { JsonSchema } from "./document.ts";
import { isJsonSchema, mapParts, type Part } from "./json_schema.ts";
import { Keys } from "./keys.ts";

const PREFIX = "#/components/schemas/";

// What belongs to a schema that stands alone.
const ROOT_KEYWORDS: readonly string[] = ["$schema", "$id", "$defs", "definitions"];

/** The schemas that others refer to. A schema refers to its own parts; in the document it has moved, so those parts get names here. */
export class Definitions {
  readonly #schemas: Map<string, JsonSchema> = new Map();
  readonly #keys: Keys = new Keys();
  // One name for equal parts of several schemas.
  readonly #names: Map<string, string> = new Map();

  /** All of them, by name; `undefined` if there are none. */
  get all(): Readonly<Record<string, JsonSchema>> | undefined {
    return this.#schemas.size === 0 ? undefined : Object.fromEntries(this.#schemas);
  }

  /**
   * Takes in a schema: gives it as it stands in the document.
   *
   * @param name What parts without a name of their own are called after
   * @param option Where it comes from, for errors
   * @throws {TypeError} If it refers to what it does not hold
   */
  add(name: string, option: string, root: JsonSchema): JsonSchema {
    const refer = (ref: string): string => {
      const text = toClosure(option, root, ref);
      const known = this.#names.get(text);
      if (known !== undefined) return PREFIX + known;
      const key = this.#keys.take(toName(name, ref));
      this.#names.set(text, key);
      // Before the walk, which may come back here; and so that what was found first stands first.
      this.#schemas.set(key, {});
      this.#schemas.set(key, copy(find(option, root, ref), refer));
      return PREFIX + key;
    };
    return copy(root, refer);
  }

  /** Gives the schema that a reference leads to; any other schema is given as it is. */
  resolve(schema: JsonSchema): JsonSchema {
    let found = schema;
    for (const seen = new Set<JsonSchema>(); found.$ref !== undefined && !seen.has(found); ) {
      seen.add(found);
      found = this.#schemas.get(found.$ref.slice(PREFIX.length)) ?? {};
    }
    return found;
  }
}

function copy(schema: JsonSchema, refer: (ref: string) => string): JsonSchema {
  // In draft 7 nothing else counts beside a reference.
  if (typeof schema.$ref === "string") return { $ref: refer(schema.$ref) };
  const bare = Object.fromEntries(Object.entries(schema).filter(([name]) => !ROOT_KEYWORDS.includes(name)));
  return mapParts(bare, (part) => (typeof part === "boolean" ? part : copy(part, refer)));
}

// A part and all that it refers to, as text: equal texts mean the same.
function toClosure(option: string, root: JsonSchema, first: string): string {
  const found = new Map<string, JsonSchema>();
  const visit = (part: Part): Part => {
    if (typeof part === "boolean") return part;
    if (typeof part.$ref === "string" && !found.has(part.$ref)) {
      const target = find(option, root, part.$ref);
      found.set(part.$ref, target);
      visit(target);
    }
    return mapParts(part, visit);
  };
  visit({ $ref: first });
  return JSON.stringify([...found]);
}

// A pointer into the schema itself (RFC 6901, section 6).
function find(option: string, root: JsonSchema, ref: string): JsonSchema {
  let found: unknown = ref.startsWith("#") ? root : undefined;
  for (const step of ref.split("/").slice(1)) {
    const key = toKey(step);
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined;
  }
  if (ref !== "#" && !ref.startsWith("#/")) found = undefined;
  if (isJsonSchema(found)) return found;
  throw new TypeError(
    `Cannot describe ${option}: its JSON Schema refers to ${JSON.stringify(ref)}, which it does not hold`,
  );
}

function toKey(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return step;
  }
}

// Names that a library has counted up say nothing.
function toName(name: string, ref: string): string {
  if (ref === "#") return name;
  const last = toKey(ref.slice(ref.lastIndexOf("/") + 1));
  return /^[A-Za-z](?!.*\d\d$)[\w.-]*$/.test(last) ? last : `${name}.part`;
}
