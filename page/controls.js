// Controls for values that have no parts: texts, numbers, choices, and raw JSON for what has no form.

import { el, newId } from "./dom.js";
import { parse } from "./json.js";
import { toConstraints, toKind, toList } from "./schema.js";

/** @typedef {import("./schema.js").Schema} Schema */

/**
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {HTMLElement | undefined} target what a label is for
 * @property {() => unknown} read `undefined` leaves the value out
 * @property {(value: unknown) => void} write
 * @property {(path: string, message: string) => boolean} mark shows what is wrong; tells whether there was a place for it
 * @property {() => void} clear takes the marks away
 */

/**
 * Makes a control for a value without parts.
 *
 * @param {Schema} schema resolved
 * @returns {Control}
 */
export function toLeaf(schema) {
  const kind = toKind(schema);
  if (kind === "const") return toFixed(schema.const);
  if (kind === "null") return toFixed(null);
  if (kind === "enum") return toSelect(toList(schema.enum), schema.default);
  if (kind === "boolean") return toCheckbox(schema.default === true);
  if (kind === "string")
    return toText(
      schema,
      (text) => text,
      (value) => (typeof value === "string" ? value : JSON.stringify(value)),
    );
  if (kind === "number" || kind === "integer") return toText(schema, toNumber, (value) => String(value ?? ""));
  return toJson(schema.default ?? (schema.type === "array" ? [] : schema.type === "object" ? {} : null));
}

/**
 * Adds a place for issues to a control of one element.
 *
 * @param {HTMLElement} input
 * @param {() => unknown} read
 * @param {(value: unknown) => void} write
 * @param {...import("./dom.js").Child} more
 * @returns {Control}
 */
function toControl(input, read, write, ...more) {
  input.id = newId();
  const issue = toIssue(input);
  return {
    element: el("div", { class: "control" }, input, ...more, issue.element),
    target: input,
    read,
    write,
    mark: (path, message) => path === "" && issue.show(message),
    clear: issue.clear,
  };
}

/**
 * Makes the line under a control that says what is wrong with it.
 *
 * @param {HTMLElement} input
 */
export function toIssue(input) {
  const element = el("p", { class: "issue", id: newId(), hidden: true });
  return {
    element,
    /** @param {string} message */
    show(message) {
      element.textContent = element.hidden ? message : `${element.textContent}; ${message}`;
      element.hidden = false;
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", element.id);
      return true;
    },
    clear() {
      element.hidden = true;
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    },
  };
}

/**
 * @param {unknown} value
 * @returns {Control}
 */
function toFixed(value) {
  const input = el("output", { class: "fixed" }, JSON.stringify(value));
  return toControl(
    input,
    () => value,
    () => {},
  );
}

/**
 * Makes a choice of values.
 *
 * @param {unknown[]} values
 * @param {unknown} initial
 * @returns {Control}
 */
export function toSelect(values, initial) {
  const texts = values.map((value) => JSON.stringify(value));
  const select = el(
    "select",
    {},
    ...values.map((value, index) => el("option", { value: index }, typeof value === "string" ? value : texts[index])),
  );
  /** @param {unknown} value */
  const write = (value) => {
    select.selectedIndex = Math.max(0, texts.indexOf(JSON.stringify(value)));
  };
  write(initial);
  return toControl(select, () => values[select.selectedIndex], write);
}

/**
 * @param {boolean} initial
 * @returns {Control}
 */
function toCheckbox(initial) {
  const input = el("input", { type: "checkbox" });
  input.checked = initial;
  const word = el("span", { class: "word", "aria-hidden": true });
  return toControl(
    input,
    () => input.checked,
    (value) => {
      input.checked = value === true;
    },
    word,
  );
}

/**
 * @param {Schema} schema
 * @param {(text: string) => unknown} read
 * @param {(value: unknown) => string} write
 * @returns {Control}
 */
function toText(schema, read, write) {
  const isNumber = toKind(schema) !== "string";
  const example = toList(schema.examples)[0];
  const input = el("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    inputmode: isNumber ? "decimal" : undefined,
    placeholder: example === undefined ? toConstraints({ ...schema, default: undefined }).join(", ") : String(example),
  });
  if (schema.default !== undefined) input.value = write(schema.default);
  return toControl(
    input,
    () => read(input.value),
    (value) => {
      input.value = value === undefined ? "" : write(value);
    },
  );
}

/**
 * Reads a number. What is none is sent as it stands, so that the service says what is wrong.
 *
 * @param {string} text
 */
function toNumber(text) {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/**
 * Makes a field for JSON, which says at once whether it is any.
 *
 * @param {unknown} initial
 * @returns {Control & { problem: () => string | undefined }}
 */
export function toJson(initial) {
  const input = el("textarea", { rows: 3, spellcheck: "false", autocomplete: "off" });
  const validity = el("p", { class: "validity" });
  const check = () => {
    const parsed = parse(input.value);
    validity.textContent = parsed.problem === undefined ? "Valid JSON" : parsed.problem;
    validity.classList.toggle("bad", parsed.problem !== undefined);
    input.rows = Math.min(24, Math.max(3, input.value.split("\n").length));
    return parsed;
  };
  /** @param {unknown} value */
  const write = (value) => {
    input.value = JSON.stringify(value, null, 2) ?? "null";
    check();
  };
  input.addEventListener("input", check);
  write(initial);
  const read = () => {
    const parsed = check();
    return parsed.problem === undefined ? parsed.value : undefined;
  };
  return { ...toControl(input, read, write, validity), problem: () => check().problem };
}
