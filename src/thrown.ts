/**
 * What users throw, which may be anything.
 *
 * @module
 */

/** Turns what was thrown into an `Error`; what is none becomes the `cause` of one. */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new Error(`A value that is no error was thrown: ${describe(thrown)}`, { cause: thrown });
}

/** Tells whether a value is an error, also one of another realm, such as a context of node:vm, in which runners of tests run what they test. */
export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  try {
    if (value instanceof Error) return true;
    // Nearly all that is asked about is plain, and needs no text made of it.
    if (Object.getPrototypeOf(value) === Object.prototype || !("message" in value)) return false;
    return / (Error|DOMException)]/.test({}.toString.call(value));
  } catch {
    return false;
  }
}

/** Does as `instanceof` for what users threw or made: a Proxy that was revoked throws when it is asked, and is nothing. */
export function isA<Kind>(value: unknown, kind: abstract new (...values: never[]) => Kind): value is Kind {
  try {
    return value instanceof kind;
  } catch {
    return false;
  }
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
