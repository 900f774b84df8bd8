// The middle of the page: what there is to know of one message, or of all.

import { el } from "./dom.js";
import { toFields } from "./fields.js";
import { paint } from "./json.js";
import { resolve, toExample, toKind, toRecord, toTypeName } from "./schema.js";
import { Sender } from "./send.js";

/** @typedef {import("./line.js").Line} Line */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Topic} Topic */

/**
 * Makes the view of a message or a push.
 *
 * @param {Topic} topic
 * @param {Line} line
 * @param {() => void} connect
 * @returns {{ element: HTMLElement, sender: Sender | undefined }}
 */
export function toTopicView(topic, line, connect) {
  const { model } = line;
  const sender = topic.isPush ? undefined : new Sender(topic, line, connect);
  const head = el(
    "div",
    { class: "title" },
    el("h2", { id: `title-${topic.anchor}` }, topic.type),
    el("span", { class: "badge" }, topic.isPush ? "push" : "message"),
    el("span", { class: topic.isStream ? "badge strong" : "badge" }, toAnswer(topic)),
  );
  const what = topic.isPush ? "Comes unasked, with" : "Message";
  const pushed =
    topic.isPush && toSample("On the wire", [line.toFrame(topic.type, toSamplePayload(topic.payload, model))]);
  const element = el(
    "article",
    { "aria-labelledby": `title-${topic.anchor}` },
    head,
    topic.description !== "" && el("p", { class: "lead" }, topic.description),
    sender?.element,
    el("section", { class: "card" }, el("h3", {}, what), toFields(topic.payload, model.scope), pushed),
    toReply(topic, line),
  );
  return { element, sender };
}

/** @param {Topic} topic */
function toAnswer({ isPush, isStream, reply }) {
  if (isPush) return "from the service";
  return isStream ? "stream of replies" : reply === undefined ? "no reply" : "one reply";
}

/**
 * @param {Topic} topic
 * @param {Line} line
 */
function toReply({ isPush, isStream, reply, type }, line) {
  if (isPush) return undefined;
  const { model } = line;
  const { complete } = model.reserved;
  const id = model.idKey === undefined ? undefined : "1";
  const last = id === undefined ? [] : [line.toFrame(complete, {}, id)];
  if (reply === undefined) {
    const note =
      id === undefined
        ? "Nothing comes back."
        : `Nothing but ${complete}, where the message has the field ${model.idKey}.`;
    return el(
      "section",
      { class: "card" },
      el("h3", {}, "Reply"),
      el("p", { class: "quiet" }, note),
      toSample("On the wire", last),
    );
  }
  const frame = line.toFrame(type, toSamplePayload(reply, model), id);
  return el(
    "section",
    { class: "card" },
    el("h3", {}, isStream ? "Each item" : "Reply"),
    toFields(reply, model.scope),
    toSample("On the wire", isStream ? [frame, ...last] : [frame]),
  );
}

/**
 * @param {unknown} schema
 * @param {Model} model
 */
function toSamplePayload(schema, model) {
  const example = toExample(schema, model.scope);
  return typeof example === "object" && example !== null && !Array.isArray(example)
    ? { .../** @type {Record<string, unknown>} */ (example) }
    : { data: example };
}

/**
 * @param {string} title
 * @param {string[]} frames
 */
function toSample(title, frames) {
  if (frames.length === 0) return undefined;
  const blocks = frames.map((frame) => {
    const block = el("pre", { class: "json frame" });
    paint(block, frame);
    return block;
  });
  return el("details", { class: "sample" }, el("summary", {}, title), ...blocks);
}

/**
 * Makes the view of the whole contract.
 *
 * @param {Model} model
 * @returns {HTMLElement}
 */
export function toOverview(model) {
  const { complete, error, cancel } = model.reserved;
  const code = (/** @type {string} */ text) => el("code", {}, text);
  const facts = [
    ["Address", code(model.socketPath)],
    ["Type", el("span", {}, "field ", code(model.key))],
    [
      "Correlation",
      model.idKey === undefined
        ? "none"
        : el("span", {}, "field ", code(model.idKey), ", a string or an integer, echoed in each reply"),
    ],
    ["Last frame", el("span", {}, code(complete), " or ", code(error))],
    ["Cancel", el("span", {}, code(cancel), " with the id of a stream that runs")],
    ...(model.places.length > 0
      ? [["Credential", model.places.map(({ kind, name }) => `${kind} ${name}`).join(", ")]]
      : []),
  ];
  return el(
    "article",
    { "aria-labelledby": "title-overview" },
    el("div", { class: "title" }, el("h2", { id: "title-overview" }, "Overview")),
    model.description !== "" && el("p", { class: "lead" }, model.description),
    toIndex("Messages", model.messages, model),
    toIndex("Pushes", model.pushes, model),
    el(
      "section",
      { class: "card" },
      el("h3", {}, "On the wire"),
      el("p", { class: "quiet" }, "JSON text, one object a message."),
      el("dl", {}, ...facts.flatMap(([name, value]) => [el("dt", {}, String(name)), el("dd", {}, value)])),
    ),
  );
}

/**
 * @param {string} title
 * @param {Topic[]} topics
 * @param {Model} model
 */
function toIndex(title, topics, model) {
  if (topics.length === 0) return undefined;
  const rows = topics.map((topic) =>
    el(
      "li",
      {},
      el("a", { href: `#${topic.anchor}` }, topic.type),
      el("code", { class: "signature" }, toSignature(topic, model)),
      topic.description !== "" && el("p", {}, topic.description),
    ),
  );
  return el("section", { class: "card" }, el("h3", {}, title), el("ul", { class: "index" }, ...rows));
}

/**
 * @param {Topic} topic
 * @param {Model} model
 */
function toSignature({ payload, reply, isStream, isPush }, model) {
  const shape = toShape(payload, model);
  if (isPush) return shape;
  if (reply === undefined) return shape;
  return `${shape} → ${isStream ? "stream of " : ""}${toShape(reply, model)}`;
}

/**
 * @param {unknown} given
 * @param {Model} model
 */
function toShape(given, { scope }) {
  const schema = resolve(given, scope);
  if (toKind(schema) !== "object") return toTypeName(schema, scope);
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const names = Object.keys(toRecord(schema.properties)).map((name) => (required.has(name) ? name : `${name}?`));
  return names.length === 0 ? "{}" : `{ ${names.join(", ")} }`;
}
