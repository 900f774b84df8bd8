/**
 * The fields of messages.
 *
 * @module
 */

/** The fields of a message. The names are the peer's, and `__proto__` is none of them. */
export type Fields = Readonly<Record<string, unknown>>;

// As in a text message, a mark of the byte order is no JSON.
const UTF8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Gives the text of bytes.
 *
 * @throws {TypeError} If they are not UTF-8
 */
export function decode(data: Uint8Array<ArrayBuffer>): string {
  return UTF8.decode(data);
}

/** Tells whether a value is an object with fields. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Gives the fields without two of them. */
export function without(fields: Fields, first: string, second: string | undefined): Fields {
  // Deleting is dearer, and leaves an object that is slow to read.
  const rest: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    if (name !== first && name !== second) rest[name] = fields[name];
  }
  return rest;
}
