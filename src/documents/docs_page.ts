/**
 * The documentation page of a service, as a listener serves it.
 *
 * @module
 */

import type { AsyncApiDocument } from "../asyncapi/document.ts";
import type { UpgradeContext } from "../upgrade_request.ts";
import { checkMethod, locate, type ServedDocument, toBase64, toPlace } from "./served.ts";

/** Loads the room `page`, which is needed only where a page is served. */
export type LoadPage = () => Promise<{
  toPage(document: AsyncApiDocument, options: { socketPath: string; nonce: string }): string;
}>;

/** Serves a page that may load nothing, run nothing but its own script, and connect to nothing but its own host. */
export class DocsPage implements ServedDocument {
  readonly path: string;
  readonly #socketPath: string;
  readonly #document: AsyncApiDocument;
  readonly #hops: number;
  readonly #loadPage: LoadPage;

  /** Takes the paths of the page and of the service. */
  constructor(path: string, socketPath: string, document: AsyncApiDocument, hops: number, loadPage: LoadPage) {
    this.path = path;
    this.#socketPath = socketPath;
    this.#document = document;
    this.#hops = hops;
    this.#loadPage = loadPage;
  }

  /** Answers a request. */
  async answer({ req: { raw } }: UpgradeContext): Promise<Response> {
    const refused = checkMethod(raw);
    if (refused !== undefined) return refused;
    const place = toPlace(raw, this.path, this.#hops);
    const nonce = toBase64(crypto.getRandomValues(new Uint8Array(16)));
    const { toPage } = await this.#loadPage();
    const socketPath = place.prefix + this.#socketPath;
    const headers = {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": toPolicy(nonce, place.host),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    };
    return new Response(toPage(locate(this.#document, place), { socketPath, nonce }), { headers });
  }
}

function toPolicy(nonce: string, host: string): string {
  // Some browsers do not count WebSockets to 'self'. A policy cannot name an address of IPv6.
  const sockets = /^[a-z\d.-]+(?::\d+)?$/i.test(host) ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}
