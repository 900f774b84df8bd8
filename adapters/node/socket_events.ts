/**
 * What `ws` and the raw sockets under it tell, as the core is told of it.
 *
 * @module
 */

import { systemClock } from "../../src/clock.ts";
import { CONNECTION, type NodeBuffer, type NodeSocket, type Served } from "./runtime.ts";

// Milliseconds.
const LINGER = 2000;

/** Tells the connection of a raw socket that its unsent bytes have left. Listens to `drain`. */
export function onDrain(this: Served): void {
  this[CONNECTION]?.drain();
}

/**
 * Destroys a socket that its peer does not let go of once the close handshake is over (RFC 6455, section 7.1.1): `ws` would wait as long as
 * for its close frame. Listens to `finish`.
 */
export function linger(this: NodeSocket): void {
  this.on(
    "close",
    systemClock.schedule(() => this.destroy(), LINGER),
  );
}

/** Reads what was wrong with a frame: `ws` tells it by the code of the error, not by the code of the close. */
export function toStatusCode(error: unknown): number {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  switch (code) {
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
      return 1009;
    case "WS_ERR_INVALID_UTF8":
    // Of zlib: compressed data that is none, that ends too soon, or that asks for a dictionary.
    case "Z_DATA_ERROR":
    case "Z_BUF_ERROR":
    case "Z_NEED_DICT":
      return 1007;
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return 1008;
    default:
      return typeof code === "string" && code.startsWith("WS_ERR_") ? 1002 : 1006;
  }
}

/** Turns a Buffer into bytes like those of the other engines: its `slice` would be a view, its JSON another. */
export function toPlainBytes(data: NodeBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
