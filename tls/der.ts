/**
 * Reads DER (X.690), as far as a PKCS #12 file needs it.
 *
 * @module
 */

/** A value with what is in it. */
export interface Der {
  /** The identifier octet: class, form and number. */
  readonly tag: number;
  /** What it holds. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** All of it. */
  readonly whole: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the one value that bytes hold.
 *
 * @throws {SyntaxError} If they hold no value, or an unfinished one
 */
export function readDer(bytes: Uint8Array<ArrayBuffer>): Der {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new SyntaxError("No DER value");
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || extra > 4) throw new SyntaxError("No DER length");
  const length = extra === 0 ? first : bytes.subarray(2, 2 + extra).reduce((sum, byte) => sum * 256 + byte, 0);
  const end = 2 + extra + length;
  if (bytes.length < end) throw new SyntaxError("An unfinished DER value");
  return { tag, content: bytes.subarray(2 + extra, end), whole: bytes.subarray(0, end) };
}

/**
 * Reads the values that a sequence, a set or an explicit tag holds.
 *
 * @throws {SyntaxError} If the value is none of them, or what it holds is unfinished
 */
export function childrenOf(value: Der): readonly Der[] {
  if ((value.tag & 0x20) === 0) throw new SyntaxError("A DER value that is not constructed");
  const children: Der[] = [];
  for (let rest = value.content; rest.length > 0; ) {
    const child = readDer(rest);
    children.push(child);
    rest = rest.subarray(child.whole.length);
  }
  return children;
}

/**
 * Gives the child at an index.
 *
 * @throws {SyntaxError} If there is none
 */
export function childOf(value: Der, index: number): Der {
  const child = childrenOf(value)[index];
  if (child === undefined) throw new SyntaxError("A DER value is missing");
  return child;
}

/** Writes an object identifier with dots. */
export function toOid(value: Der): string {
  if (value.tag !== 0x06) throw new SyntaxError("No object identifier");
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}

/** Reads a number that is not negative. */
export function toNumber(value: Der): number {
  if (value.tag !== 0x02 || value.content.length > 5) throw new SyntaxError("No number");
  return value.content.reduce((sum, byte) => sum * 256 + byte, 0);
}
