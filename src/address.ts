/**
 * Network addresses in one form each, so that equal ones are equal strings.
 *
 * @module
 */

// The longest is an IPv6 address that ends in an IPv4 one; zones are cut off before.
const LONGEST = 45;

/**
 * Gives an address in its one form: IPv4 with dots, IPv6 as RFC 5952 writes it, without a zone; IPv6 that stands for IPv4 (RFC 4291, section
 * 2.5.5.2) as IPv4. `undefined` for what is no address.
 */
export function canonicalize(text: string): string | undefined {
  const bare = withoutZone(text);
  if (isIPv4(bare)) return bare;
  const groups = toGroups(bare);
  if (groups === undefined) return undefined;
  return toIPv4(groups) ?? toIPv6(groups);
}

/** Gives what a limit counts as one peer: an IPv4 address, or the /64 of an IPv6 address, which is what one subscriber has at least. */
export function toNetwork(address: string): string {
  const bare = withoutZone(address);
  const groups = toGroups(bare);
  if (groups === undefined) return bare;
  return toIPv4(groups) ?? `${toIPv6([...groups.slice(0, 4), 0, 0, 0, 0])}/64`;
}

function withoutZone(text: string): string {
  const at = text.indexOf("%");
  return at === -1 ? text : text.slice(0, at);
}

// Leading zeros are octal to some and decimal to others, so they are no address.
function isIPv4(text: string): boolean {
  return text.length <= 15 && /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** Reads the eight groups of an IPv6 address (RFC 4291, section 2.2). */
function toGroups(text: string): readonly number[] | undefined {
  if (text.length > LONGEST || !text.includes(":")) return undefined;
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const before = readGroups(head, tail === undefined);
  const after = readGroups(tail ?? "", true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

function readGroups(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (isLast && i === parts.length - 1 && isIPv4(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function toIPv4(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(6);
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined;
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

// RFC 5952, section 4: the first of the longest runs of zeros is left out, if it is longer than one.
function toIPv6(groups: readonly number[]): string {
  let at = 0;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      at = i;
      length = end - i;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (length === 1) return hex.join(":");
  return `${hex.slice(0, at).join(":")}::${hex.slice(at + length).join(":")}`;
}
