// What sends a message: a form of its fields, or their JSON.

import { toJson } from "./controls.js";
import { announce, el } from "./dom.js";
import { toForm } from "./form.js";
import { isObject, paint } from "./json.js";
import { toExample } from "./schema.js";

/** @typedef {import("./line.js").Line} Line */
/** @typedef {import("./model.js").Topic} Topic */

/** Sends messages of one type. */
export class Sender {
  #isForm = true;
  #preview = el("pre", { class: "json frame", "aria-label": "The frame" });
  #body = el("div", { class: "body" });
  #problem = el("p", { class: "issue", role: "alert", hidden: true });
  #button = el("button", { type: "submit", class: "primary" }, "Send");
  #key = el("kbd", {}, "Enter");
  #hasId = el("input", { type: "checkbox", checked: true });

  /**
   * @param {Topic} topic
   * @param {Line} line
   * @param {() => void} connect
   */
  constructor(topic, line, connect) {
    this.topic = topic;
    this.line = line;
    this.connect = connect;
    this.isWaiting = false;
    this.form = toForm(topic.payload, line.model.scope);
    const example = toExample(topic.payload, line.model.scope);
    this.json = toJson(isObject(example) ? example : {});
    this.json.target?.setAttribute("aria-label", "Fields as JSON");
    this.element = el(
      "form",
      { class: "card sender", "aria-label": `Send ${topic.type}`, novalidate: true },
      this.#toBar(),
    );
    this.element.append(this.#body, this.#preview, this.#problem, this.#toFoot());
    this.element.addEventListener("input", () => this.refresh());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.#submit();
    });
    this.#body.append(this.form.element);
    this.refresh();
  }

  /** Moves the focus to the first field. */
  focus() {
    const field = this.#body.querySelector("input, select, textarea") ?? this.#button;
    if (field instanceof HTMLElement) field.focus();
  }

  /** Shows what would be sent now. */
  refresh() {
    const payload = this.#read();
    const id = this.#hasId.checked && this.line.model.idKey !== undefined ? this.line.nextId : undefined;
    if (payload !== undefined) paint(this.#preview, this.line.toFrame(this.topic.type, payload, id));
    this.#preview.classList.toggle("stale", payload === undefined);
    const { state } = this.line;
    if (state === "closed") this.isWaiting = false;
    this.#button.textContent = state === "open" ? "Send" : this.isWaiting ? "Connecting…" : "Connect and send";
    if (state === "open" && this.isWaiting) this.#submit();
  }

  #toBar() {
    const name = `mode-${this.topic.anchor}`;
    const [form, json] = ["Form", "JSON"].map((word) =>
      el(
        "label",
        {},
        el("input", { type: "radio", name, checked: word === "Form", onchange: () => this.#turn(word === "Form") }),
        word,
      ),
    );
    return el(
      "div",
      { class: "bar" },
      el("h3", {}, "Send"),
      el("div", { class: "modes", role: "radiogroup", "aria-label": "Edit as" }, form, json),
    );
  }

  #toFoot() {
    const { idKey } = this.line.model;
    const withId =
      idKey !== undefined &&
      el(
        "label",
        { class: "check", title: "With an id each reply is correlated, and there is always a last frame" },
        this.#hasId,
        `with ${idKey}`,
      );
    return el("div", { class: "foot" }, this.#button, withId, el("span", { class: "hint" }, this.#key, " sends"));
  }

  /** @param {boolean} isForm */
  #turn(isForm) {
    const payload = this.#read();
    this.#isForm = isForm;
    const control = isForm ? this.form : this.json;
    if (payload !== undefined) control.write(payload);
    this.#body.replaceChildren(control.element);
    this.#key.textContent = isForm ? "Enter" : "Ctrl Enter";
    this.#forget();
    this.refresh();
  }

  /** @returns {Record<string, unknown> | undefined} */
  #read() {
    const value = (this.#isForm ? this.form : this.json).read();
    return isObject(value) ? value : undefined;
  }

  #submit() {
    this.#forget();
    const payload = this.#read();
    if (payload === undefined) {
      const problem = this.#isForm
        ? "The message is no object"
        : (this.json.problem() ?? "The message must be an object");
      return this.#show(problem);
    }
    if (this.line.state !== "open") {
      this.isWaiting = true;
      if (this.line.state === "closed") this.connect();
      return this.refresh();
    }
    this.isWaiting = false;
    this.line.send(this.topic, payload, this.#hasId.checked, (issues, message) => this.#mark(issues, message));
    this.refresh();
  }

  /**
   * Shows what the service says is wrong, at the fields where it is.
   *
   * @param {import("./line.js").Issue[]} issues
   * @param {string} message
   */
  #mark(issues, message) {
    this.#forget();
    const control = this.#isForm ? this.form : this.json;
    const left = issues.filter(({ path, message: text }) => !control.mark(path, text));
    const rest = left.map(({ path, message: text }) => (path === "" ? text : `${path}: ${text}`));
    if (rest.length > 0 || issues.length === 0) this.#show([message, ...rest].join("; "));
    else announce(`${message}: ${issues.map(({ path, message: text }) => `${path}: ${text}`).join("; ")}`);
  }

  /** @param {string} text */
  #show(text) {
    this.#problem.textContent = text;
    this.#problem.hidden = false;
  }

  #forget() {
    this.form.clear();
    this.json.clear();
    this.#problem.hidden = true;
  }
}
