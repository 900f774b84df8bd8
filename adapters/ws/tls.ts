/**
 * The TLS options of a client as Node takes them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { ClientSecureSocket } from "../../src/client/client_secure_socket.ts";
import { SslError } from "../../src/errors.ts";
import { isPem } from "../../src/secure_socket.ts";
import type { WsOptions } from "./runtime.ts";

/** What of the options of `ws` concerns TLS. */
export type TlsOptions = Pick<WsOptions, "cert" | "key" | "ca" | "rejectUnauthorized" | "servername">;

/**
 * Reads the files that are named, anew for every attempt, so that a certificate that was renewed is used.
 *
 * @throws {SslError} If a file cannot be read, or holds nothing of use; no message holds a key
 */
export function toTlsOptions(secure: ClientSecureSocket): TlsOptions {
  const { cert, key, ca, rejectUnauthorized, serverName } = secure;
  const options = {
    ...(cert !== undefined && { cert: read("cert", cert) }),
    ...(key !== undefined && { key: read("key", key) }),
    ...(ca !== undefined && { ca: read("ca", ca) }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    const names = Object.keys(options).join(", ");
    throw new SslError(`Cannot use ${names} of secureSocket: ${toReason(error)}`, { cause: error });
  }
  return {
    ...options,
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

function read(name: string, value: string): string {
  if (isPem(value)) return value;
  let text: string;
  try {
    text = readFileSync(value, "utf8");
  } catch (error) {
    throw new SslError(`Cannot read secureSocket.${name} from "${value}": ${toReason(error)}`, { cause: error });
  }
  if (isPem(text)) return text;
  throw new SslError(`Cannot use secureSocket.${name}: "${value}" holds no PEM text`);
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
