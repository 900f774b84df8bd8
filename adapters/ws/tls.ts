/**
 * The TLS options of a client as Node takes them.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { ClientSecureSocket } from "../../src/client/client_secure_socket.ts";
import { SslError } from "../../src/errors.ts";
import { isBarePem, isPem } from "../../src/secure_socket.ts";
import type { WsOptions } from "./runtime.ts";

/** What of the options of `ws` concerns TLS. */
export type TlsOptions = Pick<WsOptions, "cert" | "key" | "ca" | "rejectUnauthorized" | "servername">;

// Either may stand in a file with other things.
const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END [A-Z0-9 ]*CERTIFICATE-----/;
const KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/s;
// RFC 7468, section 11, and the older form of RFC 1421, section 4.6.1.1.
const ENCRYPTED = /^(?:-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m;

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
  if (options.cert !== undefined && options.key !== undefined) checkPair(options.cert, options.key);
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

// Deno connects with a pair that is of no use, and shows no certificate.
function checkPair(cert: string, key: string): void {
  const [certificate] = CERTIFICATE.exec(cert) ?? [];
  if (certificate === undefined) throw unusable("cert", "it holds no certificate as PEM text");
  const [own] = KEY.exec(key) ?? [];
  if (own === undefined) throw unusable("key", "it holds no private key as PEM text");
  if (ENCRYPTED.test(own)) throw unusable("key", "it is encrypted, and must not be");
  const shown = attempt("cert", () => new X509Certificate(certificate));
  if (shown.checkPrivateKey(attempt("key", () => createPrivateKey(own)))) return;
  throw unusable("key", "it is not the key of secureSocket.cert");
}

function attempt<Value>(name: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    throw unusable(name, "it is malformed", cause);
  }
}

function unusable(name: string, why: string, cause?: unknown): SslError {
  return new SslError(`Cannot use secureSocket.${name}: ${why}`, { cause });
}

function read(name: string, value: string): string {
  if (isPem(value)) return trimmed(value);
  if (isBarePem(value)) throw unusable(name, "it is neither PEM text nor a path");
  let text: string;
  try {
    text = readFileSync(value, "utf8");
  } catch (error) {
    throw new SslError(`Cannot read secureSocket.${name} from "${value}": ${toReason(error)}`, { cause: error });
  }
  if (isPem(text)) return trimmed(text);
  throw new SslError(`Cannot use secureSocket.${name}: "${value}" holds no PEM text`);
}

// What each runtime forgives is another: blanks around a line, the ends of lines, a mark of the byte order.
function trimmed(pem: string): string {
  const lines = pem.split(/\r\n?|\n/);
  return lines.map((line) => line.trim()).join("\n");
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
