/**
 * The socket of a service over an outgoing connection, and what it can do.
 *
 * @module
 */

import type { Capabilities } from "../capabilities.ts";
import type { RuntimeSocket } from "../socket.ts";
import type { Dialer } from "./dialer.ts";
import { toClosure } from "./link.ts";
import type { Transport } from "./transport.ts";

/**
 * Lends what a transport has lent to a connection of the core, and lets the dialer know of the ends that the connection brings about: after a close
 * there is no other connection, after a loss there may be one.
 *
 * @param closing Is told before a close frame is sent
 */
export function toRunSocket(raw: RuntimeSocket, dialer: Dialer, closing: () => void): RuntimeSocket {
  const { link } = dialer;
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
      if (dialer.link !== link) return;
      sent = [code, reason];
      closing();
      // How long the server may take to answer is the connection's to say.
      dialer.close(code, reason, -1);
    },
    ping: (data) => raw.ping?.(data),
    pong: (data) => raw.pong?.(data),
    terminate() {
      if (dialer.link === link) dialer.fail(toClosure(...sent));
    },
    // The link knows of it, so that silence is not taken for a loss.
    ...(raw.pause !== undefined && { pause: () => void link?.pause(), resume: () => link?.resume() }),
  };
}

/** What callers over a transport can do. What a transport does not tell of itself is not promised. */
export function toRunCapabilities({ name, capabilities }: Transport): Capabilities {
  const { ping, terminate, pause, compression, tls } = capabilities;
  return {
    engine: name,
    ping,
    terminate,
    pause,
    drain: false,
    messageLimit: false,
    reliableClose: false,
    frameErrors: false,
    earlyFrames: true,
    compression,
    tls,
    mutualSsl: tls,
    peerCertificate: false,
  };
}
