/**
 * What close codes are called.
 *
 * @module
 */

// RFC 6455, section 7.4.1, and the registry of IANA for 1012 to 1014.
const NAMES: ReadonlyMap<number, string> = new Map([
  [1000, "normal closure"],
  [1001, "going away"],
  [1002, "protocol error"],
  [1003, "unsupported data"],
  [1005, "no status received"],
  [1006, "abnormal closure"],
  [1007, "invalid frame payload data"],
  [1008, "policy violation"],
  [1009, "message too big"],
  [1010, "mandatory extension"],
  [1011, "internal error"],
  [1012, "service restart"],
  [1013, "try again later"],
  [1014, "bad gateway"],
  [1015, "TLS handshake"],
]);

/** Names a close code (RFC 6455, section 7.4). */
export function toCloseName(code: number): string {
  const name = NAMES.get(code);
  if (name !== undefined) return name;
  if (code >= 3000 && code < 4000) return "registered by a library";
  return code >= 4000 && code < 5000 ? "private use" : "unknown";
}
