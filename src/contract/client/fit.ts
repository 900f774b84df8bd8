/**
 * A payload as the value that its schema makes of it.
 *
 * @module
 */

import { PayloadValidationError } from "../../errors.ts";
import { type SchemaIssue, type SchemaResult, type StandardSchema, toLine } from "../../standard_schema.ts";
import type { Payload } from "./frame.ts";

/** Makes a value of a payload; `undefined` is the payload of `complete`. */
export type Fit = (payload: Payload | undefined) => Promise<unknown>;

/**
 * Makes a {@link Fit}, which rejects with a `PayloadValidationError`.
 *
 * What is no object travels in the field `data`, and nothing tells it from an object with that field alone but the schema.
 *
 * @param what Names the message in errors
 * @param schema Is not asked if it is `undefined`
 */
export function toFit(what: string, schema: StandardSchema | undefined): Fit {
  return async (payload) => {
    const isLone = payload !== undefined && holdsData(payload);
    if (schema === undefined) return isLone ? payload.data : payload;
    const candidates = isLone ? [payload.data, payload] : [payload];
    // Some schemas of objects take arrays as well.
    if (isLone && Array.isArray(payload.data)) candidates.reverse();
    const problems: (readonly SchemaIssue[])[] = [];
    for (const candidate of candidates) {
      const result: SchemaResult<unknown> = await schema["~standard"].validate(candidate);
      if (result.issues === undefined) return result.value;
      problems.push(result.issues);
    }
    throw toError(what, problems.find((issues) => issues.some(({ path }) => path?.length)) ?? problems[0] ?? []);
  };
}

function holdsData(payload: Payload): boolean {
  if (!Object.hasOwn(payload, "data") || Object.keys(payload).length > 1) return false;
  const { data } = payload;
  return typeof data !== "object" || data === null || Array.isArray(data);
}

function toError(what: string, issues: readonly SchemaIssue[]): PayloadValidationError {
  const [first] = issues;
  const why = first === undefined ? "no value" : toLine(first);
  return new PayloadValidationError(`Invalid ${what}: ${why}`, { issues });
}
