/**
 * The little of HTTP that the core reads.
 *
 * @module
 */

/** Reads a header by its lower-case name. */
export type ReadHeader = (name: string) => string | null;

/** Tells whether `text` is a token of RFC 9110, section 5.6.2. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

/** Tells whether `text` is a host, and perhaps a port, as `Host` has them (RFC 9110, section 7.2), of which an address can be made. */
export function isAuthority(text: string): boolean {
  if (text.length > 512 || !/^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text)) return false;
  return URL.canParse(`http://${text}`);
}

// A value in quotes is a token too, so that neither a comma nor a semicolon is in any.
const PARAMETER = /^[!#-'*+.^_`|~\w-]+(?:[ \t]*=[ \t]*(?:[!#-'*+.^_`|~\w-]+|"(?:\\?[!#-'*+.^_`|~\w-])+"))?$/;

/** Tells whether `text` is a list of extensions (RFC 6455, section 9.1) of a bearable length; elements that are empty count for nothing. */
export function isExtensionList(text: string): boolean {
  // What nearly every client sends, without the cost of a split.
  if (text === "permessage-deflate; client_max_window_bits" || text === "permessage-deflate") return true;
  if (text.length > 1024) return false;
  return text.split(",").every((element) => {
    const [name = "", ...parameters] = element.split(";").map((part) => part.trim());
    if (parameters.length === 0 && name === "") return true;
    return isToken(name) && parameters.every((parameter) => PARAMETER.test(parameter));
  });
}
