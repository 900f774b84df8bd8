/**
 * JSON, laid out for people.
 *
 * @module
 */

/** Characters of the longest text, and brackets around a value: laid out, a small text of a stranger must not fill the memory. */
const LONGEST = 100_000;
const DEEPEST = 64;

/**
 * Lays out JSON over several lines, if the text is an object or a list with something in it.
 *
 * The tokens stay as they were sent: numbers keep all their digits, and a key that is there twice is shown twice.
 *
 * @returns `undefined` for any other text, and for what has over 100,000 characters or is nested over 64 deep
 */
export function toPrettyJson(text: string): string | undefined {
  if (text.length > LONGEST || !/^\s*[[{]/.test(text) || !isJson(text)) return undefined;
  let laidOut = "";
  let depth = 0;
  const newLine = () => `\n${"  ".repeat(depth)}`;
  let previous = "";
  // Strings, and what else has no meaning inside of one: brackets, commas, colons; numbers and words.
  for (const [token] of text.matchAll(/"(?:[^"\\]+|\\.)*"|[[\]{},:]|[^[\]{},:"\s]+/g)) {
    const isEnd = token === "]" || token === "}";
    const isEmpty = isEnd && (previous === "[" || previous === "{");
    if (isEnd) depth -= 1;
    if (previous === "," || ((previous === "[" || previous === "{") && !isEmpty) || (isEnd && !isEmpty)) {
      laidOut += newLine();
    }
    laidOut += token === ":" ? ": " : token;
    if (token === "[" || token === "{") depth += 1;
    if (depth > DEEPEST) return undefined;
    previous = token;
  }
  return laidOut;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
