/**
 * TLS as `Bun.serve` takes it.
 *
 * @module
 */

import type { SecureOptions, TlsVersion } from "../../src/secure_socket.ts";
import { toServerTls } from "../../src/server_tls.ts";
import type { BunTls } from "./runtime.ts";

const VERSIONS: Readonly<Record<TlsVersion, number>> = { "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 };

/** Turns the TLS options of a listener into those of Bun. */
export function toBunTls(secure: SecureOptions): BunTls {
  const { minVersion, maxVersion } = secure;
  return { ...toServerTls(secure), minVersion: VERSIONS[minVersion], maxVersion: VERSIONS[maxVersion] };
}
