/**
 * What a value goes out as.
 *
 * @module
 */

import { isBinary, toBytes } from "./bytes.ts";

/**
 * Gives the message that a value goes out as: text for strings, binary for bytes, which may lie in shared memory, JSON text for the rest.
 *
 * @throws {TypeError} If the value has no JSON form
 */
export function toMessage(value: unknown): string | Uint8Array {
  if (typeof value === "string") return value;
  if (isBinary(value)) return toBytes(value);
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`Cannot send a ${typeof value}: it has no JSON form`);
  return json;
}
