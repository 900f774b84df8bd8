/**
 * Certificates as PEM text.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { SslError } from "../src/errors.ts";
import type { Certificate } from "./runtime.ts";

/** One certificate or more. */
export type Chain = readonly [first: Certificate, ...rest: Certificate[]];

// Base64 has no hyphen, so this cannot run back and forth.
const BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * Reads PEM text that holds certificates and maybe other things.
 *
 * @param where The option that it comes from, and its path
 * @throws {SslError} If there is none, one is malformed, or the first is not valid today
 */
export function toCertificates(text: string, where: string): Chain {
  const [first, ...rest] = (text.match(BLOCK) ?? []).map((block) => toCertificate(block, where));
  if (first === undefined) throw new SslError(`Cannot use ${where}: it holds no certificate as PEM text`);
  return checkDates([first, ...rest], where);
}

/**
 * Reads one certificate, PEM or DER.
 *
 * @throws {SslError} If it is malformed
 */
export function toCertificate(source: string | Uint8Array, where: string): Certificate {
  try {
    return new X509Certificate(source);
  } catch (cause) {
    throw new SslError(`Cannot use ${where}: a certificate in it is malformed`, { cause });
  }
}

/**
 * Checks that the first certificate is valid today: no client would accept another.
 *
 * @throws {SslError} If it is not
 */
export function checkDates(chain: Chain, where: string): Chain {
  const { validFrom, validTo } = chain[0];
  const now = Date.now();
  if (Date.parse(validTo) < now) {
    throw new SslError(`Cannot use ${where}: the certificate has expired on ${toDate(validTo)}`);
  }
  if (Date.parse(validFrom) > now) {
    throw new SslError(`Cannot use ${where}: the certificate is not valid before ${toDate(validFrom)}`);
  }
  return chain;
}

/** Writes certificates as PEM text. */
export function toPem(chain: Chain): string {
  return chain
    .map((certificate) => certificate.toString().trimEnd())
    .join("\n")
    .concat("\n");
}

function toDate(text: string): string {
  return new Date(text).toISOString();
}
