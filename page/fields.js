// The fields of a message as a list that opens.

import { el } from "./dom.js";
import { resolve, toChoices, toConstraints, toKind, toList, toRecord, toTypeName, tupleOf } from "./schema.js";

/** @typedef {import("./schema.js").Schema} Schema */
/** @typedef {import("./schema.js").Scope} Scope */

/**
 * Lists the fields of a schema.
 *
 * @param {unknown} given
 * @param {Scope} scope
 * @returns {HTMLElement}
 */
export function toFields(given, scope) {
  const schema = resolve(given, scope);
  const rows = toRows(schema, scope);
  if (rows.length > 0) return el("ul", { class: "fields" }, ...rows);
  if (toKind(schema) === "object") return el("p", { class: "quiet" }, "No fields.");
  return el("ul", { class: "fields" }, toRow("", schema, scope, true));
}

/**
 * @param {Schema} schema resolved
 * @param {Scope} scope
 * @returns {HTMLElement[]}
 */
function toRows(schema, scope) {
  const kind = toKind(schema);
  if (kind === "object") {
    const required = new Set(toList(schema.required));
    return Object.entries(toRecord(schema.properties)).map(([name, part]) =>
      toRow(name, part, scope, required.has(name)),
    );
  }
  if (kind === "array") {
    const item = resolve(schema.items, scope);
    if (toKind(item) === "object") return toRows(item, scope);
    return isLeaf(item) ? [] : [toRow("each item", item, scope, true)];
  }
  if (kind === "tuple") return (tupleOf(schema) ?? []).map((item, index) => toRow(`${index}`, item, scope, true));
  if (kind === "union") {
    const choices = toChoices(schema, scope);
    if (choices.every((choice) => isLeaf(choice))) return [];
    return choices.map((choice, index) => toRow(`${toOrdinal(choice, index)}`, choice, scope, true));
  }
  return [];
}

/**
 * @param {string} name
 * @param {unknown} given
 * @param {Scope} scope
 * @param {boolean} isRequired
 * @returns {HTMLElement}
 */
function toRow(name, given, scope, isRequired) {
  const schema = resolve(given, scope);
  const notes = [...toConstraints(schema), ...toItemConstraints(schema, scope)];
  const values = toKind(schema) === "enum" ? toList(schema.enum).map((value) => JSON.stringify(value)) : [];
  const head = [
    name !== "" && el("code", { class: "name" }, name),
    el("span", { class: "type" }, toTypeName(schema, scope)),
    !isRequired && el("span", { class: "optional" }, "optional"),
    values.length > 0 && el("span", { class: "values" }, ...values.map((value) => el("code", {}, value))),
    notes.length > 0 && el("span", { class: "notes" }, ...notes.map((note) => el("code", {}, note))),
  ];
  const text = schema.description ?? schema.title;
  const about = typeof text === "string" && el("p", {}, text);
  if (isLeaf(schema) || !mayOpen(schema, scope)) return el("li", {}, el("div", { class: "field" }, ...head), about);
  return el("li", {}, toNested(head, schema, scope), about);
}

/**
 * Opens when it is asked to, for a schema may hold itself.
 *
 * @param {import("./dom.js").Child[]} head
 * @param {Schema} schema
 * @param {Scope} scope
 */
function toNested(head, schema, scope) {
  const summary = el("summary", { class: "field" }, ...head);
  const details = el("details", {}, summary);
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(el("ul", { class: "fields" }, ...toRows(schema, scope)));
  });
  return details;
}

/**
 * @param {Schema} schema
 * @param {Scope} scope
 */
function mayOpen(schema, scope) {
  const kind = toKind(schema);
  if (kind === "object") return Object.keys(toRecord(schema.properties)).length > 0;
  if (kind === "array") return !isLeaf(resolve(schema.items, scope));
  if (kind === "union") return !toChoices(schema, scope).every((choice) => isLeaf(choice));
  return kind === "tuple";
}

/** @param {Schema} schema */
function isLeaf(schema) {
  return !["object", "array", "tuple", "union"].includes(toKind(schema));
}

/**
 * What the items of a list must be, where they get no row of their own.
 *
 * @param {Schema} schema
 * @param {Scope} scope
 */
function toItemConstraints(schema, scope) {
  if (toKind(schema) !== "array") return [];
  const item = resolve(schema.items, scope);
  if (!isLeaf(item)) return [];
  const values = toKind(item) === "enum" ? toList(item.enum).map((value) => JSON.stringify(value)) : [];
  return [...toConstraints(item), ...values].map((note) => `item ${note}`);
}

/**
 * Names a part of a union: by its title, else by the constants in it.
 *
 * @param {Schema} choice
 * @param {number} index
 * @returns {string}
 */
export function toOrdinal(choice, index) {
  if (typeof choice.title === "string") return choice.title;
  const constants = Object.entries(toRecord(choice.properties)).flatMap(([name, part]) => {
    const { const: value } = toRecord(part);
    return value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`];
  });
  return constants.length > 0 ? constants.join(", ") : `choice ${index + 1}`;
}
