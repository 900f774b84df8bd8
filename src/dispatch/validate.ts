/**
 * Values against their schemas.
 *
 * @module
 */

import { PayloadValidationError } from "../errors.ts";
import { type SchemaIssue, type SchemaResult, type StandardSchema, toLine } from "../standard_schema.ts";

/** Asks a schema. */
export function ask(schema: StandardSchema, value: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  return schema["~standard"].validate(value);
}

/** Gives the error for a value that does not fit; `what` begins its message. */
export function toMisfit(what: string, issues: readonly SchemaIssue[]): PayloadValidationError {
  const [issue] = issues;
  if (issue === undefined) return new PayloadValidationError(`${what} does not fit its schema`);
  const more = issues.length > 1 ? `, and ${issues.length - 1} more` : "";
  return new PayloadValidationError(`${what} does not fit its schema: ${toLine(issue)}${more}`, { issues });
}

/**
 * Gives the error for a schema that threw, if the value is nested too deep for it: that is the peer's doing.
 *
 * @throws What it threw, if that is a fault of the schema
 */
export function toMisfitOf(what: string, thrown: unknown): PayloadValidationError {
  if (!(thrown instanceof RangeError)) throw thrown;
  return new PayloadValidationError(`${what} does not fit its schema: ${thrown.message}`, { cause: thrown });
}
