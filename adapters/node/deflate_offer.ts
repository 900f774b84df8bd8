/**
 * Which offer of permessage-deflate is accepted (RFC 7692, sections 5 and 7.1).
 *
 * `ws` answers 400 to the first offer that it does not like; the RFC has a server decline it and look at the next one.
 *
 * @module
 */

/** An offer that is accepted. */
export interface DeflateOffer {
  /** The offer with no more parameters than the answer takes up, as `ws` reads it. */
  readonly extension: string;
  /** The largest window that the client takes, as a power of two: 9 to 15. */
  readonly windowBits: number;
}

const FULL: DeflateOffer = { extension: "permessage-deflate", windowBits: 15 };

/**
 * Picks the first acceptable offer of a `Sec-WebSocket-Extensions`; `undefined` if there is none, and the connection goes without.
 *
 * What a client says of its own window and context is not taken up: its messages are read with the largest window, and none is kept.
 */
export function pickOffer(header: string | undefined): DeflateOffer | undefined {
  if (header === undefined) return undefined;
  if (header === "permessage-deflate" || header === "permessage-deflate; client_max_window_bits") return FULL;
  for (const offer of splitOutsideQuotes(header, ",")) {
    const [name, ...parameters] = splitOutsideQuotes(offer, ";");
    if (name?.trim() !== "permessage-deflate") continue;
    const accepted = accept(parameters);
    if (accepted !== undefined) return accepted;
  }
  return undefined;
}

function accept(parameters: readonly string[]): DeflateOffer | undefined {
  const seen = new Set<string>();
  let accepted = FULL;
  for (const parameter of parameters) {
    const [name, value] = toPair(parameter);
    if (seen.has(name) || !isValid(name, value)) return undefined;
    seen.add(name);
    if (name !== "server_max_window_bits") continue;
    // Deflate without a header cannot be told of a window of 256 bytes: zlib takes 512 for it, which the client could not read.
    if (value === "8") return undefined;
    accepted = { extension: `permessage-deflate; server_max_window_bits=${value}`, windowBits: Number(value) };
  }
  return accepted;
}

function isValid(name: string, value: string | undefined): boolean {
  switch (name) {
    case "server_no_context_takeover":
    case "client_no_context_takeover":
      return value === undefined;
    case "server_max_window_bits":
      return value !== undefined && isWindow(value);
    case "client_max_window_bits":
      return value === undefined || isWindow(value);
    default:
      return false;
  }
}

// Section 7.1.2: a decimal number from 8 to 15 without leading zeros.
function isWindow(value: string): boolean {
  return /^(?:[89]|1[0-5])$/.test(value);
}

function toPair(parameter: string): [name: string, value: string | undefined] {
  const at = parameter.indexOf("=");
  if (at === -1) return [parameter.trim(), undefined];
  const value = parameter.slice(at + 1).trim();
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return [parameter.slice(0, at).trim(), isQuoted ? value.slice(1, -1) : value];
}

// Another extension's value may hold a comma. One pass, for the peer writes the header.
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let begin = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === "\\" && isQuoted) i++;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(begin, i));
      begin = i + 1;
    }
  }
  parts.push(text.slice(begin));
  return parts;
}
