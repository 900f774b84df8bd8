/**
 * The other end of a connection over TLS, and its certificate.
 *
 * @module
 */

import type { Peer } from "../../src/peer.ts";
import type { DistinguishedName, PeerCertificate } from "../../src/peer_certificate.ts";
import { type NodeCertificate, type NodeSocket, toTlsSocket } from "./runtime.ts";

/** Gives who is at the other end of a socket: the socket itself, unless it has shown a valid certificate. */
export function toPeer(socket: NodeSocket): Peer {
  const tls = toTlsSocket(socket);
  // On Deno a socket that was asked for nothing is authorized too.
  if (tls?.authorized !== true) return socket;
  const { raw, ...certificate } = tls.getPeerCertificate() ?? {};
  return raw === undefined ? socket : new CertifiedPeer(socket, toPeerCertificate({ ...certificate, raw }));
}

/** Tells whether a socket has shown a certificate that is not valid, or not of the CA; one that has shown none has not. */
export function isForeign(socket: object): boolean {
  const tls = toTlsSocket(socket);
  return tls !== undefined && !tls.authorized && tls.getPeerCertificate()?.raw !== undefined;
}

// Once the socket is down, Node tells no certificate any more.
class CertifiedPeer implements Peer {
  readonly peerCertificate: PeerCertificate;
  readonly #socket: NodeSocket;

  constructor(socket: NodeSocket, certificate: PeerCertificate) {
    this.#socket = socket;
    this.peerCertificate = certificate;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }
}

function toPeerCertificate(certificate: NodeCertificate & { readonly raw: Uint8Array }): PeerCertificate {
  const { subject, issuer, subjectaltname, serialNumber, fingerprint256, valid_from, valid_to, raw } = certificate;
  return {
    subject: toName(subject),
    issuer: toName(issuer),
    subjectAltName: subjectaltname ?? "",
    serialNumber: serialNumber ?? "",
    fingerprint256: fingerprint256 ?? "",
    validFrom: new Date(valid_from ?? Number.NaN),
    validTo: new Date(valid_to ?? Number.NaN),
    raw: new Uint8Array(raw),
  };
}

function toName(name: NodeCertificate["subject"]): DistinguishedName {
  return new Map(
    Object.entries(name ?? {}).map(([part, value]) => [
      part,
      typeof value === "string" ? value : (value ?? []).join("\n"),
    ]),
  );
}
