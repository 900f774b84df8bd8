/**
 * Reads the keys and certificates of a listener, and checks them. Loaded when a listener with `secureSocket` starts.
 *
 * @module
 */

import { createSecureContext } from "node:tls";
import { SslError } from "../src/errors.ts";
import { isPem, type MutualSsl, type SecureOptions, type SecureSocket, type TlsVersion } from "../src/secure_socket.ts";
import { toCertificates, toPem } from "./certificates.ts";
import { readBytes, readText } from "./files.ts";
import { checkFit, toKey } from "./keys.ts";
import { openStore } from "./pkcs12.ts";

type Pair = Pick<SecureOptions, "cert" | "key">;

/**
 * Turns the TLS options of a listener into what an engine takes.
 *
 * @throws {SslError} If a file cannot be read, a certificate or key is malformed, has expired or does not fit, or a password is wrong. The message
 *   names the option and the path, and holds nothing of a key
 */
export async function toSecureOptions(secure: SecureSocket): Promise<SecureOptions> {
  const versions: readonly TlsVersion[] = secure.protocol?.versions ?? ["TLSv1.2", "TLSv1.3"];
  const { mutualSsl, sessionTimeout } = secure;
  return {
    ...(await toPair(secure.key)),
    ...(mutualSsl !== undefined && { clients: await toClients(mutualSsl) }),
    minVersion: versions.includes("TLSv1.2") ? "TLSv1.2" : "TLSv1.3",
    maxVersion: versions.includes("TLSv1.3") ? "TLSv1.3" : "TLSv1.2",
    ...(secure.ciphers !== undefined && { ciphers: toCiphers(secure.ciphers) }),
    handshakeTimeout: (secure.handshakeTimeout ?? 10) * 1000,
    ...(sessionTimeout !== undefined && { sessionTimeout }),
    shareSession: secure.shareSession ?? true,
  };
}

async function toPair(key: SecureSocket["key"]): Promise<Pair> {
  if ("path" in key) {
    const where = `secureSocket.key.path ${JSON.stringify(key.path)}`;
    return openStore(await readBytes("secureSocket.key.path", key.path), key.password, where);
  }
  const isText = "cert" in key;
  const certificate = isText ? "secureSocket.key.cert" : `secureSocket.key.certFile ${JSON.stringify(key.certFile)}`;
  const own = isText ? "secureSocket.key.key" : `secureSocket.key.keyFile ${JSON.stringify(key.keyFile)}`;
  const chain = toCertificates(
    isText ? key.cert : await readText("secureSocket.key.certFile", key.certFile),
    certificate,
  );
  const text = isText ? key.key : await readText("secureSocket.key.keyFile", key.keyFile);
  const privateKey = toKey(text, key.keyPassword, own);
  checkFit(privateKey, chain, own, certificate);
  return { cert: toPem(chain), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

async function toClients({ cert, verifyClient }: MutualSsl): Promise<NonNullable<SecureOptions["clients"]>> {
  const option = "secureSocket.mutualSsl.cert";
  const where = isPem(cert) ? option : `${option} ${JSON.stringify(cert)}`;
  const ca = toCertificates(isPem(cert) ? cert : await readText(option, cert), where);
  return { ca: toPem(ca), isRequired: verifyClient !== "OPTIONAL" };
}

function toCiphers(names: readonly string[]): string {
  const ciphers = names.join(":");
  try {
    createSecureContext({ ciphers });
  } catch (cause) {
    throw new SslError(`Option secureSocket.ciphers is "${ciphers}": this runtime knows none of them`, { cause });
  }
  return ciphers;
}
