/**
 * The TLS options of a listener by the names that OpenSSL's have on several runtimes.
 *
 * @module
 */

import type { SecureOptions } from "./secure_socket.ts";

/** What Node and Bun call alike. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
  readonly ciphers?: string;
  /** Seconds. */
  readonly sessionTimeout?: number;
  readonly secureOptions?: number;
}

const SSL_OP_NO_TICKET = 0x4000;

/** Turns the TLS options of a listener into those; versions and the time of the handshake are each runtime's own. */
export function toServerTls(secure: SecureOptions): ServerTls {
  const { cert, key, clients, ciphers, sessionTimeout, shareSession } = secure;
  return {
    cert,
    key,
    ...(clients !== undefined && { ca: clients.ca, requestCert: true, rejectUnauthorized: clients.isRequired }),
    ...(ciphers !== undefined && { ciphers }),
    ...(sessionTimeout !== undefined && { sessionTimeout }),
    ...(!shareSession && { secureOptions: SSL_OP_NO_TICKET }),
  };
}
