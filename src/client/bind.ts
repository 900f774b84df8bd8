/**
 * A message as a value: JSON that fits a schema.
 *
 * @module
 */

import { PayloadBindingError, PayloadValidationError } from "../errors.ts";
import type { StandardSchema } from "../standard_schema.ts";
import type { Message } from "./message.ts";

/**
 * Parses a message, text or binary with JSON text in it, and asks the schema.
 *
 * @throws {PayloadBindingError} If it is no JSON
 * @throws {PayloadValidationError} If it does not fit; `issues` tell where
 */
export async function bind<Output>(
  message: Message,
  schema: StandardSchema<Output>,
  validation: boolean,
): Promise<unknown> {
  const value = parse(message);
  if (!validation) return value;
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new PayloadValidationError(`Invalid message: ${result.issues[0]?.message}`, result);
}

function parse(message: Message): unknown {
  try {
    return JSON.parse(
      typeof message === "string" ? message : new TextDecoder("utf-8", { fatal: true }).decode(message),
    );
  } catch (cause) {
    throw new PayloadBindingError("The message is no JSON", { cause });
  }
}
