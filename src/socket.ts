/**
 * The seam between the core and a runtime: a runtime lends a socket, the core lends back a connection.
 *
 * @module
 */

/**
 * What the core needs of a socket: the part of the Web-standard `WebSocket` that every runtime has, and what some add to it.
 *
 * The core decides whom to close, when and with which code; a socket only carries it out.
 */
export interface RuntimeSocket {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that were given to `send` and have not left the process. */
  readonly bufferedAmount: number;
  /** Bytes that have come so far, by which the heartbeat hears a message that is on its way. @default it hears whole frames only */
  readonly bytesRead?: number | undefined;
  /**
   * Sends a text or a binary message; `false` says that it was not taken, for the socket is closing. The bytes may be changed afterwards.
   *
   * @param compress Whether to compress it where permessage-deflate was negotiated (RFC 7692). @default the socket decides by the size
   */
  send(data: string | Uint8Array<ArrayBuffer>, compress?: boolean): unknown;
  /** Like `send`, for bytes that nobody will change afterwards, so that they need no copy. */
  sendOwned?(data: Uint8Array<ArrayBuffer>, compress?: boolean): unknown;
  /** Whether both take bytes of shared memory too. If not, they are given a copy, but finding out what is shared costs time on some runtimes. */
  readonly takesShared?: boolean;
  /** Sends a close frame; code and reason have been checked. */
  close(code?: number, reason?: string): void;
  /** Sends a ping of at most 125 bytes. */
  ping?(data: Uint8Array<ArrayBuffer>): void;
  /** Sends a pong of at most 125 bytes. */
  pong?(data: Uint8Array<ArrayBuffer>): void;
  /** Ends the connection without a close frame. */
  terminate?(): void;
  /** Stops reading. */
  pause?(): void;
  /** Goes on reading. */
  resume?(): void;
}

/** What the runtime's side calls when something arrives; a call never throws. */
export interface Connection {
  /** A text message arrived. */
  text(data: string): void;
  /** A binary message arrived; the connection keeps the bytes. */
  binary(data: Uint8Array<ArrayBuffer>): void;
  /** A ping arrived; the runtime has answered it. */
  ping(data: Uint8Array<ArrayBuffer>): void;
  /** A pong arrived. */
  pong(data: Uint8Array<ArrayBuffer>): void;
  /** Unsent bytes have left. */
  drain(): void;
  /** The connection is down: the peer's code and reason, 1005 for a close frame without a code, 1006 for none. Only the first call counts. */
  closed(code: number, reason: string): void;
  /** The runtime found a fault; `closed` follows. `statusCode` is 1002, 1007, 1008 (too many fragments) or 1009 where the runtime tells, else 1006. */
  failed(statusCode: number, cause: unknown): void;
}
