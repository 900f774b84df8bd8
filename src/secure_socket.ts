/**
 * The TLS options of a listener.
 *
 * @module
 */

import { checkBoolean, checkNames, toMilliseconds } from "./options.ts";

/** A version of TLS (RFC 5246, RFC 8446); older ones are spoken by no engine. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** A certificate and its key in two PEM files. */
export interface KeyFiles {
  /** The path of the certificate, with those that lead to its CA behind it. */
  certFile: string;
  /** The path of the private key. */
  keyFile: string;
  /** What the key is encrypted with. @default none */
  keyPassword?: string | undefined;
}

/** A certificate and its key as PEM text. */
export interface KeyText {
  /** The certificate, with those that lead to its CA behind it. */
  cert: string;
  /** The private key. */
  key: string;
  /** What the key is encrypted with. @default none */
  keyPassword?: string | undefined;
}

/** A certificate and its key in one PKCS #12 file (RFC 7292): `.p12`, `.pfx`. */
export interface KeyStore {
  /** The path of the file. */
  path: string;
  /** What it is encrypted with. */
  password: string;
}

/** The certificates that clients are asked for. */
export interface MutualSsl {
  /** Whether a client must show one. With `"OPTIONAL"` it need not, but what it shows must be valid. @default "REQUIRE" */
  verifyClient?: "REQUIRE" | "OPTIONAL" | undefined;
  /** The CAs that sign the certificates of clients: the path of a PEM file, or PEM text. */
  cert: string;
}

/** The TLS options of a listener. */
export interface SecureSocket {
  /** The certificate of the listener, and its key. Read at `start`. */
  key: KeyFiles | KeyText | KeyStore;
  /** Ask clients for certificates. @default none */
  mutualSsl?: MutualSsl | undefined;
  /** The versions of TLS that are spoken. @default { versions: ["TLSv1.2", "TLSv1.3"] } */
  protocol?: { versions: readonly TlsVersion[] } | undefined;
  /** The cipher suites that are spoken, as OpenSSL calls them. @default those of the runtime */
  ciphers?: readonly string[] | undefined;
  /** Seconds that a TLS handshake may take. @default 10 */
  handshakeTimeout?: number | undefined;
  /** Seconds for which a client may resume a session. @default that of the runtime */
  sessionTimeout?: number | undefined;
  /** Whether clients may resume sessions at all. @default true */
  shareSession?: boolean | undefined;
}

/** What an engine gets to open a port with TLS: all files read, keys decrypted and checked. */
export interface SecureOptions {
  /** The certificate and those that lead to its CA, PEM. */
  readonly cert: string;
  /** The private key, PEM, not encrypted. */
  readonly key: string;
  /** The CAs of clients, PEM, if they are asked for certificates. */
  readonly clients?: { readonly ca: string; readonly isRequired: boolean };
  /** The oldest version of TLS. */
  readonly minVersion: TlsVersion;
  /** The newest version of TLS. */
  readonly maxVersion: TlsVersion;
  /** Names of OpenSSL, joined by colons. */
  readonly ciphers?: string;
  /** Milliseconds that a TLS handshake may take. */
  readonly handshakeTimeout: number;
  /** Seconds for which a session may be resumed. */
  readonly sessionTimeout?: number;
  /** Whether sessions may be resumed. */
  readonly shareSession: boolean;
}

const NAMES: ReadonlySet<string> = new Set<keyof SecureSocket>([
  "key",
  "mutualSsl",
  "protocol",
  "ciphers",
  "handshakeTimeout",
  "sessionTimeout",
  "shareSession",
]);
const FILES: ReadonlySet<string> = new Set<keyof KeyFiles>(["certFile", "keyFile", "keyPassword"]);
const TEXT: ReadonlySet<string> = new Set<keyof KeyText>(["cert", "key", "keyPassword"]);
const STORE: ReadonlySet<string> = new Set<keyof KeyStore>(["path", "password"]);
const MUTUAL: ReadonlySet<string> = new Set<keyof MutualSsl>(["verifyClient", "cert"]);
const VERSIONS: ReadonlySet<string> = new Set<TlsVersion>(["TLSv1.2", "TLSv1.3"]);

/**
 * Checks the TLS options of a listener. Files are read later.
 *
 * @throws {TypeError} If an option is unknown, missing or of the wrong type; no message holds a key or a password
 * @throws {RangeError} If a time is out of range
 */
export function checkSecureSocket(secure: SecureSocket): void {
  checkNames("secureSocket", secure, NAMES);
  checkKey(secure.key);
  if (secure.mutualSsl !== undefined) checkMutualSsl(secure.mutualSsl);
  if (secure.protocol !== undefined) checkProtocol(secure.protocol);
  const { ciphers, handshakeTimeout, sessionTimeout, shareSession } = secure;
  if (ciphers !== undefined) checkCiphers(ciphers);
  if (handshakeTimeout !== undefined) checkSeconds("secureSocket.handshakeTimeout", handshakeTimeout, 0);
  if (sessionTimeout !== undefined) checkSeconds("secureSocket.sessionTimeout", sessionTimeout, 1);
  if (shareSession !== undefined) checkBoolean("secureSocket.shareSession", shareSession);
}

/** Tells whether a text is PEM (RFC 7468) and not a path. */
export function isPem(text: string): boolean {
  return text.includes("-----BEGIN ");
}

// Several lines, or all of a key in one.
const BARE = /[\r\n]|^M[A-Za-z0-9+/=]{59,}$/;

/** Tells whether a text is PEM text that has lost its first line: a path is shown when it cannot be read, and a key never. */
export function isBarePem(text: string): boolean {
  return !isPem(text) && BARE.test(text);
}

function checkKey(key: SecureSocket["key"]): void {
  const what = "secureSocket.key";
  if (typeof key !== "object" || key === null) {
    throw new TypeError(`Option ${what} must have certFile and keyFile, or cert and key, or path and password`);
  }
  const fields: Readonly<Record<string, unknown>> = { ...key };
  if ("path" in key || "password" in key) {
    checkNames(what, key, STORE);
    checkText(`${what}.path`, fields.path, "a path");
    checkText(`${what}.password`, fields.password, "a password");
    return;
  }
  if ("certFile" in key || "keyFile" in key) {
    checkNames(what, key, FILES);
    checkPath(`${what}.certFile`, fields.certFile, "cert");
    checkPath(`${what}.keyFile`, fields.keyFile, "key");
  } else {
    checkNames(what, key, TEXT);
    checkPem(`${what}.cert`, fields.cert, "certFile");
    checkPem(`${what}.key`, fields.key, "keyFile");
  }
  if (fields.keyPassword !== undefined) checkText(`${what}.keyPassword`, fields.keyPassword, "a password");
}

function checkMutualSsl(mutual: MutualSsl): void {
  checkNames("secureSocket.mutualSsl", mutual, MUTUAL);
  const { verifyClient, cert } = mutual;
  if (verifyClient !== undefined && verifyClient !== "REQUIRE" && verifyClient !== "OPTIONAL") {
    const value = JSON.stringify(verifyClient);
    throw new TypeError(`Option secureSocket.mutualSsl.verifyClient is ${value}: must be "REQUIRE" or "OPTIONAL"`);
  }
  checkText("secureSocket.mutualSsl.cert", cert, "a path or PEM text");
}

function checkProtocol(protocol: { versions: readonly TlsVersion[] }): void {
  checkNames("secureSocket.protocol", protocol, new Set(["versions"]));
  const { versions } = protocol;
  if (!Array.isArray(versions) || versions.length === 0) {
    throw new TypeError("Option secureSocket.protocol.versions must be a list of versions");
  }
  for (const version of versions) {
    if (VERSIONS.has(version)) continue;
    const value = JSON.stringify(version);
    throw new TypeError(`Option secureSocket.protocol.versions has ${value}: must be "TLSv1.2" or "TLSv1.3"`);
  }
}

function checkCiphers(ciphers: readonly string[]): void {
  if (!Array.isArray(ciphers) || ciphers.length === 0) {
    throw new TypeError("Option secureSocket.ciphers must be a list of names");
  }
  for (const name of ciphers) {
    if (typeof name === "string" && /^[\w-]+$/.test(name)) continue;
    throw new TypeError(`Option secureSocket.ciphers has ${JSON.stringify(name)}: must be the name of a cipher suite`);
  }
}

function checkText(name: string, text: unknown, what: string): void {
  if (typeof text !== "string") throw new TypeError(`Option ${name} must be ${what}`);
  if (text.trim() === "") throw new TypeError(`Option ${name} is blank: must be ${what}`);
}

function checkPath(name: string, path: unknown, instead: string): void {
  checkText(name, path, "a path");
  if (typeof path === "string" && (isPem(path) || isBarePem(path))) {
    throw new TypeError(`Option ${name} must be a path; for PEM text use ${instead}`);
  }
}

// The text is in no message: it may be a key.
function checkPem(name: string, text: unknown, instead: string): void {
  checkText(name, text, "PEM text");
  if (typeof text === "string" && !isPem(text)) {
    throw new TypeError(
      `Option ${name} must be PEM text, which has a line -----BEGIN …-----; for a path use ${instead}`,
    );
  }
}

// A day is more than RFC 8446, section 4.6.1, and RFC 5077 think wise for all but a session; OpenSSL takes no more than 31 bits of seconds.
function checkSeconds(name: string, seconds: number, least: number): void {
  const ms = toMilliseconds(name, seconds);
  const most = 604_800;
  if (ms === 0 || seconds < least || seconds > most) {
    throw new RangeError(
      `Option ${name} is ${seconds}: must be ${least === 0 ? "more than 0" : `from ${least}`} to ${most} seconds`,
    );
  }
}
