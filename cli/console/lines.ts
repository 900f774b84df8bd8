/**
 * The lines of a pipe.
 *
 * @module
 */

import { CommandError, type Input } from "../command.ts";

/**
 * Reads lines, without their ends; what follows the last end is a line unless it is empty.
 *
 * @param limit Bytes that a line may have
 * @throws {CommandError} If a line has more, or is not in UTF-8
 */
export async function* toLines(input: Input, limit: number): AsyncGenerator<string, void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of input) {
    let chunk = typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a)) {
      if (size + end > limit) throw new CommandError(toTooLong(limit));
      yield toText([...parts, chunk.subarray(0, end)], size + end);
      chunk = chunk.subarray(end + 1);
      parts = [];
      size = 0;
    }
    size += chunk.length;
    if (size > limit) throw new CommandError(toTooLong(limit));
    if (chunk.length > 0) parts.push(chunk);
  }
  if (size > 0) yield toText(parts, size);
}

function toTooLong(limit: number): string {
  return `A line of the input has more than ${limit} bytes, which is --max-size`;
}

function toText(parts: readonly Uint8Array[], size: number): string {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  try {
    // A mark at the beginning is kept: it is part of what is sent.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r$/, "");
  } catch {
    throw new CommandError("A line of the input is not in UTF-8");
  }
}
