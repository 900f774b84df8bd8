/**
 * Binary messages on the command line.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** How bytes are written as text. */
export type Encoding = "hex" | "base64";

/** Reads bytes; spaces are allowed between them. `undefined` if the text is none. */
export function toBytes(text: string, encoding: Encoding): Uint8Array<ArrayBuffer> | undefined {
  const digits = text.replace(/\s+/g, "");
  // The decoder of Node stops at what it does not know, and tells nobody.
  const isWhole =
    encoding === "hex"
      ? /^(?:[0-9a-f]{2})*$/i.test(digits)
      : /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(digits);
  return isWhole ? new Uint8Array(Buffer.from(digits, encoding)) : undefined;
}

/** Writes bytes. */
export function fromBytes(bytes: Uint8Array, encoding: Encoding): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}
