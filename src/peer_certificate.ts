/**
 * The certificate that a peer has shown in the TLS handshake.
 *
 * @module
 */

/**
 * The parts of a name (RFC 5280, section 4.1.2.4) by their short names: `CN`, `O`, `OU`. Several values of one part are joined by a line feed,
 * so that they equal no single one.
 */
export type DistinguishedName = ReadonlyMap<string, string>;

/** A certificate of a peer; a CA of `mutualSsl.cert` has signed it. */
export interface PeerCertificate {
  /** Whom it names. */
  readonly subject: DistinguishedName;
  /** Who has signed it. */
  readonly issuer: DistinguishedName;
  /** Further names, such as `DNS:a.example, URI:spiffe://example/a`; "" for none. */
  readonly subjectAltName: string;
  /** The number that its issuer gave it, in hexadecimal. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate, in hexadecimal with colons. */
  readonly fingerprint256: string;
  /** When it becomes valid. */
  readonly validFrom: Date;
  /** When it ceases to be valid. */
  readonly validTo: Date;
  /** The certificate itself, DER (X.690). */
  readonly raw: Uint8Array<ArrayBuffer>;
}
