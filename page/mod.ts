/**
 * The documentation page of a contract: one HTML text that holds all it needs, with a console to try the messages.
 *
 * @module
 */

import type { AsyncApiDocument } from "../src/asyncapi/document.ts";
import { HTML, SCRIPT, STYLE } from "./assets.ts";

/** What the page needs besides the document. */
export interface PageOptions {
  /** The path of the service on the host that serves the page, its parameters as Hono (`:room`) or AsyncAPI (`{room}`) writes them. */
  readonly socketPath: string;
  /** The nonce of the answer's `Content-Security-Policy`: letters, digits, `+`, `/`, `-`, `_` and `=`. A new one for each answer. */
  readonly nonce: string;
}

/**
 * Makes the page of a document. Whatever the document says is put into it as text, never as HTML.
 *
 * The page needs `default-src 'none'; style-src 'nonce-…'; script-src 'nonce-…'; connect-src 'self'; img-src data:`, and loads nothing else.
 *
 * @throws {TypeError} If the nonce has other characters
 */
export function toPage(document: AsyncApiDocument, options: PageOptions): string {
  const { nonce, socketPath } = options;
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(nonce)) {
    throw new TypeError(`Option nonce is ${JSON.stringify(nonce)}: must be base64`);
  }
  const parts = new Map([
    ["title", toHtml(document.info.title)],
    ["nonce", nonce],
    ["style", STYLE],
    ["script", SCRIPT],
    // So that no text can end the element that it stands in.
    ["data", JSON.stringify({ document, socketPath }).replaceAll("<", "\\u003c")],
  ]);
  return HTML.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts.get(name) ?? "");
}

function toHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
