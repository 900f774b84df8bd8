/**
 * TLS as `Bun.serve` takes it.
 *
 * @module
 */

import type { SecureOptions, TlsVersion } from "../../src/secure_socket.ts";
import type { BunTls } from "./runtime.ts";

const SSL_OP_NO_TICKET = 0x4000;

const VERSIONS: Readonly<Record<TlsVersion, number>> = { "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 };

/** Turns the TLS options of a listener into those of Bun. */
export function toBunTls(secure: SecureOptions): BunTls {
  const { cert, key, clients, minVersion, maxVersion, ciphers, sessionTimeout } = secure;
  return {
    cert,
    key,
    minVersion: VERSIONS[minVersion],
    maxVersion: VERSIONS[maxVersion],
    ...(clients !== undefined && { ca: clients.ca, requestCert: true, rejectUnauthorized: clients.isRequired }),
    ...(ciphers !== undefined && { ciphers }),
    ...(sessionTimeout !== undefined && { sessionTimeout }),
    ...(!secure.shareSession && { secureOptions: SSL_OP_NO_TICKET }),
  };
}
