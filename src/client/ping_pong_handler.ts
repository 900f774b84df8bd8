/**
 * Who hears of control frames.
 *
 * @module
 */

/** Is told of pings and pongs. Pings are answered by the transport. */
export interface PingPongHandler {
  /** A ping arrived. */
  onPing?(data: Uint8Array<ArrayBuffer>): void;
  /** A pong arrived. */
  onPong?(data: Uint8Array<ArrayBuffer>): void;
}
