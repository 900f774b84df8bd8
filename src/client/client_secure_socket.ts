/**
 * The TLS options of a client.
 *
 * @module
 */

/** The TLS options of a client. Certificates and keys are PEM text or paths of PEM files. */
export interface ClientSecureSocket {
  /** The certificate that the client shows, with those that lead to its CA behind it. @default none */
  cert?: string | undefined;
  /** Its private key. @default none */
  key?: string | undefined;
  /** The CAs that sign the server's certificate. @default those of the runtime */
  ca?: string | undefined;
  /** Whether a server whose certificate is not valid is refused. @default true */
  rejectUnauthorized?: boolean | undefined;
  /** The name that the server's certificate must have, and that is asked for (SNI). @default the host of the URL */
  serverName?: string | undefined;
}
