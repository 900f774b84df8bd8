/**
 * What engines and transports that count the fragments of a message agree on.
 *
 * @module
 */

/** The most fragments of a message of at most `maxFrameSize` bytes: so many that none needs to be of less than 64 bytes. */
export function toFragmentLimit(maxFrameSize: number): number {
  return Math.max(16_384, Math.ceil(maxFrameSize / 64));
}
