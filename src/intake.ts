/**
 * What stands between the messages of a connection and its service.
 *
 * @module
 */

/**
 * Takes the messages instead of `onTextMessage`, `onBinaryMessage` and `onMessage`: dispatches them, or binds them to a type.
 *
 * What it returns, throws or rejects with is taken like that of a callback.
 */
export interface Intake {
  /** A text message arrived. */
  text(text: string): unknown;
  /** A binary message arrived. */
  binary(data: Uint8Array<ArrayBuffer>): unknown;
  /** A text message arrived while others wait. Returns whether it was about what is under way, and is done with. */
  overtakes(text: string): boolean;
  /** The connection begins to close, or is lost. */
  closing(): void;
}
