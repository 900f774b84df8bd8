/**
 * Errors of others in one line.
 *
 * @module
 */

/** Gives the first line of what an error says. */
export function toLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n", 1)[0] ?? "";
}
