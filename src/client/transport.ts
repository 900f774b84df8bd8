/**
 * The seam between the client and what carries it: a transport dials, and lends a socket for as long as it lasts.
 *
 * @module
 */

import type { WebSocketError } from "../errors.ts";
import type { Connection, RuntimeSocket } from "../socket.ts";
import type { ClientCredential } from "./client_credential.ts";
import type { ClientSecureSocket } from "./client_secure_socket.ts";

/** What a transport can do besides sending and receiving messages. */
export interface TransportCapabilities {
  /** Pings and pongs can be sent, and are seen. */
  readonly ping: boolean;
  /** The handshake can carry headers. */
  readonly headers: boolean;
  /** Of a refused handshake the status, the headers and the body are known, and whether it was refused or not reached at all. */
  readonly refusals: boolean;
  /** A connection can be dropped without a close frame, and a handshake be given up. */
  readonly terminate: boolean;
  /** Reading can be paused. */
  readonly pause: boolean;
  /** Whether to offer compression can be chosen. */
  readonly compression: boolean;
  /** `secureSocket` is obeyed. */
  readonly tls: boolean;
}

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

/**
 * What a transport calls. First `opened` or `refused`, exactly one of them, never while `dial` runs; after `opened` what arrives, at last `closed`.
 * After `refused` or `closed` comes nothing.
 *
 * Codes are normalised: a lost connection is 1006, a close frame without a code 1005; `failed(1002 | 1007 | 1009, cause)` may come before `closed`.
 */
export interface Line extends Connection {
  /** Whether reading is paused, so that silence means nothing. */
  readonly isPaused?: boolean;
  /** The handshake is done. */
  opened(handshake: Handshake): void;
  /**
   * There is no connection: `InvalidHandshakeError` for a wrong answer (with its `status`, where that is known), `SslError` if TLS failed, `ConnectionError`
   * if nobody answered, or if it is not known why.
   */
  refused(error: WebSocketError): void;
}

/** Opens connections. */
export interface Transport {
  /** What it is called in messages. */
  readonly name: string;
  /** What it can do. */
  readonly capabilities: TransportCapabilities;
  /**
   * Begins to connect. `terminate` of the socket, or `close` where it has none, gives the attempt up; nothing need be called after that.
   *
   * @throws {TypeError} If the runtime refuses what it was asked
   */
  dial(dial: Dial, line: Line): RuntimeSocket;
}
