/**
 * Standard Schema, version 1 (https://standardschema.dev): what valibot, zod, ArkType and others have in common.
 *
 * @module
 */

/** A schema of any library that follows the standard. */
export interface StandardSchema<Output = unknown, Input = unknown> {
  /** The members of the standard. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema takes. */
export type InputOf<Schema> = Schema extends StandardSchema<infer _Output, infer Input> ? Input : never;

/** What a schema gives. */
export type OutputOf<Schema> = Schema extends StandardSchema<infer Output, infer _Input> ? Output : never;

/** What a validation gives: the value, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong, and where. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where: the names of fields and the numbers of items, from the outside in. Absent for the whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * Checks that an option is a schema.
 *
 * @throws {TypeError} Naming the option
 */
export function checkSchema(name: string, schema: unknown): void {
  if (schema === undefined) return;
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard: unknown = isObject && "~standard" in schema ? schema["~standard"] : undefined;
  const fits =
    typeof standard === "object" &&
    standard !== null &&
    "validate" in standard &&
    typeof standard.validate === "function";
  if (!fits) throw new TypeError(`Option ${name} must be a Standard Schema, such as one of valibot, zod or ArkType`);
}

/** Gives the path of an issue as its keys joined by dots, "" for the value itself. */
export function toPath(issue: SchemaIssue): string {
  return (issue.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".");
}

/** Gives an issue as a line: where it is, and what. */
export function toLine(issue: SchemaIssue): string {
  const path = toPath(issue);
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
