// Where to connect, and as whom.

import { byId, el, newId } from "./dom.js";
import { toTemplate } from "./model.js";
import { resolve, toList, toRecord } from "./schema.js";

/** @typedef {import("./line.js").Line} Line */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Place} Place */

/** Where a token goes if the document does not say. @type {Place[]} */
const PLACES = [
  { kind: "subprotocol", name: "bearer" },
  { kind: "query", name: "access_token" },
];

const WORDS = { closed: "Disconnected", connecting: "Connecting", open: "Connected", closing: "Closing" };

/** The fields of a connection, and its button. */
export class Connector {
  /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
  #parameters = new Map();
  /** @type {Map<string, HTMLInputElement>} */
  #query = new Map();
  #form = byId("connect", HTMLFormElement);
  #subprotocol = byId("subprotocol", HTMLInputElement);
  #token = byId("token", HTMLInputElement);
  #place = byId("place", HTMLSelectElement);

  /**
   * @param {Model} model
   * @param {Line} line
   */
  constructor(model, line) {
    this.line = line;
    this.template = toTemplate(model.socketPath);
    const fields = byId("parameters");
    for (const name of this.template.names) {
      const { enum: values, default: initial, description, examples } = { ...model.parameters[name] };
      const input = values
        ? el("select", {}, ...values.map((value) => el("option", {}, value)))
        : el("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: examples?.[0] });
      if (initial !== undefined) input.value = initial;
      this.#parameters.set(name, input);
      fields.append(toLabelled(name, description ?? "path", input));
    }
    const sendable = model.places.filter(({ kind }) => kind === "query" || kind === "subprotocol");
    this.places = sendable.length > 0 ? sendable : PLACES;
    for (const { kind, name } of this.places) {
      this.#place.append(el("option", {}, kind === "query" ? `query: ${name}=TOKEN` : `subprotocol: ${name}, TOKEN`));
    }
    byId("unsent").hidden = model.places.length === 0 || model.places.some(({ kind }) => kind !== "header");
    const query = resolve(model.query, model.scope);
    const required = new Set(toList(query.required));
    for (const [name, part] of Object.entries(toRecord(query.properties))) {
      const { default: initial } = resolve(part, model.scope);
      const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false" });
      if (initial !== undefined) input.placeholder = String(initial);
      this.#query.set(name, input);
      fields.append(toLabelled(name, required.has(name) ? "query" : "query, optional", input));
    }
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (line.state === "open") line.close();
      else this.connect();
    });
    this.#form.addEventListener("input", () => this.#showUrl());
    this.refresh();
  }

  /** Opens the connection, with what stands in the fields. */
  connect() {
    const empty = [...this.#parameters.values()].find(({ value }) => value === "");
    if (empty !== undefined) {
      this.line.told.state(); // no sender waits for it
      return empty.focus();
    }
    const names = this.#subprotocol.value.split(/[\s,]+/).filter((name) => name !== "");
    const token = this.#token.value.trim();
    const place = this.places[this.#place.selectedIndex];
    const protocols = token !== "" && place?.kind === "subprotocol" ? [place.name, token, ...names] : names;
    this.line.connect(this.#toUrl(token), protocols);
  }

  /** Shows the state of the connection. */
  refresh() {
    const { state, wasOpen } = this.line;
    const button = byId("toggle", HTMLButtonElement);
    button.textContent = state === "open" ? "Disconnect" : state === "closed" && wasOpen ? "Reconnect" : "Connect";
    button.disabled = state === "connecting" || state === "closing";
    button.classList.toggle("primary", state !== "open");
    byId("state").textContent = WORDS[state];
    byId("state").dataset.state = state;
    this.#showUrl();
  }

  #showUrl() {
    byId("url").textContent = this.#toUrl(this.#token.value === "" ? "" : "…");
  }

  /** @param {string} token */
  #toUrl(token) {
    const values = new Map([...this.#parameters].map(([name, { value }]) => [name, value]));
    const isFilled = [...values.values()].every((value) => value !== "");
    const path = isFilled ? this.template.fill(values) : this.line.model.socketPath;
    const search = new URLSearchParams(
      [...this.#query].map(([name, { value }]) => [name, value]).filter(([, value]) => value !== ""),
    );
    const place = this.places[this.#place.selectedIndex];
    if (token !== "" && place?.kind === "query") search.set(place.name, token);
    const text = String(search);
    return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}${text === "" ? "" : `?${text}`}`;
  }
}

/**
 * @param {string} name
 * @param {string} what
 * @param {HTMLElement} input
 */
function toLabelled(name, what, input) {
  input.id = newId();
  return el(
    "div",
    { class: "labelled" },
    el("label", { for: input.id }, el("code", {}, name), " ", el("small", {}, what)),
    input,
  );
}
