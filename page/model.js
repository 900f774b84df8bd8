// What the page shows of an AsyncAPI document.

import { resolve, Scope } from "./schema.js";

/** @typedef {import("../src/asyncapi/document.ts").AsyncApiDocument} AsyncApiDocument */
/** @typedef {import("../src/asyncapi/document.ts").AsyncApiOperation} AsyncApiOperation */

/**
 * @typedef {object} Topic A message that callers send, or a push.
 * @property {string} type
 * @property {string} anchor what stands in the address of the page
 * @property {boolean} isPush
 * @property {boolean} isStream
 * @property {unknown} payload
 * @property {unknown} reply `undefined` where nothing comes but complete
 * @property {string} description
 */

/** @typedef {{ kind: "header" | "cookie" | "query" | "subprotocol", name: string }} Place */

/**
 * @typedef {object} Model
 * @property {string} title
 * @property {string} version
 * @property {string} description
 * @property {string} key
 * @property {string | undefined} idKey
 * @property {{ complete: string, error: string, cancel: string }} reserved
 * @property {Topic[]} messages
 * @property {Topic[]} pushes
 * @property {Record<string, import("../src/asyncapi/document.ts").AsyncApiParameter>} parameters
 * @property {unknown} query
 * @property {Place[]} places where the service looks for a credential
 * @property {string} socketPath
 * @property {Scope} scope
 */

/**
 * Reads a document.
 *
 * @param {AsyncApiDocument} document
 * @param {string} socketPath
 * @returns {Model}
 */
export function toModel(document, socketPath) {
  const [channel] = Object.values(document.channels);
  const scope = new Scope(document);
  const topics = Object.values(document.operations)
    .filter((operation) => operation["x-payload"] !== undefined)
    .map((operation) => toTopic(operation, scope));
  return {
    title: document.info.title,
    version: document.info.version,
    description: document.info.description ?? "",
    key: document["x-dispatcherKey"],
    idKey: document["x-dispatcherStreamId"],
    reserved: document["x-reserved"],
    messages: topics.filter(({ isPush }) => !isPush),
    pushes: topics.filter(({ isPush }) => isPush),
    parameters: { ...channel?.parameters },
    query: channel?.bindings?.ws?.query,
    places: toPlaces(Object.entries(document.components?.securitySchemes ?? {})),
    socketPath,
    scope,
  };
}

/**
 * @param {[string, import("../src/asyncapi/document.ts").SecurityScheme][]} schemes
 * @returns {Place[]}
 */
function toPlaces(schemes) {
  return schemes.map(([key, { type, scheme = "", name = "", in: place, description = "" }]) => {
    if (type === "httpApiKey") return { kind: place === "cookie" ? "cookie" : "query", name };
    if (!key.startsWith("subprotocol.")) return { kind: "header", name: scheme };
    return { kind: "subprotocol", name: /"(.+)"/.exec(description)?.[1] ?? key.slice("subprotocol.".length) };
  });
}

/**
 * @param {AsyncApiOperation} operation
 * @param {Scope} scope
 * @returns {Topic}
 */
function toTopic(operation, scope) {
  const isPush = operation.action === "send";
  const { description } = resolve(operation["x-payload"], scope);
  return {
    type: operation["x-type"],
    anchor: `${isPush ? "push" : "message"}-${encodeURIComponent(operation["x-type"].toWellFormed())}`,
    isPush,
    isStream: operation["x-response-type"] === "server-streaming",
    payload: operation["x-payload"],
    reply: operation["x-reply"],
    description: typeof description === "string" ? description : "",
  };
}

/**
 * Lists the parameters of a path, as Hono or AsyncAPI writes them, and makes a path of their values.
 *
 * @param {string} path
 * @returns {{ names: string[], fill: (values: Map<string, string>) => string }}
 */
export function toTemplate(path) {
  /** @type {string[]} */
  const names = [];
  const parts = path.split("/").map((part) => {
    const name = /^:([^{?]+)/.exec(part)?.[1] ?? /^\{([^}]+)\}$/.exec(part)?.[1];
    if (name !== undefined) names.push(name);
    return { part, name };
  });
  return {
    names,
    fill: (values) =>
      parts.map(({ part, name }) => (name === undefined ? part : encodeURIComponent(values.get(name) ?? ""))).join("/"),
  };
}
