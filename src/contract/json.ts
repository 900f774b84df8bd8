/**
 * JSON of a stranger.
 *
 * @module
 */

/**
 * Parses JSON text; what it makes has no key `__proto__` of its own, at any depth.
 *
 * @throws {SyntaxError} If it is no JSON
 * @throws {RangeError} If it is too deep for the runtime
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // The key may be written with escapes.
  if (text.includes("__proto__") || text.includes("\\u00")) strip(value);
  return value;
}

// Not recursive: a stranger says how deep it is.
function strip(value: unknown): void {
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    Reflect.deleteProperty(next, "__proto__");
    for (const member of Object.values(next)) waiting.push(member);
  }
}
