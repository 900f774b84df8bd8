/**
 * The AsyncAPI document of a service, as a listener serves it.
 *
 * @module
 */

import type { AsyncApiDocument } from "../asyncapi/document.ts";
import type { UpgradeContext } from "../upgrade_request.ts";
import { checkMethod, locate, type Place, type ServedDocument, toBase64, toPlace } from "./served.ts";

/** Serves a document as JSON, with an entity tag so that clients can keep it. */
export class AsyncApiFile implements ServedDocument {
  readonly path: string;
  readonly #document: AsyncApiDocument;
  readonly #hops: number;
  // Of the host that asked last.
  #last: { readonly key: string; readonly text: string; readonly tag: string } | undefined;

  /** Takes the path of the document. */
  constructor(path: string, document: AsyncApiDocument, hops: number) {
    this.path = path;
    this.#document = document;
    this.#hops = hops;
  }

  /** Answers a request. */
  async answer({ req: { raw } }: UpgradeContext): Promise<Response> {
    const refused = checkMethod(raw);
    if (refused !== undefined) return refused;
    const { text, tag } = await this.#write(toPlace(raw, this.path, this.#hops));
    const headers = { etag: tag, "cache-control": "no-cache", "x-content-type-options": "nosniff" };
    if (isKnown(raw.headers.get("if-none-match"), tag)) return new Response(null, { status: 304, headers });
    return new Response(text, { headers: { ...headers, "content-type": "application/json" } });
  }

  async #write(place: Place): Promise<{ readonly text: string; readonly tag: string }> {
    const key = JSON.stringify(place);
    if (this.#last?.key === key) return this.#last;
    const text = JSON.stringify(locate(this.#document, place), null, 2);
    this.#last = { key, text, tag: await toTag(text) };
    return this.#last;
  }
}

async function toTag(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `"${toBase64(new Uint8Array(digest).subarray(0, 18))}"`;
}

// A list of tags, compared weakly (RFC 9110, section 13.1.2).
function isKnown(list: string | null, tag: string): boolean {
  if (list === null) return false;
  return list.split(",").some((entry) => entry.trim() === "*" || entry.trim().replace(/^W\//, "") === tag);
}
