// Elements, made without HTML: whatever comes from a document or a socket becomes text.

/** @typedef {string | number | Node | null | undefined | false} Child */

/**
 * Makes an element. A name that begins with `on` is a listener, `true` an empty attribute, `false` and `undefined` none.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

/**
 * Adds children to an element.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function put(parent, ...children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * Finds an element of the skeleton.
 *
 * @template {typeof HTMLElement} [Kind=typeof HTMLElement]
 * @param {string} id
 * @param {Kind} [kind]
 * @returns {InstanceType<Kind>}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof (kind ?? HTMLElement))) throw new Error(`The page has no ${id}`);
  return /** @type {InstanceType<Kind>} */ (element);
}

let ids = 0;

/** Gives an id that no other element has. */
export function newId() {
  ids += 1;
  return `e${ids}`;
}

/** @type {string[]} */
let said = [];

/**
 * Tells a screen reader, once in a while and not a line for each message.
 *
 * @param {string} text
 */
export function announce(text) {
  said.push(text);
  if (said.length > 1) return;
  setTimeout(() => {
    byId("said").textContent =
      said.length > 3 ? `${said.length} new entries, the last: ${said.at(-1)}` : said.join(". ");
    said = [];
  }, 400);
}
