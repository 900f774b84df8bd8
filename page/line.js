// The connection, and what belongs together on it.

import { isObject, own, parse, write } from "./json.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Topic} Topic */
/** @typedef {"request" | "sent" | "item" | "reply" | "complete" | "error" | "push" | "message" | "connection"} Kind */

/**
 * @typedef {object} Entry One line of the log.
 * @property {Kind} kind
 * @property {number} time milliseconds since the epoch
 * @property {boolean} isOut
 * @property {string} type
 * @property {string} id
 * @property {string} text the frame, or what there is to say of the connection
 * @property {Request} [parent] what it answers
 * @property {boolean} [isBad] whether the connection was lost, or could not be made
 */

/**
 * @typedef {object} Answers
 * @property {"waiting" | "running" | "done" | "failed" | "lost"} state
 * @property {boolean} isStream
 * @property {boolean} isCancelled
 * @property {number} count items that have come, kept or not
 * @property {number} ended milliseconds since the epoch
 * @property {Entry[]} items what is kept
 * @property {unknown} [from] what sent it
 * @property {(issues: Issue[], message: string) => void} [onIssues]
 */

/** @typedef {Entry & Answers} Request */
/** @typedef {{ path: string, message: string }} Issue */
/** @typedef {"closed" | "connecting" | "open" | "closing"} State */

/** What close codes mean (RFC 6455, section 7.4.1, and the registry of IANA). */
const MEANINGS = new Map([
  [1000, "normal closure"],
  [1001, "going away: the service stops, or the page is left"],
  [1002, "protocol error"],
  [1003, "unsupported data: the message could not be read"],
  [1005, "closed without a code"],
  [1006, "lost without a close frame"],
  [1007, "invalid payload: the message does not fit"],
  [1008, "policy violation"],
  [1009, "message too big"],
  [1010, "an extension is missing"],
  [1011, "internal error of the service"],
  [1012, "the service restarts"],
  [1013, "try again later"],
  [1014, "bad gateway"],
  [1015, "TLS failed"],
  [4401, "the token has expired"],
]);

/**
 * Says what a close code means.
 *
 * @param {number} code
 */
export function toMeaning(code) {
  return (
    MEANINGS.get(code) ?? (code >= 4000 ? "a code of the application" : code >= 3000 ? "a registered code" : "unknown")
  );
}

/** One connection at a time, and the requests on it. */
export class Line {
  /** @type {State} */
  state = "closed";
  /** Whether there was a connection before. */
  wasOpen = false;
  received = 0;
  /** @type {WebSocket | undefined} */
  #socket;
  #lastId = 0;
  /** @type {Map<string, Request>} */
  #running = new Map();

  /**
   * @param {Model} model
   * @param {{ state: () => void, entry: (entry: Entry) => void, change: (request: Request) => void }} told
   */
  constructor(model, told) {
    this.model = model;
    this.told = told;
    this.pushes = new Set(model.pushes.map(({ type }) => type));
  }

  /** The id that the next request gets: never one that was used on this connection. */
  get nextId() {
    return String(this.#lastId + 1);
  }

  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  connect(url, protocols) {
    this.#to("connecting");
    const shown = url.replace(/\?.*/, "?…");
    try {
      this.#socket = new WebSocket(url, protocols);
    } catch (error) {
      this.#say(`Cannot connect to ${shown}: ${error instanceof Error ? error.message : error}`, true);
      return this.#to("closed");
    }
    const socket = this.#socket;
    socket.binaryType = "arraybuffer";
    let isOpen = false;
    socket.addEventListener("open", () => {
      isOpen = true;
      this.wasOpen = true;
      this.#lastId = 0;
      this.#say(`Connected to ${shown}${socket.protocol === "" ? "" : `, subprotocol ${socket.protocol}`}`);
      this.#to("open");
    });
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code, reason }) => {
      for (const request of [...this.#running.values()]) this.#end(request, "lost");
      const why = `${code} (${toMeaning(code)})${reason === "" ? "" : `: ${reason}`}`;
      this.#say(
        isOpen ? `Closed with ${why}` : `Cannot connect to ${shown}: refused or not reached (${code})`,
        !isOpen || code !== 1000,
      );
      this.#to("closed");
    });
  }

  close() {
    if (this.state === "open") this.#to("closing");
    this.#socket?.close(1000);
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} payload
   * @param {string} [id]
   */
  toFrame(type, payload, id) {
    const { key, idKey } = this.model;
    const head = [[key, type], ...(id === undefined || idKey === undefined ? [] : [[idKey, id]])];
    return JSON.stringify(
      Object.fromEntries([
        ...head,
        ...Object.entries(payload).filter(([name]) => name !== key && (name !== idKey || id === undefined)),
      ]),
    );
  }

  /**
   * Sends a message, with an id if it wants to know what becomes of it.
   *
   * @param {Topic} topic
   * @param {Record<string, unknown>} payload
   * @param {boolean} hasId
   * @param {(issues: Issue[], message: string) => void} [onIssues]
   */
  send(topic, payload, hasId, onIssues) {
    if (this.#socket === undefined || this.state !== "open") return;
    const id = hasId && this.model.idKey !== undefined ? this.nextId : undefined;
    if (id !== undefined) this.#lastId += 1;
    const text = this.toFrame(topic.type, payload, id);
    const entry = toEntry(id === undefined ? "sent" : "request", true, topic.type, id ?? "", text);
    if (id === undefined) {
      this.told.entry(entry);
    } else {
      /** @type {Request} */
      const request = Object.assign(entry, {
        state: /** @type {const} */ ("waiting"),
        isStream: topic.isStream,
        isCancelled: false,
        count: 0,
        ended: 0,
        items: [],
        ...(onIssues && { onIssues }),
      });
      this.#running.set(id, request);
      this.told.entry(request);
    }
    this.#socket.send(text);
  }

  /**
   * Says that no more items are wanted.
   *
   * @param {Request} request
   */
  cancel(request) {
    if (this.#running.get(request.id) !== request || request.isCancelled) return;
    request.isCancelled = true;
    const text = this.toFrame(this.model.reserved.cancel, {}, request.id);
    this.#socket?.send(text);
    this.told.entry({ ...toEntry("sent", true, this.model.reserved.cancel, request.id, text), parent: request });
    this.told.change(request);
  }

  /** @param {unknown} data */
  #receive(data) {
    this.received += 1;
    if (typeof data !== "string") {
      const size = data instanceof ArrayBuffer ? data.byteLength : 0;
      return this.told.entry(toEntry("message", false, "binary", "", `${size} bytes`));
    }
    const parsed = parse(data);
    const message = parsed.problem === undefined && isObject(parsed.value) ? parsed.value : {};
    const { key, idKey, reserved } = this.model;
    const name = own(message, key);
    const type = typeof name === "string" ? name : "";
    const id = idKey === undefined ? undefined : own(message, idKey);
    const request = typeof id === "string" ? this.#running.get(id) : undefined;
    const idText = id === undefined ? "" : typeof id === "string" ? id : (write(id) ?? "");
    if (request === undefined) {
      const kind = type === reserved.error ? "error" : this.pushes.has(type) ? "push" : "message";
      return this.told.entry(toEntry(kind, false, type, idText, data));
    }
    const kind =
      type === reserved.error ? "error" : type === reserved.complete ? "complete" : request.isStream ? "item" : "reply";
    const entry = { ...toEntry(kind, false, type, idText, data), parent: request };
    this.told.entry(entry);
    if (kind === "item") {
      request.count += 1;
      request.state = "running";
      this.told.change(request);
    } else {
      this.#end(request, kind === "error" ? "failed" : "done");
    }
    if (kind === "error")
      request.onIssues?.(toIssues(message.issues), `${message.message ?? message.code ?? "Refused"}`);
  }

  /**
   * @param {Request} request
   * @param {"done" | "failed" | "lost"} state
   */
  #end(request, state) {
    request.state = state;
    request.ended = Date.now();
    this.#running.delete(request.id);
    this.told.change(request);
  }

  /**
   * @param {string} text
   * @param {boolean} [isBad]
   */
  #say(text, isBad = false) {
    this.told.entry({ ...toEntry("connection", false, "", "", text), isBad });
  }

  /** @param {State} state */
  #to(state) {
    this.state = state;
    this.told.state();
  }
}

/**
 * @param {Kind} kind
 * @param {boolean} isOut
 * @param {string} type
 * @param {string} id
 * @param {string} text
 * @returns {Entry}
 */
function toEntry(kind, isOut, type, id, text) {
  return { kind, time: Date.now(), isOut, type, id, text };
}

/**
 * @param {unknown} value
 * @returns {Issue[]}
 */
function toIssues(value) {
  return (Array.isArray(value) ? value : [])
    .filter(isObject)
    .map(({ path, message }) => ({ path: String(path ?? ""), message: String(message ?? "") }));
}
