// The log: what is kept, and what of it is to be seen. Rows are made once a frame, so that a flood of messages costs no more than the screen shows.

import { announce, byId, el } from "./dom.js";
import { isRequest, isRunning, KEPT, Kept } from "./kept.js";
import { copy, toDetails, toPreview, toSentence, toState, toTime } from "./rows.js";

/** @typedef {import("./line.js").Entry} Entry */
/** @typedef {import("./line.js").Request} Request */

const HELD = 8_000_000; // characters that are held at most while the log stands still
const ROWS = 100; // made in one frame
const SHOWN = 3; // items of a stream, until more are asked for

/** @type {Record<string, (entry: Entry) => boolean>} */
const SHOWS = {
  all: () => true,
  requests: ({ kind, parent }) => kind === "request" || kind === "sent" || parent !== undefined,
  pushes: ({ kind }) => kind === "push" || kind === "message",
  errors: (entry) => entry.kind === "error" || (isRequest(entry) && entry.state === "failed"),
  connection: ({ kind }) => kind === "connection",
};

/** Shows the entries of a line. */
export class Log {
  #kept = new Kept();
  // What came since the last frame:
  /** @type {Set<Request>} */
  #changed = new Set();
  /** @type {Entry[]} */
  #added = [];
  // What came since the pause:
  /** @type {Entry[]} */
  #held = [];
  #heldCharacters = 0;
  #heldCount = 0;
  /** @type {WeakMap<Entry, HTMLElement>} */
  #rows = new WeakMap();
  /** @type {WeakSet<Request>} */
  #opened = new WeakSet();
  #isDue = false;
  #isPaused = false;
  #missed = 0;
  #words = "";
  #shows = /** @type {(entry: Entry) => boolean} */ (SHOWS.all);
  #list = byId("log");

  /**
   * @param {import("./model.js").Model} model
   * @param {(request: Request) => void} cancel
   */
  constructor(model, cancel) {
    this.model = model;
    this.cancel = cancel;
    const filter = byId("filter", HTMLInputElement);
    const kinds = byId("kinds", HTMLSelectElement);
    const refilter = () => {
      this.#words = filter.value.trim().toLowerCase();
      this.#shows = SHOWS[kinds.value] ?? this.#shows;
      this.#redraw();
    };
    filter.addEventListener("input", refilter);
    kinds.addEventListener("input", refilter);
    filter.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || filter.value === "") return;
      event.stopPropagation();
      filter.value = "";
      refilter();
    });
    byId("pause").addEventListener("click", () => this.#pause());
    byId("clear").addEventListener("click", () => this.#clear());
    byId("copy").addEventListener("click", () => copy(this.#kept.toText()));
    byId("latest").addEventListener("click", () => this.#toLatest());
    this.#list.addEventListener("scroll", () => this.#isAtEnd() && this.#count(true));
    this.#count(true);
  }

  /** @param {Entry} entry */
  add(entry) {
    if (this.#isPaused && !entry.isOut) return this.#hold(entry);
    this.#kept.add(entry);
    this.#added.push(entry);
    if (this.#added.length > 2 * KEPT) this.#added = this.#added.slice(-KEPT);
    // A hidden tab draws no frames, and must not keep what nobody will see.
    if (this.#kept.isOverfull) this.#forget();
    this.#draw();
  }

  /** @param {Entry} entry */
  #hold(entry) {
    this.#held.push(entry);
    this.#heldCount += 1;
    this.#heldCharacters += entry.text.length;
    if (this.#held.length > 2 * KEPT || this.#heldCharacters > HELD) {
      this.#held = this.#held.slice(-Math.min(KEPT, this.#held.length >> 1));
      this.#heldCharacters = this.#held.reduce((sum, { text }) => sum + text.length, 0);
    }
    this.#draw();
  }

  /** @param {Request} request */
  change(request) {
    this.#changed.add(request);
    this.#draw();
  }

  #draw() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#frame();
    });
  }

  #frame() {
    this.#forget();
    const isAtEnd = this.#isAtEnd();
    const queue = this.#added.filter((entry) => this.#kept.has(entry));
    const added = queue.slice(0, ROWS);
    this.#added = queue.slice(ROWS);
    const fresh = document.createDocumentFragment();
    for (const entry of added) {
      if (entry.parent === undefined) fresh.append(this.#toRow(entry));
      else this.#changed.add(entry.parent);
    }
    this.#list.append(fresh);
    for (const request of this.#changed) this.#update(request);
    this.#changed.clear();
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
    else this.#missed += added.length;
    this.#count(isAtEnd);
    if (this.#added.length > 0) this.#draw();
    for (const entry of added.slice(-4)) announce(toSentence(entry));
  }

  // At once, for a hidden tab draws no frames.
  #forget() {
    for (const entry of this.#kept.forget()) {
      this.#rows.get(entry)?.remove();
      if (entry.parent !== undefined) this.#changed.add(entry.parent);
    }
  }

  /** @param {Entry} entry */
  #matches(entry) {
    if (!this.#shows(entry)) return false;
    return this.#words === "" || `${entry.type} ${entry.id} ${entry.text}`.toLowerCase().includes(this.#words);
  }

  /** @param {Entry} entry */
  #toRow(entry) {
    const found = this.#rows.get(entry);
    if (found !== undefined) return found;
    const row = el("li", { class: `row ${entry.kind}${entry.isBad ? " bad" : ""}` });
    this.#rows.set(entry, row);
    if (entry.kind === "connection") {
      row.append(el("span", { class: "line" }, toTime(entry), el("span", { class: "note" }, entry.text)));
    } else {
      row.append(toDetails(entry, toPreview(entry, this.model)));
    }
    if (isRequest(entry)) {
      const cancel = el(
        "button",
        { type: "button", class: "small cancel", onclick: () => this.#cancel(entry, row) },
        "Cancel",
      );
      const more = el("button", { type: "button", class: "small more", onclick: () => this.#toggle(entry) });
      row.append(
        el("span", { class: "status" }, el("span", { class: "state" }), more, cancel),
        el("ul", { class: "answers" }),
      );
      this.#changed.add(entry);
    }
    row.hidden = !this.#matches(entry);
    return row;
  }

  /**
   * @param {Request} request
   * @param {HTMLElement} row
   */
  #cancel(request, row) {
    this.cancel(request);
    // The button goes, and the focus must not go with it.
    row.querySelector("summary")?.focus();
  }

  /** @param {Request} request */
  #toggle(request) {
    if (this.#opened.has(request)) this.#opened.delete(request);
    else this.#opened.add(request);
    this.change(request);
  }

  /**
   * Brings the row of a request up to date: its state, and as many of its answers as are to be seen.
   *
   * @param {Request} request
   */
  #update(request) {
    const row = this.#rows.get(request);
    const [status, answers] = row?.querySelectorAll(":scope > .status, :scope > .answers") ?? [];
    if (row === undefined || status === undefined || answers === undefined) return;
    const isOpened = this.#opened.has(request);
    row.dataset.state = request.state;
    const [state, more, cancel] = status.children;
    if (state) state.textContent = toState(request);
    if (cancel instanceof HTMLButtonElement) cancel.hidden = !isRunning(request) || request.isCancelled;
    if (more instanceof HTMLButtonElement) {
      more.hidden = request.items.length <= SHOWN;
      more.setAttribute("aria-expanded", String(isOpened));
      more.textContent = isOpened ? `Show last ${SHOWN}` : `Show ${request.items.length}`;
    }
    const isFiltered = this.#words !== "" || this.#shows !== SHOWS.all;
    const items = isFiltered ? request.items.filter((item) => this.#matches(item)) : request.items;
    const shown = (isOpened ? items : items.slice(-SHOWN)).map((item) => this.#toRow(item));
    row.hidden = !this.#matches(request) && items.length === 0;
    const [first] = shown;
    // What is there already stays where it is, so that it keeps the focus.
    while (answers.firstChild && answers.firstChild !== first) answers.firstChild.remove();
    for (const [index, item] of shown.entries()) {
      if (answers.children[index] !== item) answers.insertBefore(item, answers.children[index] ?? null);
    }
    while (answers.childElementCount > shown.length) answers.lastChild?.remove();
  }

  #redraw() {
    for (const entry of this.#kept.entries) {
      const row = this.#rows.get(entry);
      if (isRequest(entry)) this.#changed.add(entry);
      if (row !== undefined) row.hidden = !this.#matches(entry);
    }
    this.#draw();
  }

  #pause() {
    this.#isPaused = !this.#isPaused;
    for (const entry of this.#toHeld()) this.add(entry);
    byId("pause").setAttribute("aria-pressed", String(this.#isPaused));
    byId("pause").textContent = this.#isPaused ? "Resume" : "Pause";
    this.#draw();
  }

  #clear() {
    this.#kept.clear();
    this.#added = [];
    this.#toHeld();
    this.#list.replaceChildren(...this.#kept.entries.map((entry) => this.#toRow(entry)));
    this.#redraw();
    this.#count(true);
  }

  #toHeld() {
    const held = this.#held;
    this.#held = [];
    this.#heldCount = 0;
    this.#heldCharacters = 0;
    return held;
  }

  #isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.#list;
    return scrollHeight - clientHeight - scrollTop < 40;
  }

  #toLatest() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#count(true);
  }

  /** @param {boolean} isAtEnd */
  #count(isAtEnd) {
    if (isAtEnd) this.#missed = 0;
    const waiting = this.#isPaused ? `, ${this.#heldCount} more since the pause` : "";
    const count = this.#kept.entries.length;
    byId("count").textContent = count === 0 ? "" : `${count === 1 ? "1 entry" : `${count} entries`}${waiting}`;
    byId("latest").hidden = this.#missed === 0;
    byId("latest").textContent = `${this.#missed} new`;
    byId("empty").hidden = count > 0;
    byId("jump").textContent = count === 0 ? "Log" : `Log · ${count}`;
  }
}
