/**
 * Where the credential of a request stands (RFC 9110, section 11.4; RFC 6750, section 2).
 *
 * @module
 */

import { isToken, type ReadHeader } from "./http.ts";
import { checkNames } from "./options.ts";
import type { UpgradeRequest } from "./upgrade_request.ts";

/**
 * A place where a credential may stand. What does not come in the header counts as `Bearer`.
 *
 * `{ subProtocol: "bearer" }` is for browsers, which cannot set headers: the client offers `bearer, TOKEN, chat.v1`, and only a name that the
 * service lists is ever echoed.
 */
export type CredentialSource =
  | "header"
  | { readonly cookie: string }
  | { readonly subProtocol: string }
  | { readonly query: string };

/** What a client has sent to prove who it is. */
export interface Credential {
  /** In lower case. */
  readonly scheme: string;
  readonly value: string;
}

/** Says that there is a credential, which cannot be read. */
export const MALFORMED = "malformed";

const HEADER: readonly CredentialSource[] = ["header"];

/**
 * Checks the option `credentials`.
 *
 * @throws {TypeError} If a source is unknown or its name is wrong
 */
export function toCredentialSources(sources: readonly CredentialSource[] | undefined): readonly CredentialSource[] {
  if (sources === undefined) return HEADER;
  if (!Array.isArray(sources) || sources.length === 0) {
    throw new TypeError("Option credentials must be a list of at least one source");
  }
  for (const source of sources) checkSource(source);
  return [...sources];
}

/** Finds the credential in the first source that has one; `undefined` if none has. */
export function findCredential(
  sources: readonly CredentialSource[],
  request: UpgradeRequest,
  header: ReadHeader,
): Credential | typeof MALFORMED | undefined {
  for (const source of sources) {
    const found =
      source === "header" ? readAuthorization(header("authorization")) : readElsewhere(source, request, header);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Takes out of the offered subprotocols what carries a credential. */
export function withoutCredentials(
  sources: readonly CredentialSource[],
  offered: readonly string[],
): readonly string[] {
  let left = offered;
  for (const source of sources) {
    if (source === "header" || !("subProtocol" in source)) continue;
    const at = left.indexOf(source.subProtocol);
    if (at !== -1) left = [...left.slice(0, at), ...left.slice(at + 2)];
  }
  return left;
}

function checkSource(source: unknown): void {
  if (source === "header") return;
  const wrong = new TypeError(
    `Option credentials has ${JSON.stringify(source)}: must be "header", { cookie }, { subProtocol } or { query }`,
  );
  if (typeof source !== "object" || source === null) throw wrong;
  checkNames("credentials", source, new Set(["cookie", "subProtocol", "query"]));
  const [[kind, name] = [], ...more] = Object.entries(source);
  if (typeof name !== "string" || name === "" || more.length > 0) throw wrong;
  if (kind !== "query" && !isToken(name)) throw wrong;
}

// A header that came twice is joined with a comma, which no credential holds.
function readAuthorization(value: string | null): Credential | typeof MALFORMED | undefined {
  if (value === null) return undefined;
  const space = value.indexOf(" ");
  const scheme = (space === -1 ? value : value.slice(0, space)).toLowerCase();
  if (scheme !== "basic" && scheme !== "bearer") return isToken(scheme) ? { scheme, value: "" } : MALFORMED;
  const credential = value.slice(space + 1);
  return space !== -1 && isToken68(credential) ? { scheme, value: credential } : MALFORMED;
}

function readElsewhere(
  source: Exclude<CredentialSource, "header">,
  request: UpgradeRequest,
  header: ReadHeader,
): Credential | typeof MALFORMED | undefined {
  if ("cookie" in source) return toBearer(request.cookies.get(source.cookie));
  if ("query" in source) {
    const [value, ...more] = request.url.searchParams.getAll(source.query);
    return more.length > 0 ? MALFORMED : toBearer(value);
  }
  const offered = (header("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  const at = offered.indexOf(source.subProtocol);
  if (at === -1) return undefined;
  return toBearer(offered[at + 1]) ?? MALFORMED;
}

function toBearer(value: string | undefined): Credential | typeof MALFORMED | undefined {
  if (value === undefined || value === "") return undefined;
  return /[\s,]/.test(value) ? MALFORMED : { scheme: "bearer", value };
}

/** Tells whether `text` is a token68 of RFC 9110, section 11.2. */
function isToken68(text: string): boolean {
  return /^[-._~+/0-9A-Za-z]+={0,8}$/.test(text);
}
