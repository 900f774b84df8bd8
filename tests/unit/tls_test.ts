import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { type SecureSocket, SslError } from "../../mod.ts";
import { childOf, childrenOf, readDer, toNumber, toOid } from "../../tls/der.ts";
import { toSecureOptions } from "../../tls/mod.ts";
import { openStore } from "../../tls/pkcs12.ts";
import { certificatePath as path, password, pem } from "../kit/certificates.ts";

const files = { certFile: path("server.pem"), keyFile: path("server-key.pem") };
const text = { cert: pem("server.pem"), key: pem("server-key.pem") };
const encrypted = { ...files, keyFile: path("server-key-encrypted.pem") };
const store = { path: path("server.p12"), password };

test("toSecureOptions() reads the same certificate and key from every form", async () => {
  const forms = [files, text, { ...encrypted, keyPassword: password }, store];
  const read = await Promise.all(forms.map((key) => toSecureOptions({ key })));
  for (const { cert, key } of read) {
    assert.equal(cert.trim(), text.cert.trim());
    assert.equal(key.trim(), text.key.trim());
  }
});

test("toSecureOptions() fills in the defaults", async () => {
  const { cert, key, ...rest } = await toSecureOptions({ key: files });
  assert.ok(cert.length > 0 && key.length > 0);
  assert.deepEqual(rest, {
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    handshakeTimeout: 10_000,
    shareSession: true,
  });
});

test("toSecureOptions() hands all options on", async () => {
  const { cert, key, clients, ...rest } = await toSecureOptions({
    key: text,
    mutualSsl: { cert: `Two authorities\n${pem("ca.pem")}${pem("other-ca.pem")}`, verifyClient: "OPTIONAL" },
    protocol: { versions: ["TLSv1.3"] },
    ciphers: ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    handshakeTimeout: 0.5,
    sessionTimeout: 60,
    shareSession: false,
  });
  assert.ok(cert.length > 0 && key.length > 0);
  assert.equal(clients?.isRequired, false);
  assert.equal(clients?.ca.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.deepEqual(rest, {
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
    handshakeTimeout: 500,
    sessionTimeout: 60,
    shareSession: false,
  });
  const old = await toSecureOptions({ key: text, protocol: { versions: ["TLSv1.2"] } });
  assert.deepEqual([old.minVersion, old.maxVersion], ["TLSv1.2", "TLSv1.2"]);
  const required = await toSecureOptions({ key: text, mutualSsl: { cert: path("ca.pem") } });
  assert.equal(required.clients?.isRequired, true);
});

const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const wrong: [what: string, secure: SecureSocket, message: RegExp][] = [
  [
    "a certificate that is not there",
    { key: { ...files, certFile: path("server.pem").replace("server", "nobody") } },
    /^Cannot read secureSocket\.key\.certFile ".*nobody\.pem": there is no such file$/,
  ],
  [
    "a key that is not there",
    { key: { ...files, keyFile: "/nowhere/key.pem" } },
    /^Cannot read secureSocket\.key\.keyFile "\/nowhere\/key\.pem": there is no such file$/,
  ],
  ["a folder", { key: { ...files, certFile: path("ca.pem").replace("ca.pem", "") } }, /certFile ".*": it is a folder$/],
  [
    "a PKCS #12 file that is not there",
    { key: { ...store, path: "/nowhere" } },
    /^Cannot read secureSocket\.key\.path/,
  ],
  [
    "a CA that is not there",
    { key: text, mutualSsl: { cert: "/nowhere" } },
    /^Cannot read secureSocket\.mutualSsl\.cert/,
  ],
  [
    "a key in the place of the certificate",
    { key: { ...files, certFile: files.keyFile } },
    /certFile ".*": it holds no certificate as PEM text$/,
  ],
  [
    "a certificate in the place of the key",
    { key: { ...files, keyFile: files.certFile } },
    /keyFile ".*": it holds no private key/,
  ],
  [
    "a malformed certificate",
    { key: { ...text, cert: broken } },
    /^Cannot use secureSocket\.key\.cert: a certificate in it is malformed$/,
  ],
  [
    "a malformed CA",
    { key: text, mutualSsl: { cert: broken } },
    /^Cannot use secureSocket\.mutualSsl\.cert: a certificate/,
  ],
  [
    "a CA without a certificate",
    { key: text, mutualSsl: { cert: files.keyFile } },
    /^Cannot use secureSocket\.mutualSsl\.cert ".*server-key\.pem": it holds no certificate as PEM text$/,
  ],
  [
    "a malformed key",
    { key: { ...text, key: broken.replaceAll("CERTIFICATE", "PRIVATE KEY") } },
    /^Cannot use secureSocket\.key\.key: it holds no private key as PEM text$/,
  ],
  [
    "the key of another",
    { key: { ...files, keyFile: path("client-key.pem") } },
    /it is not the key of the certificate in secureSocket\.key\.certFile ".*server\.pem"$/,
  ],
  [
    "the key of the second certificate",
    { key: { cert: pem("ca.pem") + pem("server.pem"), key: text.key } },
    /it is not the key of the certificate in secureSocket\.key\.cert; the certificate of the key must come first$/,
  ],
  ["no keyPassword", { key: encrypted }, /the key is encrypted, so secureSocket\.key\.keyPassword is needed$/],
  [
    "a wrong keyPassword",
    { key: { ...encrypted, keyPassword: "guess" } },
    /keyFile ".*": secureSocket\.key\.keyPassword is wrong/,
  ],
  [
    "a wrong password",
    { key: { ...store, password: "guess" } },
    /path ".*server\.p12": secureSocket\.key\.password is wrong/,
  ],
  [
    "a PKCS #12 file that is none",
    { key: { ...store, path: files.certFile } },
    /or the file is no PKCS #12 file in DER$/,
  ],
  ["ciphers that nobody knows", { key: text, ciphers: ["NOPE"] }, /^Option secureSocket\.ciphers is "NOPE"/],
];
for (const [what, secure, message] of wrong) {
  test(`toSecureOptions() says which option is wrong, when there is ${what}`, async () => {
    await assert.rejects(toSecureOptions(secure), (error: unknown) => {
      assert.ok(error instanceof SslError, `${error}`);
      assert.match(error.message, message);
      const secrets = [text.key, "guess", password].flatMap((secret) =>
        secret.split("\n").filter((line) => /^\w/.test(line)),
      );
      for (const secret of secrets) assert.ok(!`${error.stack}${String(error.cause)}`.includes(secret));
      return true;
    });
  });
}

test("toSecureOptions() refuses certificates that have expired, or are not valid yet", async () => {
  const ways: SecureSocket[] = [{ key: files }, { key: store }, { key: text, mutualSsl: { cert: path("ca.pem") } }];
  for (const [year, message] of [
    [2100, /the certificate has expired on 20\d\d-/],
    [2000, /the certificate is not valid before 20\d\d-/],
  ] as const) {
    for (const secure of ways)
      await at(year, () => assert.rejects(toSecureOptions(secure), { name: "SslError", message }));
  }
});

test("a certificate that leads to the CA is sent after the own one, and text between them is left out", async () => {
  const { cert } = await toSecureOptions({ key: { ...text, cert: `Own:\n${text.cert}Its CA:\n${pem("ca.pem")}` } });
  assert.equal(cert, `${text.cert.trim()}\n${pem("ca.pem").trim()}\n`);
});

test("openStore() says so, when a file is encrypted in an outdated way", () => {
  const bytes = new Uint8Array(readFileSync(store.path));
  const at = Buffer.from(bytes).indexOf(Buffer.from("06092a864886f70d01050d", "hex"));
  assert.notEqual(at, -1);
  // pbeWithSHA1AndRC2-CBC, as OpenSSL 1 wrote.
  bytes[at + 10] = 0x0b;
  assert.throws(() => openStore(bytes, password, "file"), {
    name: "SslError",
    message: /^Cannot use file: .*outdated/,
  });
});

test("openStore() ends with an SslError, wherever a file is cut or bent", () => {
  const bytes = new Uint8Array(readFileSync(store.path));
  for (let at = 0; at < bytes.length; at += 29) {
    assert.throws(() => openStore(bytes.slice(0, at), password, "file"), SslError);
    const bent = bytes.slice();
    bent[at] = (bent[at] ?? 0) ^ 0x55;
    try {
      openStore(bent, password, "file");
    } catch (error) {
      assert.ok(error instanceof SslError, `at ${at}: ${error}`);
    }
  }
});

test("a password that is no ASCII opens an encrypted key", async (t) => {
  const { createPrivateKey } = await import("node:crypto");
  const passphrase = "pässwörd €";
  const pkcs8 = createPrivateKey(text.key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase });
  const folder = mkdtempSync(`${tmpdir()}/tls-`);
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(`${folder}/key.pem`, pkcs8);
  const { key } = await toSecureOptions({
    key: { ...files, keyFile: `${folder}/key.pem`, keyPassword: passphrase },
  });
  assert.equal(key.trim(), text.key.trim());
});

test("readDer() reads what is whole, and refuses the rest", () => {
  const bytes = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, "hex"));
  const value = readDer(bytes("30060204000186a0ff"));
  assert.equal(value.whole.length, 8);
  assert.deepEqual(childrenOf(value).map(toNumber), [100_000]);
  assert.equal(readDer(bytes(`0481${"80"}${"00".repeat(128)}`)).content.length, 128);
  assert.equal(toOid(readDer(bytes("06092a864886f70d01050d"))), "1.2.840.113549.1.5.13");
  assert.equal(toOid(readDer(bytes("0603551d0e"))), "2.5.29.14");
  assert.equal(readDer(bytes("04840000000100")).content.length, 1);
  const oids = ["06082a864886f70d0209", "06038837 03", "060a0992268993f22c640119"].map((hex) =>
    bytes(hex.replace(" ", "")),
  );
  assert.deepEqual(
    oids.map((oid) => toOid(readDer(oid))),
    ["1.2.840.113549.2.9", "2.999.3", "0.9.2342.19200300.100.1.25"],
  );
  assert.equal(toNumber(readDer(bytes("0205ffffffffff"))), 2 ** 40 - 1);
  const indefinite = `0480${"00".repeat(128)}`;
  for (const hex of ["", "30", "3005", indefinite, "1f0100", "3085000000000000", "0401"]) {
    assert.throws(() => readDer(bytes(hex)), SyntaxError, hex);
  }
  for (const hex of ["04020500", "30020205", "3003050005"]) {
    assert.throws(() => childrenOf(readDer(bytes(hex))), SyntaxError, hex);
  }
  assert.throws(() => childOf(readDer(bytes("30020500")), 1), SyntaxError);
  assert.throws(() => toOid(readDer(bytes("04012a"))), SyntaxError);
  for (const hex of ["040101", "0206000000000001"])
    assert.throws(() => toNumber(readDer(bytes(hex))), SyntaxError, hex);
});

/** Runs something in another year. */
async function at(year: number, fn: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => Date.UTC(year, 0);
  try {
    await fn();
  } finally {
    Date.now = now;
  }
}
