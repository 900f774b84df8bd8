// What a row of the log holds.

import { byId, el } from "./dom.js";
import { isObject, parse, toBlock, toLine, write } from "./json.js";

/** @typedef {import("./line.js").Entry} Entry */
/** @typedef {import("./line.js").Request} Request */

/**
 * Gives the payload of an entry on one line.
 *
 * @param {Entry} entry
 * @param {import("./model.js").Model} model
 */
export function toPreview({ kind, text }, { key, idKey }) {
  if (text.length > 100_000) return toLine(text);
  const { value } = { value: undefined, ...parse(text) };
  if (!isObject(value)) return toLine(text);
  const { code, message } = value;
  if (kind === "error" && typeof code === "string")
    return toLine(typeof message === "string" ? `${code}: ${message}` : code);
  const fields = Object.entries(value).filter(([name]) => name !== key && name !== idKey);
  return fields.length === 0 ? "" : toLine(write(Object.fromEntries(fields)) ?? text);
}

/**
 * Makes a line that opens, with the whole message in it.
 *
 * @param {Entry} entry
 * @param {string} preview
 */
export function toDetails(entry, preview) {
  const arrow = entry.isOut ? "↑" : entry.kind === "complete" ? "■" : "↓";
  const details = el(
    "details",
    {},
    el(
      "summary",
      { class: "line" },
      toTime(entry),
      el("span", { class: "arrow", "aria-label": entry.isOut ? "sent" : "received" }, arrow),
      entry.type !== entry.parent?.type && el("code", { class: "what" }, entry.type === "" ? "no type" : entry.type),
      entry.id !== "" && el("span", { class: "id" }, `#${entry.id}`),
      el("code", { class: "preview" }, preview),
    ),
  );
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(toBlock(entry.text));
  });
  return details;
}

/** @param {Entry} entry */
export function toTime({ time }) {
  const text = new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString();
  return el("time", { datetime: new Date(time).toISOString() }, text.slice(11, 23));
}

/** @param {Request} request */
export function toState({ state, count, isStream, isCancelled, time, ended }) {
  const items = isStream && (count > 0 || state === "running") ? `${count} ${count === 1 ? "item" : "items"}, ` : "";
  if (state === "waiting" || state === "running") return `${items}${isCancelled ? "cancelling" : state}`;
  return `${items}${isCancelled && state === "done" ? "cancelled" : state} in ${toDuration(ended - time)}`;
}

/** @param {number} milliseconds */
function toDuration(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** @param {Entry} entry */
export function toSentence({ kind, type, id, text, isOut }) {
  if (kind === "connection") return text;
  return `${isOut ? "Sent" : "Received"} ${kind === "sent" ? "" : `${kind} `}${type}${id === "" ? "" : ` ${id}`}`;
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS, or without the permission: the older way.
    const area = el("textarea", { class: "hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    byId("copy").focus();
  }
  byId("copy").textContent = "Copied";
  setTimeout(() => (byId("copy").textContent = "Copy"), 1500);
}
