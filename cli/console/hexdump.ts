/**
 * Bytes, shown to people.
 *
 * @module
 */

/** Bytes that are shown of a message. */
const SHOWN = 256;
const ROW = 16;

/** Writes the first 256 bytes in rows of 16: place, hexadecimal, and the printable characters of ASCII. */
export function toHexdump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, SHOWN); at += ROW) rows.push(toRow(bytes.subarray(at, at + ROW), at));
  if (bytes.length > SHOWN) rows.push(`(${bytes.length - SHOWN} bytes more)`);
  return rows.join("\n");
}

/** Writes how many bytes there are. */
export function toSize(bytes: Uint8Array): string {
  return bytes.length === 1 ? "1 byte" : `${bytes.length} bytes`;
}

function toRow(bytes: Uint8Array, at: number): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const ascii = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
  return `${at.toString(16).padStart(4, "0")}  ${hex.padEnd(ROW * 3 - 1)}  ${ascii}`;
}
