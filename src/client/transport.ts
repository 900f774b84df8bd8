/**
 * The seam between the client and what carries it: a transport dials, and lends a socket for as long as it lasts.
 *
 * @module
 */

import type { RuntimeSocket } from "../socket.ts";
import type { ClientCredential } from "./client_credential.ts";
import type { ClientSecureSocket } from "./client_secure_socket.ts";
import type { Message } from "./message.ts";
import type { PingPongHandler } from "./ping_pong_handler.ts";

/** What a transport is asked to open. */
export interface Dial {
  /** With the scheme `ws:` or `wss:`, without user and fragment. */
  readonly url: string;
  /** The subprotocols to offer. */
  readonly protocols: readonly string[];
  /** Bytes of the largest message to accept. */
  readonly maxFrameSize: number;
  /** What to send as `Authorization`. */
  readonly credential?: ClientCredential;
  /** Headers of the handshake. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether to offer permessage-deflate (RFC 7692), where that can be chosen. @default true */
  readonly compression?: boolean;
  /** TLS options. @default those of the runtime */
  readonly secureSocket?: ClientSecureSocket;
}

/** The 101, as far as the transport shows it. */
export interface Handshake {
  /** The subprotocol that was chosen, "" for none. */
  readonly protocol: string;
  /** The headers of the response, names in lower case; `Set-Cookie` lines are joined by line feeds. Absent where they are hidden. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a transport lends. */
export interface TransportSocket extends RuntimeSocket {
  /** Whether reading is paused, so that silence means nothing. */
  readonly isPaused?: boolean;
}

/**
 * What a transport calls, never while `dial` runs: first `opened` or `refused`, then what arrives, finally `closed`. Only the first end counts, and
 * nothing that comes after it.
 */
export interface Line {
  /** The handshake is done. */
  opened(handshake: Handshake): void;
  /**
   * There is no connection: `InvalidHandshakeError` for a wrong answer (with its `status`, where that is known), `SslError` if TLS failed, `ConnectionError`
   * if nobody answered, or if it is not known why.
   */
  refused(error: Error): void;
  /** A message arrived: text, or bytes, which are given away. */
  message(data: Message): void;
  /**
   * The connection is down: the peer's code and reason, 1005 for a close frame without a code, 1006 for none. The cause is a `PayloadTooLargeError` or a
   * `CorruptedFrameError` if that ended it.
   */
  closed(code: number, reason: string, cause?: Error): void;
}

/** Opens connections. */
export interface Transport {
  /** What it is called in messages. */
  readonly name: string;
  /** Whether the handshake can carry headers, and TLS and compression be chosen. @default false */
  readonly headers?: boolean;
  /** Whether pings and pongs can be sent, and are seen. @default false */
  readonly ping?: boolean;
  /** Whether messages can be compressed (RFC 7692). @default that of `headers` */
  readonly compression?: boolean;
  /** Whether it tells why there is no connection: the status of a refusal, or that nobody answered. @default false */
  readonly refusals?: boolean;
  /**
   * Begins to connect. `terminate` of the socket, or `close` where it has none, gives the attempt up; nothing need be called after that.
   *
   * @throws If the runtime refuses what it was asked
   */
  dial(dial: Dial, line: Line): TransportSocket;
  /** Tells a handler of pings and pongs from now on. */
  observe?(handler: PingPongHandler): void;
}
