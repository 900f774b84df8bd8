/**
 * What may be sent in a close frame.
 *
 * @module
 */

/**
 * Checks a code and a reason (RFC 6455, sections 5.5.1 and 7.4).
 *
 * @throws {RangeError} If the code cannot be sent or the reason is over 123 bytes
 * @throws {TypeError} If the reason is no string
 */
export function checkClose(code: number, reason: string): void {
  if (typeof code !== "number" || !/^(100[0-37-9]|101[0-4]|[34]\d{3})$/.test(`${code}`)) {
    throw new RangeError(`Cannot close with code ${code}: must be 1000-1003, 1007-1014 or 3000-4999`);
  }
  if (typeof reason !== "string") throw new TypeError(`Cannot close with a reason of type ${typeof reason}`);
  if (new TextEncoder().encode(reason).length > 123) {
    throw new RangeError(`Cannot close with a reason of over 123 bytes: "${reason.slice(0, 40)}…"`);
  }
}
