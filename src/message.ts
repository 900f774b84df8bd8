/**
 * What a value goes out as.
 *
 * @module
 */

import { isBinary, kindOf, toBytes } from "./bytes.ts";

// What most have, asked for first: to test a pattern takes longer.
const PLAIN = "[object Object]";

/**
 * Gives the message that a value goes out as: text for strings, binary for bytes, which may lie in shared memory, JSON text for the rest.
 *
 * @throws {TypeError} If the value has no JSON form, is a promise or a stream, or holds bytes without being a `Uint8Array` or an `ArrayBuffer`, and has no `toJSON`
 */
export function toMessage(value: unknown): string | Uint8Array {
  if (typeof value === "string") return value;
  return isBinary(value) ? toBytes(value) : toJson(value);
}

/**
 * Gives the JSON text of a value.
 *
 * @throws {TypeError} If the value has none, is a promise or a stream, or holds bytes, and has no `toJSON`
 */
export function toJson(value: unknown): string {
  // What else holds bytes has the JSON form of an empty object, or of one with a field for each, unless it says otherwise;
  // so has what is still to come. The names are as long as they must be.
  const kind = kindOf(value);
  const isOther =
    kind !== PLAIN && (ArrayBuffer.isView(value) || / (Promise|Blob|File|SharedA|AsyncG|Readable)/.test(kind));
  const json: string | false | undefined = (!isOther || Object(value).toJSON) && JSON.stringify(value);
  if (!json) throw new TypeError(`Cannot send a ${kind.slice(8, -1)}: it has no JSON form`);
  return json;
}
