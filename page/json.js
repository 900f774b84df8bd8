// JSON to be looked at.

import { el } from "./dom.js";

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/g;

/**
 * Lays a message out if it is JSON, with colours unless it is long.
 *
 * @param {string} message
 */
export function toBlock(message) {
  const parsed = parse(message);
  const laidOut = parsed.problem === undefined ? write(parsed.value, 2) : undefined;
  const text = laidOut ?? message;
  const block = el("pre", { class: "json", tabindex: "0", role: "group", "aria-label": "The whole message" });
  if (text.length > 100_000) block.textContent = `${text.slice(0, 100_000)}… (${text.length} characters)`;
  else if (laidOut === undefined || text.length > 20_000) block.textContent = text;
  else paint(block, text);
  return block;
}

/**
 * Writes a value as JSON, unless it is nested too deep for that.
 *
 * @param {unknown} value
 * @param {number} [indentation]
 * @returns {string | undefined}
 */
export function write(value, indentation) {
  try {
    return JSON.stringify(value, null, indentation);
  } catch {
    return undefined;
  }
}

/**
 * Writes JSON text into an element, in colours.
 *
 * @param {Element} parent
 * @param {string} text
 */
export function paint(parent, text) {
  parent.textContent = "";
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    parent.append(text.slice(at, match.index));
    const [whole, string, colon, number] = match;
    const kind =
      string === undefined ? (number === undefined ? "word" : "number") : colon === undefined ? "string" : "key";
    parent.append(el("span", { class: `j-${kind}` }, string ?? whole), colon ?? "");
    at = match.index + whole.length;
  }
  parent.append(text.slice(at));
}

/**
 * Gives the beginning of a text, on one line.
 *
 * @param {string} text
 * @param {number} [length]
 */
export function toLine(text, length = 240) {
  const cut = text.length > length ? `${text.slice(0, length)}…` : text;
  return cut.replace(/\s+/g, " ");
}

/**
 * Parses JSON, or says what is wrong with it.
 *
 * @param {string} text
 * @returns {{ value: unknown, problem?: undefined } | { problem: string }}
 */
export function parse(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Reads a field that an object has itself.
 *
 * @param {Record<string, unknown>} object
 * @param {string} name
 */
export function own(object, name) {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Tells whether a value is an object of JSON.
 *
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
