/**
 * Opens PKCS #12 files (RFC 7292) on every runtime, for not every engine does.
 *
 * Read are files in DER that are encrypted by PBES2 with AES (RFC 8018), as OpenSSL 3 and current keytools write them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createDecipheriv, createPrivateKey, getCiphers, pbkdf2Sync } from "node:crypto";
import { SslError } from "../src/errors.ts";
import { checkDates, toCertificate, toPem } from "./certificates.ts";
import { childOf, childrenOf, type Der, readDer, toNumber, toOid } from "./der.ts";
import type { Certificate, PrivateKey } from "./runtime.ts";

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const KEY = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE = "1.2.840.113549.1.12.10.1.3";
const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";

// Some seconds.
const MOST_ITERATIONS = 10_000_000;

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.2.7", "sha1"],
  ["1.2.840.113549.2.9", "sha256"],
  ["1.2.840.113549.2.10", "sha384"],
  ["1.2.840.113549.2.11", "sha512"],
]);

const CIPHERS: ReadonlyMap<string, readonly [name: string, keyLength: number]> = new Map([
  ["2.16.840.1.101.3.4.1.2", ["aes-128-cbc", 16]],
  ["2.16.840.1.101.3.4.1.22", ["aes-192-cbc", 24]],
  ["2.16.840.1.101.3.4.1.42", ["aes-256-cbc", 32]],
]);

/** Something that the file holds. */
interface Bag {
  readonly kind: string;
  readonly value: Der;
}

/** The way of encryption is one that is not read. */
class OutdatedError extends Error {}

/**
 * Opens a file and gives the certificate with those that lead to its CA, and the key, as PEM text.
 *
 * @param where The option that it comes from, and its path
 * @throws {SslError} If the password is wrong, or the file is malformed, outdated or without a key and its certificate
 */
export function openStore(
  bytes: Uint8Array<ArrayBuffer>,
  password: string,
  where: string,
): { cert: string; key: string } {
  const [key, certificates] = read(bytes, password, where);
  if (key === undefined) throw new SslError(`Cannot use ${where}: it holds no private key`);
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) throw new SslError(`Cannot use ${where}: it holds no certificate that fits its key`);
  const chain = checkDates([own, ...issuersOf(own, certificates)], where);
  return { cert: toPem(chain), key: key.export({ type: "pkcs8", format: "pem" }).toString() };
}

function read(
  bytes: Uint8Array<ArrayBuffer>,
  password: string,
  where: string,
): [PrivateKey | undefined, Certificate[]] {
  try {
    const bags = bagsOf(bytes, password);
    const key = bags.find(({ kind }) => kind === KEY || kind === SHROUDED_KEY);
    const certificates = bags.filter(({ kind }) => kind === CERTIFICATE);
    return [
      key === undefined ? undefined : toKey(key, password),
      certificates.map(({ value }) => toCertificate(childOf(childOf(value, 1), 0).content, where)),
    ];
  } catch (cause) {
    if (cause instanceof SslError) throw cause;
    const why =
      cause instanceof OutdatedError
        ? "it is encrypted in an outdated way; make it again, with OpenSSL 3 or a current keytool"
        : "secureSocket.key.password is wrong, or the file is no PKCS #12 file in DER";
    throw new SslError(`Cannot use ${where}: ${why}`, { cause });
  }
}

function bagsOf(bytes: Uint8Array<ArrayBuffer>, password: string): readonly Bag[] {
  const contents = readDer(toData(childOf(readDer(bytes), 1)));
  return childrenOf(contents).flatMap((content) => {
    const isEncrypted = toOid(childOf(content, 0)) === ENCRYPTED_DATA;
    const safe = readDer(isEncrypted ? decrypt(childOf(childOf(content, 1), 0), password) : toData(content));
    return childrenOf(safe).map((bag) => ({ kind: toOid(childOf(bag, 0)), value: childOf(childOf(bag, 1), 0) }));
  });
}

// RFC 5652, section 4: a ContentInfo of type data.
function toData(content: Der): Uint8Array<ArrayBuffer> {
  if (toOid(childOf(content, 0)) !== DATA) throw new SyntaxError("No data");
  return childOf(childOf(content, 1), 0).content;
}

function toKey({ kind, value }: Bag, password: string): PrivateKey {
  if (kind === SHROUDED_KEY && toOid(childOf(childOf(value, 0), 0)) !== PBES2) throw new OutdatedError();
  const key = Buffer.from(value.whole);
  return createPrivateKey({
    key,
    format: "der",
    type: "pkcs8",
    ...(kind === SHROUDED_KEY && { passphrase: password }),
  });
}

// RFC 5652, section 8, and RFC 8018, section 6.2.
function decrypt(encryptedData: Der, password: string): Uint8Array<ArrayBuffer> {
  const [, algorithm, encrypted] = childrenOf(childOf(encryptedData, 1));
  if (algorithm === undefined || encrypted === undefined) throw new SyntaxError("No encrypted content");
  if (toOid(childOf(algorithm, 0)) !== PBES2) throw new OutdatedError();
  const [derivation, scheme] = childrenOf(childOf(algorithm, 1));
  if (derivation === undefined || scheme === undefined) throw new SyntaxError("No PBES2 parameters");
  const cipher = CIPHERS.get(toOid(childOf(scheme, 0)));
  if (cipher === undefined || toOid(childOf(derivation, 0)) !== PBKDF2) throw new OutdatedError();
  const [name, keyLength] = cipher;
  // Deno has no AES-192.
  if (!getCiphers().includes(name)) throw new OutdatedError();
  const key = derive(childOf(derivation, 1), password, keyLength);
  const decipher = createDecipheriv(name, key, childOf(scheme, 1).content);
  return new Uint8Array(Buffer.concat([decipher.update(encrypted.content), decipher.final()]));
}

function derive(parameters: Der, password: string, keyLength: number): Uint8Array {
  const [salt, count, ...optional] = childrenOf(parameters);
  if (salt === undefined || count === undefined) throw new SyntaxError("No PBKDF2 parameters");
  const prf = optional.find(({ tag }) => tag === 0x30);
  const digest = prf === undefined ? "sha1" : DIGESTS.get(toOid(childOf(prf, 0)));
  if (digest === undefined) throw new OutdatedError();
  const iterations = toNumber(count);
  if (iterations > MOST_ITERATIONS) throw new RangeError("Too many iterations");
  return pbkdf2Sync(password, salt.content, iterations, keyLength, digest);
}

// Those that lead to the CA, in their order; its own certificate, which signs itself, need not be sent (RFC 8446, section 4.4.2).
function issuersOf(certificate: Certificate, all: readonly Certificate[]): Certificate[] {
  const issuer = all.find(({ subject, issuer: its }) => subject === certificate.issuer && subject !== its);
  if (issuer === undefined) return [];
  const others = all.filter((other) => other !== certificate);
  return [issuer, ...issuersOf(issuer, others)];
}
