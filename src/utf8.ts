/**
 * The length of text in UTF-8, without encoding it.
 *
 * @module
 */

/**
 * Counts the bytes of `text` in UTF-8; a lone surrogate counts as U+FFFD, three bytes, as runtimes send it.
 *
 * @example
 * ```ts
 * utf8Length("é"); // 2
 * ```
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2;
      i += 1;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

/** Tells whether `text` takes more than `limit` bytes of UTF-8, counting only where the number of units leaves a doubt. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  return text.length * 3 > limit && utf8Length(text) > limit;
}

/** Cuts `text` at a character so that it takes at most `limit` bytes of UTF-8. */
export function truncateUtf8(text: string, limit: number): string {
  if (!isLongerThan(text, limit)) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > limit) break;
    end += character.length;
  }
  return text.slice(0, end);
}

// Surrogates are told by their first six bits: U+D800 to U+DBFF, and U+DC00 to U+DFFF.
function isHighSurrogate(unit: number): boolean {
  return unit >> 10 === 0x36;
}

function isLowSurrogate(unit: number): boolean {
  return unit >> 10 === 0x37;
}
