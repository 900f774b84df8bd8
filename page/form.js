// A form made from a schema: objects, lists and unions, whose parts are made when they are needed.

import { toIssue, toJson, toLeaf, toSelect } from "./controls.js";
import { el } from "./dom.js";
import { toOrdinal } from "./fields.js";
import { isObject } from "./json.js";
import { fits, resolve, toChoices, toExample, toKind, toList, toRecord, toTypeName, tupleOf } from "./schema.js";

/** @typedef {import("./controls.js").Control} Control */
/** @typedef {import("./schema.js").Schema} Schema */
/** @typedef {import("./schema.js").Scope} Scope */

// A required part of a part of a part: deeper down there is raw JSON.
const DEPTH = 8;

/**
 * Makes a control for any schema.
 *
 * @param {unknown} given
 * @param {Scope} scope
 * @returns {Control}
 */
export function toForm(given, scope, depth = 0) {
  const schema = resolve(given, scope);
  const kind = toKind(schema);
  if (depth > DEPTH) return toJson(toExample(schema, scope));
  if (kind === "object") return toObject(schema, scope, depth);
  if (kind === "array") return toArray(schema, scope, depth);
  if (kind === "tuple") return toTuple(schema, scope, depth);
  if (kind !== "union") return toLeaf(schema);
  const choices = toChoices(schema, scope);
  return choices.every((choice) => "const" in choice)
    ? toSelect(
        choices.map((choice) => choice.const),
        schema.default,
      )
    : toUnion(choices, schema.default, scope, depth);
}

/**
 * @param {Schema} schema
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function toObject(schema, scope, depth) {
  const required = new Set(toList(schema.required));
  /** @type {Map<string, Control>} */
  const parts = new Map();
  const element = el("div", { class: depth === 0 ? "parts root" : "parts", role: depth === 0 ? undefined : "group" });
  const issue = toIssue(element);
  for (const [name, part] of Object.entries(toRecord(schema.properties))) {
    const field = toField(name, part, scope, required.has(name), depth);
    parts.set(name, field);
    element.append(field.element);
  }
  element.append(issue.element);
  /** @type {[string, unknown][]} */
  let others = []; // what was written and has no control
  return {
    element,
    target: undefined,
    read() {
      const found = [...parts].map(([name, part]) => [name, part.read()]);
      return Object.fromEntries([...found.filter(([, value]) => value !== undefined), ...others]);
    },
    write(value) {
      const entries = isObject(value) ? Object.entries(value) : [];
      others = entries.filter(([name]) => !parts.has(name));
      const given = new Map(entries);
      for (const [name, part] of parts) part.write(given.get(name));
    },
    mark: (path, message) => (path === "" ? issue.show(message) : markPart(parts, path, message)),
    clear() {
      issue.clear();
      for (const part of parts.values()) part.clear();
    },
  };
}

/**
 * Finds the part that a path leads to. A name may hold dots, so the longest that fits counts.
 *
 * @param {Map<string, Control>} parts
 * @param {string} path
 * @param {string} message
 */
function markPart(parts, path, message) {
  const names = [...parts.keys()].filter((name) => path === name || path.startsWith(`${name}.`));
  names.sort((a, b) => b.length - a.length);
  return names.some((name) => parts.get(name)?.mark(path.slice(name.length + 1), message));
}

/**
 * Puts a name before a control and, if it is optional, a box that decides whether it is sent.
 *
 * @param {string} name
 * @param {unknown} given
 * @param {Scope} scope
 * @param {boolean} isRequired
 * @param {number} depth
 * @returns {Control}
 */
function toField(name, given, scope, isRequired, depth) {
  const schema = resolve(given, scope);
  const isNested = ["object", "array", "tuple", "union"].includes(toKind(schema));
  const slot = el("div", { class: "slot" });
  /** @type {Control | undefined} */
  let inner;
  const fill = () => {
    if (inner !== undefined) return inner;
    inner = toForm(schema, scope, depth + 1);
    slot.append(inner.element);
    if (inner.target === undefined) inner.element.setAttribute("aria-label", name);
    else label.setAttribute("for", inner.target.id);
    return inner;
  };
  const label = el("label", { class: "name" }, el("code", {}, name));
  const box = isRequired
    ? undefined
    : el("input", { type: "checkbox", class: "send", "aria-label": `Send ${name}`, title: "Whether it is sent" });
  const head = el("div", { class: "head" }, box, label, el("span", { class: "type" }, toTypeName(schema, scope)));
  const element = el("div", { class: isNested ? "entry nested" : "entry" }, head, slot);
  const show = () => {
    if (box === undefined) return;
    if (box.checked) fill();
    slot.hidden = isNested && !box.checked;
    element.classList.toggle("off", !box.checked);
  };
  if (box !== undefined) {
    box.checked = schema.default !== undefined;
    box.addEventListener("input", show);
    slot.addEventListener("input", () => {
      box.checked = true;
      show();
    });
  }
  if (isRequired || !isNested) fill();
  show();
  return {
    element,
    target: undefined,
    read: () => (box === undefined || box.checked ? fill().read() : undefined),
    write(value) {
      if (box !== undefined) box.checked = value !== undefined;
      show();
      if (isRequired || value !== undefined) fill().write(value);
    },
    mark: (path, message) =>
      slot.hidden ? false : fill().mark(path, message) || fill().mark("", `${path}: ${message}`),
    clear: () => inner?.clear(),
  };
}

/**
 * @param {Schema} schema
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function toArray(schema, scope, depth) {
  /** @type {{ control: Control, row: HTMLElement }[]} */
  let items = [];
  const list = el("div", { class: "items" });
  const add = el("button", { type: "button", class: "small", onclick: () => grow() }, "Add item");
  const element = el("div", { class: "parts", role: "group" }, list, add);
  const issue = toIssue(element);
  element.append(issue.element);
  const changed = () => element.dispatchEvent(new Event("input", { bubbles: true }));
  const append = () => {
    const control = toForm(schema.items, scope, depth + 1);
    const remove = el(
      "button",
      { type: "button", class: "small", "aria-label": "Remove item", title: "Remove item" },
      "×",
    );
    const item = { control, row: el("div", { class: "item" }, control.element, remove) };
    control.target?.setAttribute("aria-label", `Item ${items.length + 1}`);
    remove.addEventListener("click", () => {
      items = items.filter((other) => other !== item);
      item.row.remove();
      add.focus();
      changed();
    });
    items.push(item);
    list.append(item.row);
    return item;
  };
  const grow = () => {
    const { row } = append();
    changed();
    const first = row.querySelector("input, select, textarea");
    if (first instanceof HTMLElement) first.focus();
  };
  /** @param {unknown} value */
  const write = (value) => {
    items = [];
    list.replaceChildren();
    for (const item of toList(value)) append().control.write(item);
  };
  const initial = toExample(schema, scope);
  write(initial);
  return {
    element,
    target: undefined,
    read: () => items.map(({ control }) => control.read() ?? null),
    write,
    mark(path, message) {
      if (path === "") return issue.show(message);
      return markPart(new Map(items.map(({ control }, index) => [`${index}`, control])), path, message);
    },
    clear() {
      issue.clear();
      for (const { control } of items) control.clear();
    },
  };
}

/**
 * @param {Schema} schema
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function toTuple(schema, scope, depth) {
  const parts = (tupleOf(schema) ?? []).map((item, index) => toField(`${index}`, item, scope, true, depth));
  const element = el("div", { class: "parts", role: "group" }, ...parts.map((part) => part.element));
  const issue = toIssue(element);
  element.append(issue.element);
  return {
    element,
    target: undefined,
    read: () => parts.map((part) => part.read() ?? null),
    write(value) {
      for (const [index, part] of parts.entries()) part.write(toList(value)[index]);
    },
    mark(path, message) {
      if (path === "") return issue.show(message);
      return markPart(new Map(parts.map((part, index) => [`${index}`, part])), path, message);
    },
    clear() {
      issue.clear();
      for (const part of parts) part.clear();
    },
  };
}

/**
 * @param {Schema[]} choices
 * @param {unknown} initial
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function toUnion(choices, initial, scope, depth) {
  const given = choices.map((choice, index) =>
    toKind(choice) === "object" ? toOrdinal(choice, index) : toTypeName(choice, scope),
  );
  const names = given.map((name, index) => (given.indexOf(name) === index ? name : `${name} (${index + 1})`));
  const picker = toSelect(names, names[0]);
  picker.target?.setAttribute("aria-label", "Kind of value");
  const slot = el("div", { class: "slot" });
  const element = el("div", { class: "union", role: "group" }, picker.element, slot);
  const pick = () => {
    const at = Math.max(0, names.indexOf(String(picker.read())));
    const control = toForm(choices[at], scope, depth + 1);
    control.target?.setAttribute("aria-label", names[at] ?? "");
    slot.replaceChildren(control.element);
    slot.hidden = toKind(choices[at] ?? {}) === "null";
    return control;
  };
  let inner = pick();
  picker.element.addEventListener("input", () => {
    inner = pick();
  });
  /** @param {unknown} value */
  const write = (value) => {
    const at = choices.findIndex((choice) => fits(value, choice, scope));
    picker.write(names[Math.max(0, at)]);
    inner = pick();
    if (value !== undefined) inner.write(value);
  };
  if (initial !== undefined) write(initial);
  return {
    element,
    target: undefined,
    read: () => inner.read(),
    write,
    mark: (path, message) =>
      inner.mark(path, message) || picker.mark("", path === "" ? message : `${path}: ${message}`),
    clear() {
      picker.clear();
      inner.clear();
    },
  };
}
