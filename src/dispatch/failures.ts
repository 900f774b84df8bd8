/**
 * What follows from messages that do not fit, where nobody handles it.
 *
 * @module
 */

import { closeFrame } from "../close_frame.ts";
import { PayloadBindingError, type PayloadValidationError } from "../errors.ts";
import { Failure } from "../failure.ts";
import { truncateUtf8 } from "../utf8.ts";

// What a close frame holds besides its code (RFC 6455, section 5.5).
const LONGEST_REASON = 123;

/** A message that is no JSON: closes with 1003. */
export function toBindingFailure(cause: unknown): Failure {
  const error = new PayloadBindingError("A message is not JSON", { cause });
  return new Failure(error, undefined, closeFrame(1003, error.message));
}

/** A message that does not fit its schema: closes with 1007. */
export function toMisfitFailure(error: PayloadValidationError): Failure {
  return new Failure(error, undefined, closeFrame(1007, truncateUtf8(error.message, LONGEST_REASON)));
}
