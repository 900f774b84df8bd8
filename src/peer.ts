/**
 * The other end of a connection, as the handshake showed it.
 *
 * @module
 */

import type { PeerCertificate } from "./peer_certificate.ts";
import type { Principal } from "./principal.ts";

/** What is known of a connection from its handshake. */
export interface ConnectionDetails {
  /** The negotiated subprotocol, "" for none. */
  readonly protocol: string;
  /** The other end. */
  readonly peer: Peer;
  /** Who it is, if the service has `auth`. */
  readonly principal?: Principal | undefined;
  /** When that ends, in milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** Whether the connection came over TLS. */
  readonly isSecure: boolean;
}

/** The other end. Its members are asked of the engine when they are read: most services never do, and on some runtimes that is a system call. */
export interface Peer {
  /** The address. */
  readonly remoteAddress?: string | undefined;
  /** The certificate that it has shown, if one was asked for and is valid. */
  readonly peerCertificate?: PeerCertificate | undefined;
}
