/**
 * The services that are attached to a listener, by their paths.
 *
 * @module
 */

import type { LoadPage } from "./documents/docs_page.ts";
import { toDocuments } from "./documents/documents.ts";
import { type DocumentOptions, splitOptions } from "./documents/options.ts";
import type { ServedDocument } from "./documents/served.ts";
import { ListenerError } from "./errors.ts";
import { quote } from "./logger.ts";
import type { ServiceRules, UpgradeConfig } from "./service_config.ts";
import { isUpgradeService, rulesOf, toUpgradeService, type UpgradeHandler, type UpgradeService } from "./upgrade.ts";

/** A service on a path. */
export interface Attached {
  /** The path, as Hono takes it. */
  readonly path: string;
  /** What answers there. */
  readonly service: UpgradeService;
  /** What is served beside it. */
  readonly documents: readonly ServedDocument[];
  /** What was given to `attach`, by which it is detached. */
  readonly key: unknown;
  /** Whether it still answers. */
  active: boolean;
}

/** The services of one listener. */
export class AttachedServices {
  readonly #byPattern: Map<string, Attached> = new Map();
  readonly #hops: number;
  readonly #loadPage: LoadPage;
  readonly #siblings: Set<AttachedServices>;

  /**
   * Takes the number of proxies that are believed, and what loads the page of a contract.
   *
   * @param siblings Those of all listeners with the same app, whose paths are the same; these are added
   */
  constructor(hops: number, loadPage: LoadPage, siblings: Set<AttachedServices> = new Set()) {
    this.#hops = hops;
    this.#loadPage = loadPage;
    this.#siblings = siblings.add(this);
  }

  /** All of them. */
  [Symbol.iterator](): IterableIterator<Attached> {
    return this.#byPattern.values();
  }

  /** Their options. */
  *rules(): Generator<ServiceRules> {
    for (const { service } of this) yield rulesOf(service);
  }

  /**
   * Makes what is to be attached; {@link add} attaches it.
   *
   * @throws {ListenerError} If there is a service or a document on that path, or on that of a document, already
   * @throws {TypeError} If the path does not begin with a slash, or an option is wrong
   */
  prepare(
    path: string,
    answer: UpgradeHandler<string> | UpgradeService,
    options?: UpgradeConfig & DocumentOptions,
  ): Attached {
    if (typeof path !== "string" || !path.startsWith("/")) {
      throw new TypeError(`Cannot attach at ${quote(String(path))}: a path begins with a slash`);
    }
    if (/[?#]/.test(withoutParams(path))) {
      throw new TypeError(
        `Cannot attach at ${quote(path)}: a path has no query and no fragment, so nothing would match it`,
      );
    }
    if (typeof answer !== "function") {
      throw new TypeError(
        `Cannot attach at "${path}": must be a handler, such as () => service, or an upgrade service`,
      );
    }
    const { config, documents } = splitOptions(options);
    if (isUpgradeService(answer) && config !== undefined) {
      throw new TypeError(`Cannot attach at "${path}" with options: give them to upgrade(config, handler)`);
    }
    this.#checkFree(path, path);
    const service = isUpgradeService(answer) ? answer : toUpgradeService(config ?? {}, answer);
    const served =
      documents === undefined ? [] : toDocuments(path, rulesOf(service), documents, this.#hops, this.#loadPage);
    const own = new Set([toPattern(path)]);
    for (const document of served) {
      if (own.has(document.path)) {
        throw new ListenerError(`Cannot attach at "${path}": two things would be served at "${document.path}"`);
      }
      own.add(document.path);
      this.#checkFree(document.path, path);
    }
    return { path, service, documents: served, key: answer, active: true };
  }

  /** Adds what {@link prepare} made. */
  add(attached: Attached): void {
    this.#byPattern.set(toPattern(attached.path), attached);
  }

  /**
   * Takes a service away, from every path; by itself, by its handler, or by its path.
   *
   * @throws {ListenerError} If it is not attached
   */
  remove(service: unknown): void {
    const at = typeof service === "string" ? toPattern(service) : undefined;
    const found = [...this.#byPattern].filter(([pattern, { key }]) => key === service || pattern === at);
    if (found.length === 0) {
      throw new ListenerError(
        typeof service === "string"
          ? `Cannot detach ${quote(service)}: no service is attached there`
          : "Cannot detach: the service is not attached",
      );
    }
    for (const [pattern, attached] of found) {
      attached.active = false;
      this.#byPattern.delete(pattern);
    }
  }

  #checkFree(path: string, attached: string): void {
    const pattern = toPattern(path);
    const what = path === attached ? "" : `, with a document at "${path}"`;
    const others = [...this.#siblings];
    if (others.some((services) => services.#byPattern.has(pattern))) {
      throw new ListenerError(`Cannot attach at "${attached}"${what}: a service is attached there`);
    }
    for (const { documents } of others.flatMap((services) => [...services])) {
      if (!documents.some((document) => document.path === pattern)) continue;
      throw new ListenerError(`Cannot attach at "${attached}"${what}: a document is served there`);
    }
  }
}

// The pattern of a parameter may hold anything, and the mark behind one says that it may be left out.
function withoutParams(path: string): string {
  const bare = path.replace(/\{[^{}]*\}/g, "");
  return bare === path ? path.replace(/:[^/?#]+\?(?=\/|$)/g, "") : withoutParams(bare);
}

// Two paths that differ by the names of their parameters are one.
function toPattern(path: string): string {
  return path.replace(/:[^/{?]+/g, ":");
}
