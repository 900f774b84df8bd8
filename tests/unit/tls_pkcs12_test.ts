/** PKCS #12 files as others write them, made here value by value. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  getCiphers,
  pbkdf2Sync,
  X509Certificate,
} from "node:crypto";
import { test } from "node:test";
import { openStore } from "../../tls/pkcs12.ts";
import { pem } from "../kit/certificates.ts";

const PASSWORD = "pässword";
const DATA = "1.2.840.113549.1.7.1";
const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
const SHA384 = "1.2.840.113549.2.10";
const AES_128 = "2.16.840.1.101.3.4.1.2";
const PBE_SHA1_3DES = "1.2.840.113549.1.12.1.3";
const ENCRYPTED = { algorithm: PBES2, derivation: PBKDF2, cipher: AES_128, prf: SHA384 };

function der(tag: number, ...parts: Uint8Array[]): Buffer<ArrayBuffer> {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const explicit = (...parts: Uint8Array[]) => der(0xa0, ...parts);
const octets = (bytes: Uint8Array) => der(0x04, bytes);
const integer = (value: number) => der(0x02, Buffer.from(value.toString(16).padStart(8, "0"), "hex"));

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

/** A content that anybody can read. */
const plain = (...bags: Uint8Array[]) => sequence(oid(DATA), explicit(octets(sequence(...bags))));
const bag = (kind: string, value: Uint8Array) => sequence(oid(`1.2.840.113549.1.12.10.1.${kind}`), explicit(value));
const certificate = (raw: Uint8Array) => bag("3", sequence(oid("1.2.840.113549.1.9.22.1"), explicit(octets(raw))));
const keyOf = (text: string) => bag("1", createPrivateKey(text).export({ type: "pkcs8", format: "der" }));
const rawOf = (text: string) => new X509Certificate(text).raw;

/** A content that is encrypted. */
function encrypted(
  bags: readonly Uint8Array[],
  { algorithm, derivation, cipher, prf }: Record<keyof typeof ENCRYPTED, string | undefined>,
  [name, length, digest]: readonly [string, number, string] = ["aes-128-cbc", 16, "sha384"],
  iterations = 2,
): Buffer {
  const [salt, iv] = [Buffer.alloc(8, 1), Buffer.alloc(16, 2)];
  const encipher = createCipheriv(name, pbkdf2Sync(PASSWORD, salt, 2, length, digest), iv);
  const secret = Buffer.concat([encipher.update(sequence(...bags)), encipher.final()]);
  const function_ = prf === undefined ? [] : [sequence(oid(prf))];
  const parameters = sequence(octets(salt), integer(iterations), integer(length), ...function_);
  const scheme = sequence(oid(cipher ?? ""), octets(iv));
  const how = sequence(oid(algorithm ?? ""), sequence(sequence(oid(derivation ?? ""), parameters), scheme));
  const content = sequence(integer(0), sequence(oid(DATA), how, der(0x80, secret)));
  return sequence(oid("1.2.840.113549.1.7.6"), explicit(content));
}

function open(...contents: Uint8Array[]): { cert: string; key: string } {
  const whole = sequence(oid(DATA), explicit(octets(sequence(...contents))));
  return openStore(new Uint8Array(sequence(integer(3), whole)), PASSWORD, "file");
}

const own = [certificate(rawOf(pem("server.pem"))), keyOf(pem("server-key.pem"))] as const;

for (const [what, prf, cipher, how] of [
  ["AES-128 and SHA-384", SHA384, AES_128, ["aes-128-cbc", 16, "sha384"]],
  ["AES-192 and SHA-512", "1.2.840.113549.2.11", "2.16.840.1.101.3.4.1.22", ["aes-192-cbc", 24, "sha512"]],
  ["AES-256 and SHA-1", "1.2.840.113549.2.7", "2.16.840.1.101.3.4.1.42", ["aes-256-cbc", 32, "sha1"]],
  ["AES-256 and no named hash", undefined, "2.16.840.1.101.3.4.1.42", ["aes-256-cbc", 32, "sha1"]],
] as const) {
  test(`openStore() opens what is encrypted with ${what}, and a key that is not`, () => {
    if (!getCiphers().includes(how[0])) {
      // Deno has no AES-192: that is told, and not that the password is wrong.
      assert.throws(() => open(encrypted([own[0]], { ...ENCRYPTED, cipher })), {
        message: /^Cannot use file: .*outdated/,
      });
      return;
    }
    const { cert, key } = open(encrypted([own[0]], { ...ENCRYPTED, cipher, prf }, how), plain(own[1]));
    assert.deepEqual([cert.trim(), key.trim()], [pem("server.pem").trim(), pem("server-key.pem").trim()]);
  });
}

test("openStore() says so, when any part is encrypted in another way", () => {
  for (const part of ["algorithm", "derivation", "cipher", "prf"] as const) {
    const contents = encrypted([...own], { ...ENCRYPTED, [part]: PBE_SHA1_3DES });
    assert.throws(() => open(contents), { name: "SslError", message: /^Cannot use file: .*outdated/ }, part);
  }
  const shrouded = bag("2", sequence(sequence(oid(PBE_SHA1_3DES)), octets(Buffer.alloc(8))));
  assert.throws(() => open(plain(own[0], shrouded)), { message: /^Cannot use file: .*outdated/ });
});

test("openStore() says what a file lacks, and does not count to ten million and more", () => {
  for (const [contents, message] of [
    [[plain(own[0])], /^Cannot use file: it holds no private key$/],
    [[plain(own[0], keyOf(pem("client-key.pem")))], /^Cannot use file: it holds no certificate that fits its key$/],
    [[plain(own[1], certificate(Buffer.from("x")))], /^Cannot use file: a certificate in it is malformed$/],
    [[encrypted([...own], ENCRYPTED, undefined, 10_000_001)], /^Cannot use file: secureSocket\.key\.password is wrong/],
    [[sequence(oid("1.2.840.113549.1.7.2"), explicit(octets(sequence(...own))))], /the file is no PKCS #12 file/],
  ] as const) {
    assert.throws(() => open(...contents), { name: "SslError", message });
  }
});

const number = der(0x02, Buffer.of(1));

/** A certificate whose signature nobody looks at here. */
function issue(subject: string, issuer: string, keyFile: "server-key.pem" | "ca-key.pem"): Buffer {
  const name = (text: string) => sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(text)))));
  const signature = sequence(oid("1.2.840.10045.4.3.2"));
  const validity = sequence(der(0x17, Buffer.from("200101000000Z")), der(0x18, Buffer.from("20991231235959Z")));
  const key = createPublicKey(pem(keyFile)).export({ type: "spki", format: "der" });
  const body = sequence(
    explicit(der(0x02, Buffer.of(2))),
    number,
    signature,
    name(issuer),
    validity,
    name(subject),
    key,
  );
  return sequence(body, signature, der(0x03, Buffer.of(0), sequence(number, number)));
}

function chainOf(...certificates: Uint8Array[]): (string | undefined)[] {
  const { cert } = open(plain(...certificates.map(certificate), own[1]));
  const blocks = cert.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).subject.replace("CN=", ""));
}

test("openStore() gives the own certificate and those that lead to the CA, in their order, without the CA", () => {
  const leaf = issue("leaf", "one", "server-key.pem");
  const [one, two, root, stranger] = [
    issue("one", "two", "ca-key.pem"),
    issue("two", "root", "ca-key.pem"),
    issue("root", "root", "ca-key.pem"),
    issue("stranger", "root", "ca-key.pem"),
  ];
  assert.deepEqual(chainOf(root, stranger, two, leaf, one), ["leaf", "one", "two"]);
  assert.deepEqual(chainOf(issue("leaf", "leaf", "server-key.pem")), ["leaf"]);
  // Two that sign each other lead nowhere, and to no endless chain.
  const [there, back] = [issue("one", "two", "ca-key.pem"), issue("two", "one", "ca-key.pem")];
  assert.deepEqual(chainOf(leaf, there, back), ["leaf", "one", "two"]);
  assert.deepEqual(chainOf(issue("leaf", "one", "server-key.pem"), issue("one", "leaf", "ca-key.pem")), [
    "leaf",
    "one",
  ]);
});
