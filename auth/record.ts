/**
 * Values that came as JSON.
 *
 * @module
 */

/** Tells whether a value is an object of JSON; a list is none. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Freezes a value of JSON and all within, however deep. */
export function freeze<Value>(value: Value): Value {
  const left: unknown[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== "object" || next === null) continue;
    Object.freeze(next);
    left.push(...Object.values(next).filter((member) => typeof member === "object" && member !== null));
  }
  return value;
}
