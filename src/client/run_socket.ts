/**
 * The socket of a service over an outgoing connection, and what it can do.
 *
 * @module
 */

import { type Capabilities, SOCKET_CAPABILITIES } from "../capabilities.ts";
import type { RuntimeSocket } from "../socket.ts";
import { type Dialer, toClosure } from "./dialer.ts";
import type { Transport, TransportSocket } from "./transport.ts";

/** Who runs a service over a socket. */
export interface SocketUser {
  /** Whether the socket is that of the connection that counts. */
  isCurrent(): boolean;
  /** A close frame is about to be sent. */
  closing(): void;
}

/**
 * Lends what a transport has lent to a connection of the core, and lets the dialer know of the ends that the connection brings about: after a close
 * there is no other connection, after a loss there may be one.
 */
export function toRunSocket(raw: TransportSocket, dialer: Dialer, user: SocketUser): RuntimeSocket {
  let sent: readonly [code: number, reason: string] = [1006, ""];
  return {
    get readyState() {
      return raw.readyState;
    },
    get bufferedAmount() {
      return raw.bufferedAmount;
    },
    send: (data, compress) => raw.send(data, compress),
    sendOwned: (data, compress) =>
      raw.sendOwned === undefined ? raw.send(data, compress) : raw.sendOwned(data, compress),
    close(code = 1000, reason = "") {
      if (!user.isCurrent()) return;
      sent = [code, reason];
      user.closing();
      // How long the server may take to answer is the connection's to say.
      dialer.close(code, reason, -1);
    },
    ping: (data) => raw.ping?.(data),
    pong: (data) => raw.pong?.(data),
    terminate() {
      if (user.isCurrent()) dialer.fail(toClosure(...sent));
    },
    ...(raw.pause !== undefined && { pause: () => raw.pause?.(), resume: () => raw.resume?.() }),
  };
}

/** What callers over a transport can do. What a transport does not tell of itself is not promised. */
export function toRunCapabilities({
  name,
  ping = false,
  headers = false,
  compression = headers,
}: Transport): Capabilities {
  return {
    ...SOCKET_CAPABILITIES,
    engine: name,
    isTransport: true,
    ping,
    terminate: ping,
    pause: ping,
    compression,
    tls: headers,
    mutualSsl: headers,
  };
}
