/**
 * Private keys.
 *
 * @module
 */

import { createPrivateKey } from "node:crypto";
import { SslError } from "../src/errors.ts";
import type { Chain } from "./certificates.ts";
import type { PrivateKey } from "./runtime.ts";

/**
 * Reads a private key from PEM text, and decrypts it.
 *
 * @param where The option that it comes from, and its path
 * @throws {SslError} If it is malformed, or the password is wrong or missing
 */
export function toKey(text: string, password: string | undefined, where: string): PrivateKey {
  // RFC 7468, section 11, and the older form of RFC 1421, section 4.6.1.1.
  const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (isEncrypted && password === undefined) {
    throw new SslError(`Cannot use ${where}: the key is encrypted, so secureSocket.key.keyPassword is needed`);
  }
  try {
    return createPrivateKey(
      isEncrypted && password !== undefined ? { key: text, passphrase: password } : { key: text },
    );
  } catch (cause) {
    const why = isEncrypted
      ? "secureSocket.key.keyPassword is wrong, or the key malformed"
      : "it holds no private key as PEM text";
    throw new SslError(`Cannot use ${where}: ${why}`, { cause });
  }
}

/**
 * Checks that a key is that of the first certificate.
 *
 * @throws {SslError} If it is not
 */
export function checkFit(key: PrivateKey, chain: Chain, ofKey: string, ofCertificate: string): void {
  const [first, ...rest] = chain;
  if (first.checkPrivateKey(key)) return;
  const hint = rest.some((certificate) => certificate.checkPrivateKey(key))
    ? "; the certificate of the key must come first"
    : "";
  throw new SslError(`Cannot use ${ofKey}: it is not the key of the certificate in ${ofCertificate}${hint}`);
}
