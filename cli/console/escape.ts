/**
 * Text of strangers, made harmless for a terminal.
 *
 * @module
 */

// Control characters but tab and line feed, marks that turn the direction of text, other line breaks, tags that nobody sees, halves of a pair.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;
const NAMES: ReadonlyMap<string, string> = new Map([
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Writes out what could steer a terminal, or show another text than was sent; line breaks and tabs stay. */
export function toSafeText(text: string): string {
  return text.replace(UNSAFE, toEscape);
}

/** Like {@link toSafeText}, on one line. */
export function toSafeLine(text: string): string {
  return toSafeText(text).replace(/[\n\t]/g, toEscape);
}

/** Writes a value as JSON on one line that is harmless too, and says the same. */
export function toSafeJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.replace(UNSAFE, (unsafe) =>
    Array.from({ length: unsafe.length }, (_, index) => `\\u${toHex(unsafe.charCodeAt(index), 4)}`).join(""),
  );
}

function toEscape(unsafe: string): string {
  const named = NAMES.get(unsafe);
  if (named !== undefined) return named;
  const code = unsafe.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${toHex(code, 2)}`;
  return code < 0x10000 ? `\\u${toHex(code, 4)}` : `\\u{${toHex(code, 5)}}`;
}

function toHex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
