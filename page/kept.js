// What is kept of all that went over the connection: the last thousand entries, unless they are large.

import { parse } from "./json.js";

/** @typedef {import("./line.js").Entry} Entry */
/** @typedef {import("./line.js").Request} Request */

export const KEPT = 1000;
const CHARACTERS = 16_000_000;

/**
 * @param {Entry} entry
 * @returns {entry is Request}
 */
export function isRequest(entry) {
  return entry.kind === "request";
}

/** @param {Request} request */
export function isRunning({ state }) {
  return state === "waiting" || state === "running";
}

/** Entries in their order, the oldest of which are forgotten. */
export class Kept {
  /** @type {Entry[]} */
  entries = [];
  #characters = 0;
  /** @type {WeakSet<Entry>} */
  #forgotten = new WeakSet();

  /** Whether there is much more than is kept, so that it cannot wait for the next frame. */
  get isOverfull() {
    return this.entries.length > 2 * KEPT || this.#characters > 2 * CHARACTERS;
  }

  /** @param {Entry} entry */
  add(entry) {
    this.entries.push(entry);
    this.#characters += entry.text.length;
    entry.parent?.items.push(entry);
  }

  /** @param {Entry} entry */
  has(entry) {
    return !this.#forgotten.has(entry);
  }

  /**
   * Forgets the oldest, but no request that is running or has answers left.
   *
   * @returns {Entry[]}
   */
  forget() {
    let excess = this.entries.length - KEPT;
    if (excess <= 0 && this.#characters <= CHARACTERS) return [];
    /** @type {Entry[]} */
    const forgotten = [];
    this.entries = this.entries.filter((entry) => {
      if (excess <= 0 && this.#characters <= CHARACTERS) return true;
      if (isRequest(entry) && (isRunning(entry) || entry.items.length > 0)) return true;
      excess -= 1;
      this.#characters -= entry.text.length;
      this.#forgotten.add(entry);
      forgotten.push(entry);
      return false;
    });
    for (const parent of new Set(forgotten.map(({ parent }) => parent))) {
      if (parent !== undefined) parent.items = parent.items.filter((item) => this.has(item));
    }
    return forgotten;
  }

  /** Forgets all but the requests that run. */
  clear() {
    for (const entry of this.entries) {
      if (!isRequest(entry) || !isRunning(entry)) this.#forgotten.add(entry);
      if (isRequest(entry)) entry.items = [];
    }
    this.entries = this.entries.filter((entry) => this.has(entry));
    this.#characters = this.entries.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** Writes all that is kept as JSON. */
  toText() {
    const entries = this.entries.map(({ kind, time, isOut, type, id, text }) => {
      const parsed = kind === "connection" ? { problem: "none" } : parse(text);
      return {
        time: new Date(time).toISOString(),
        kind,
        ...(kind !== "connection" && { direction: isOut ? "out" : "in" }),
        ...(type !== "" && { type }),
        ...(id !== "" && { id }),
        message: parsed.problem === undefined ? parsed.value : text,
      };
    });
    return JSON.stringify(entries, null, 2);
  }
}
