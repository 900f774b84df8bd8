// Puts the page together.

import { Connector } from "./connect.js";
import { byId, el } from "./dom.js";
import { parse } from "./json.js";
import { Line } from "./line.js";
import { Log } from "./log.js";
import { toModel } from "./model.js";
import { toOverview, toTopicView } from "./view.js";

/** @typedef {import("./model.js").Topic} Topic */
/** @typedef {import("./send.js").Sender} Sender */

const MANY = 12; // messages, more than which are searched

const given = parse(byId("document").textContent ?? "");
const { document: asyncApi, socketPath } =
  /** @type {{ document: import("./model.js").AsyncApiDocument, socketPath: string }} */ (
    given.problem === undefined ? given.value : {}
  );
const model = toModel(asyncApi, socketPath);
/** @type {Map<string, { element: HTMLElement, sender: Sender | undefined }>} */
const views = new Map([["overview", { element: toOverview(model), sender: undefined }]]);
const topics = new Map([...model.messages, ...model.pushes].map((topic) => [topic.anchor, topic]));
/** @type {Map<string, HTMLAnchorElement>} */
const links = new Map();
let current = "overview";

/** @type {Log} */
let log;
const line = new Line(model, {
  state() {
    connector.refresh();
    for (const { sender } of views.values()) sender?.refresh();
  },
  entry: (entry) => log.add(entry),
  change: (request) => log.change(request),
});
log = new Log(model, (request) => line.cancel(request));
const connector = new Connector(model, line);

byId("title").textContent = model.title;
byId("version").textContent = model.version;
fillNav();
show("overview");
show(location.hash.slice(1));
addEventListener("hashchange", () => show(location.hash.slice(1)));
watchKeys();
watchTheme();
watchLog();

/** @param {string} anchor */
function show(anchor) {
  const found = topics.get(anchor);
  if (found === undefined && anchor !== "overview" && anchor !== "") return;
  current = found === undefined ? "overview" : anchor;
  let view = views.get(current);
  if (view === undefined && found !== undefined) {
    view = toTopicView(found, line, () => connector.connect());
    views.set(current, view);
  }
  if (view !== undefined) byId("main").replaceChildren(view.element);
  view?.sender?.refresh();
  byId("main").scrollTop = 0;
  scrollTo(0, 0);
  for (const [name, link] of links) {
    link.tabIndex = name === current ? 0 : -1;
    if (name === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  links.get(current)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.title = found === undefined ? model.title : `${found.type} · ${model.title}`;
}

function fillNav() {
  const nav = byId("nav");
  if (topics.size > MANY) nav.append(toFinder());
  nav.append(el("ul", {}, el("li", {}, toLink("overview", "Overview", "", ""))));
  for (const [title, list] of /** @type {const} */ ([
    ["Messages", model.messages],
    ["Pushes", model.pushes],
  ])) {
    if (list.length === 0) continue;
    nav.append(
      el("h2", {}, title),
      el("ul", { "aria-label": title }, ...list.map((topic) => el("li", {}, toTopicLink(topic)))),
    );
  }
}

/** Makes a field that leaves in the list what has its text. */
function toFinder() {
  const finder = el("input", {
    type: "search",
    placeholder: "Find",
    "aria-label": "Find a message",
    autocomplete: "off",
  });
  finder.addEventListener("input", () => {
    const text = finder.value.trim().toLowerCase();
    for (const link of links.values()) {
      const item = link.closest("li");
      if (item !== null) item.hidden = !link.textContent.toLowerCase().includes(text);
    }
  });
  return finder;
}

/** @param {Topic} topic */
function toTopicLink({ anchor, type, isPush, isStream, reply }) {
  const [sign, title] = isPush
    ? ["↓", "a push"]
    : isStream
      ? ["⇊", "a stream of replies"]
      : reply === undefined
        ? ["↑", "no reply"]
        : ["⇅", "one reply"];
  return toLink(anchor, type, sign, title);
}

/**
 * @param {string} anchor
 * @param {string} text
 * @param {string} sign
 * @param {string} title
 */
function toLink(anchor, text, sign, title) {
  const link = el(
    "a",
    { href: `#${anchor}`, title: title === "" ? undefined : `${text}: ${title}` },
    el("span", { class: "type-name" }, text),
    sign !== "" && el("span", { class: "sign", "aria-label": title, role: "img" }, sign),
  );
  link.addEventListener("click", (event) => {
    // By the keyboard: on to the form.
    if (event.detail === 0) queueMicrotask(() => requestAnimationFrame(enter));
  });
  links.set(anchor, link);
  return link;
}

function enter() {
  const sender = views.get(current)?.sender;
  if (sender === undefined) byId("main").focus();
  else sender.focus();
}

function watchKeys() {
  byId("nav").addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement && event.key !== "ArrowDown") return;
    const names = [...links.keys()].filter((name) => !links.get(name)?.closest("[hidden]"));
    const at = names.indexOf(current);
    const next = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: names.length - 1,
    }[event.key];
    const name = next === undefined ? undefined : names[next];
    if (name === undefined) return;
    event.preventDefault();
    history.replaceState(null, "", `#${name}`);
    show(name);
    links.get(name)?.focus();
  });
  byId("main").addEventListener("keydown", (event) => {
    if (event.key === "Escape") links.get(current)?.focus();
  });
  for (const [id, target] of [
    ["skip", "main"],
    ["skip-log", "filter"],
  ]) {
    byId(String(id)).addEventListener("click", (event) => {
      event.preventDefault();
      byId(String(target)).focus();
    });
  }
}

function watchTheme() {
  const root = document.documentElement;
  const button = byId("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const refresh = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    refresh();
    try {
      localStorage.setItem("switchboard-theme", root.dataset.theme);
    } catch {} // storage may be off
  });
  dark.addEventListener("change", refresh);
  try {
    const kept = localStorage.getItem("switchboard-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch {}
  refresh();
}

/** On a narrow screen the log is below: a button leads there, unless it is to be seen. */
function watchLog() {
  const jump = byId("jump");
  jump.addEventListener("click", () => byId("console").scrollIntoView());
  new IntersectionObserver(([entry]) => (jump.hidden = entry?.isIntersecting ?? false)).observe(byId("console"));
}
