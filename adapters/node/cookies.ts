/**
 * Cookies that came in several lines.
 *
 * @module
 */

import process from "node:process";

/** What is read of an `IncomingMessage`. */
export interface Headed {
  readonly headers: { readonly cookie?: string | undefined };
  readonly rawHeaders: string[];
}

/**
 * Joins the lines of `Cookie` to one, with semicolons (RFC 9113, section 8.2.3). Only Deno needs it: its `Headers`, which are made of the lines, join
 * them with commas, as those of any other header, and the second cookie would be part of the first.
 */
export function joinCookies({ headers, rawHeaders }: Headed): void {
  if (process.versions.deno === undefined || headers.cookie?.includes(";") !== true) return;
  let first = -1;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== "cookie") continue;
    if (first === -1) {
      first = i;
      rawHeaders[i + 1] = headers.cookie;
      continue;
    }
    rawHeaders.splice(i, 2);
    i -= 2;
  }
}
