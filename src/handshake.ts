/**
 * The checks of an opening handshake (RFC 6455, section 4.2.1), each a function of the request.
 *
 * They run before the runtime's own upgrade, since Deno and Bun let much through that Node refuses.
 *
 * @module
 */

import { withoutCredentials } from "./credentials.ts";
import type { Host } from "./host.ts";
import { isAuthority, isExtensionList, isToken, type ReadHeader } from "./http.ts";
import { quote } from "./logger.ts";
import { toOrigin } from "./origin.ts";
import { refuse, SPEAK_WEBSOCKET } from "./refusal.ts";
import type { ServiceRules } from "./service_config.ts";

// A header of 64 KiB holds 13,000 names, which take some milliseconds.
const MOST_SUBPROTOCOLS = 100;

const OPEN_IT = "Open this address as a WebSocket";
const STRIPPED = "A proxy has taken the headers Upgrade and Connection away: let it pass them on";

/**
 * Checks the form of the request: method, tokens, version and key. Returns the refusal, if any.
 *
 * @param shared Takes a line about what the operator can mend, and remembers what was found good
 */
export function checkForm(
  method: string,
  header: ReadHeader,
  shared?: Pick<Host, "infoOnce" | "authority">,
): Response | undefined {
  if (method !== "GET") return refuse(405, "Open a WebSocket with GET", { allow: "GET" });
  const upgrade = header("upgrade");
  if (upgrade === null) return needsUpgrade(header, shared);
  if (upgrade.toLowerCase() !== "websocket") {
    return refuse(426, `Upgrade to websocket, not to ${quote(upgrade)}`, SPEAK_WEBSOCKET);
  }
  if (!hasUpgradeToken(header("connection"))) return refuse(400, 'Send "Connection: Upgrade" with the upgrade');
  const version = header("sec-websocket-version");
  if (version !== "13") return refuse(426, "Speak version 13 of the WebSocket protocol", SPEAK_WEBSOCKET);
  const key = header("sec-websocket-key");
  if (key === null || !isKey(key)) return refuse(400, "Send one Sec-WebSocket-Key: 16 bytes in base64");
  // Deno makes the address of what Host holds: with a path in it, it is another than the request line's.
  const host = header("host");
  if (host !== null && host !== shared?.authority) {
    if (!isAuthority(host)) return refuse(400, "Send a Host of name and port");
    if (shared !== undefined) shared.authority = host;
  }
  if (hasBody(header)) return refuse(400, "Send no body with an upgrade");
  const extensions = header("sec-websocket-extensions");
  if (extensions !== null && !isExtensionList(extensions))
    return refuse(400, "Send Sec-WebSocket-Extensions as names and their parameters");
  return undefined;
}

/**
 * Checks `Origin` (R25). Returns the refusal, if any.
 *
 * @param authority The host and port that were asked for. @default what `Host` says
 */
export function checkOrigin(
  origins: ServiceRules["origins"],
  header: ReadHeader,
  authority?: string,
): Response | undefined {
  if (origins === "*") return undefined;
  const origin = header("origin");
  if (origin === null) return undefined;
  const host = authority ?? header("host");
  const serialized = toOrigin(origin);
  const allowed = origins === "same-origin" ? isSameOrigin(serialized, host) : includes(origins, serialized);
  return allowed ? undefined : refuse(403, `The origin ${quote(origin)} may not connect`);
}

/**
 * Chooses the subprotocol (R24): the first that the client lists and the service speaks, "" for none. Returns the refusal of a malformed list.
 */
export function chooseSubProtocol(rules: ServiceRules, header: ReadHeader): string | Response {
  const list = header("sec-websocket-protocol");
  if (list === null) return "";
  const seen = new Set<string>();
  for (const item of list.split(",", MOST_SUBPROTOCOLS + 1)) {
    const name = item.trim();
    if (!isToken(name) || seen.has(name) || seen.size === MOST_SUBPROTOCOLS) {
      return refuse(400, `Send Sec-WebSocket-Protocol as at most ${MOST_SUBPROTOCOLS} distinct tokens`);
    }
    seen.add(name);
  }
  const offered = withoutCredentials(rules.credentials, [...seen]);
  return offered.find((name) => rules.subProtocols.has(name)) ?? "";
}

/** Makes the refusal of a list without a common name, with `requireSubProtocol`. */
export function needsSubProtocol(rules: ServiceRules): Response {
  return refuse(400, `Offer one of the subprotocols ${[...rules.subProtocols].join(", ")}`);
}

function needsUpgrade(header: ReadHeader, log: Pick<Host, "infoOnce"> | undefined): Response {
  // It was an upgrade once: a proxy that is not told otherwise passes on all but the headers of the hop.
  const isStripped = header("sec-websocket-key") !== null;
  if (isStripped) log?.infoOnce("Refused a handshake with 426: a proxy has taken Upgrade away");
  return refuse(426, isStripped ? STRIPPED : OPEN_IT, SPEAK_WEBSOCKET);
}

function hasUpgradeToken(connection: string | null): boolean {
  if (connection === null) return false;
  // What nearly every client sends, without the cost of a split.
  if (connection === "Upgrade") return true;
  return connection.split(",").some((token) => token.trim().toLowerCase() === "upgrade");
}

// 16 bytes are 22 digits and two fillers; of the last digit only the upper two bits are used.
function isKey(key: string): boolean {
  return /^[+/0-9A-Za-z]{21}[AQgw]==$/.test(key);
}

function hasBody(header: ReadHeader): boolean {
  const length = header("content-length");
  return (length !== null && length !== "0") || header("transfer-encoding") !== null;
}

function includes(origins: readonly string[], origin: string | undefined): boolean {
  return origin !== undefined && origins.includes(origin);
}

// Host and port must be equal, a default port being equal to none, whatever the scheme: a proxy may have ended TLS.
function isSameOrigin(origin: string | undefined, host: string | null): boolean {
  if (origin === undefined || origin === "null" || host === null) return false;
  const own = toOrigin(`http://${host}`);
  return own !== undefined && authority(own) === authority(origin);
}

function authority(origin: string): string {
  return origin.slice(origin.indexOf("//") + 2).replace(/:(?:80|443)$/, "");
}
