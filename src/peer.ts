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

/** The other end, of which the engine tells when it is asked: most never ask, and for some runtimes it is a system call. */
export interface Peer {
  /** The address. */
  readonly remoteAddress?: string | undefined;
  /** The certificate that it has shown, if one was asked for and is valid. */
  readonly peerCertificate?: PeerCertificate | undefined;
}
