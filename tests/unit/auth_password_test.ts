import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { hashPassword, verifyPassword } from "../../auth/mod.ts";
import { matches } from "../../auth/password.ts";
import { fromPasswordHash, toPasswordHash } from "../../auth/password_hash.ts";
import { CHEAP } from "./auth_support.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64").replace(/=+$/, "");
const key = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ""), "hex").toString("base64").replace(/=+$/, "");

// RFC 7914, sections 11 and 12; the last is what Python's hashlib makes.
const vectors: [password: string, hash: string][] = [
  [
    "password",
    `scrypt$ln=10,r=8,p=16$${base64("NaCl")}$${key(`fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162
      2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640`)}`,
  ],
  [
    "pleaseletmein",
    `scrypt$ln=14,r=8,p=1$${base64("SodiumChloride")}$${key(`7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2
      d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887`)}`,
  ],
  [
    "passwd",
    `pbkdf2$h=sha256,i=1$${base64("salt")}$${key(`55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc
      49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783`)}`,
  ],
  [
    "Password",
    `pbkdf2$h=sha256,i=80000$${base64("NaCl")}$${key(`4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56
      a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d`)}`,
  ],
  [
    "password",
    `pbkdf2$h=sha512,i=1$${base64("salt")}$${key(`867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252
      c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce`)}`,
  ],
];

for (const [password, hash] of vectors) {
  test(`verifyPassword() knows the published vector ${hash.slice(0, 24)}… of "${password}"`, async () => {
    assert.equal(await verifyPassword(password, hash), true);
    assert.equal(await verifyPassword(`${password}x`, hash), false);
    assert.equal(fromPasswordHash(toPasswordHash(hash)), hash);
  });
}

// Each of these hashes costs as much as it should, so they are few: that another password does not fit is seen above.
for (const [scheme, form] of [
  ["scrypt", "scrypt\\$ln=15,r=8,p=3"],
  ["pbkdf2", "pbkdf2\\$h=sha256,i=600000"],
] as const) {
  test(`hashPassword() makes a ${scheme} hash that fits its password, however it is composed`, async () => {
    const hash = await hashPassword("grüße", { scheme });
    assert.match(hash, new RegExp(`^${form}\\$[A-Za-z0-9+/]{22}\\$[A-Za-z0-9+/]{43}$`));
    assert.equal(await verifyPassword("gru\u0308ße", hash), true);
  });
}

test("hashPassword() takes scrypt by itself, and salts: two hashes of one password differ", async () => {
  const [one, other] = [await hashPassword("same"), await hashPassword("same")];
  assert.match(one, /^scrypt\$ln=15,/);
  assert.notEqual(one, other);
  assert.equal(await verifyPassword("", CHEAP), false);
});

test("hashPassword() refuses what Basic cannot carry, and an unknown scheme", async () => {
  const wrong = (password: unknown, message: RegExp, options: unknown = {}) =>
    assert.rejects(hashPassword(password as string, options as object), { name: "TypeError", message });
  await wrong("", /^Cannot hash the password: it must not be empty$/);
  await wrong("hunter2\n", /^Cannot hash the password: it must not have control characters$/);
  await wrong(12345, /^Cannot hash the password: it must be a string, and is number$/);
  await wrong(null, /and is null$/);
  await wrong("a", /^Option scheme must be "scrypt" or "pbkdf2"$/, { scheme: "md5" });
});

// What a hostile or broken file may hold. None may cost memory or time.
const [, , salt = "", bytes = ""] = CHEAP.split("$");
const hostile: [hash: string, message: RegExp][] = [
  [`scrypt$ln=18,r=8,p=1$${salt}$${bytes}`, /more than 128 MiB of memory/],
  [`scrypt$ln=63,r=8,p=1$${salt}$${bytes}`, /more than 128 MiB of memory/],
  [`scrypt$ln=99,r=99,p=99$${salt}$${bytes}`, /more than 128 MiB of memory/],
  [`scrypt$ln=17,r=9,p=1$${salt}$${bytes}`, /more than 128 MiB of memory/],
  [`scrypt$ln=17,r=8,p=3$${salt}$${bytes}`, /more work than 256 MiB/],
  [`scrypt$ln=15,r=8,p=99$${salt}$${bytes}`, /more work than 256 MiB/],
  [`scrypt$ln=0,r=8,p=1$${salt}$${bytes}`, /must be scrypt/],
  [`scrypt$ln=-1,r=8,p=1$${salt}$${bytes}`, /must be scrypt/],
  [`scrypt$ln=1e1,r=8,p=1$${salt}$${bytes}`, /must be scrypt/],
  [`scrypt$ln=100,r=8,p=1$${salt}$${bytes}`, /must be scrypt/],
  [`scrypt$r=8,p=1$${salt}$${bytes}`, /must be scrypt/],
  [`scrypt$ln=1,r=1,p=1$${salt}$${bytes}$`, /must be scrypt/],
  [`scrypt$ln=1,r=1,p=1$${salt}`, /key of the hash must be 16 to 64 bytes/],
  [`scrypt$ln=1,r=1,p=1$$${bytes}`, /salt of the hash must be 4 to 64 bytes/],
  [`scrypt$ln=1,r=1,p=1$${salt}$AAAA`, /key of the hash must be 16 to 64 bytes/],
  [`scrypt$ln=1,r=1,p=1$${salt}$${"A".repeat(100_000)}`, /key of the hash must be 16 to 64 bytes/],
  [`scrypt$ln=1,r=1,p=1$${salt}$${bytes}==`, /key of the hash must be 16 to 64 bytes/],
  [`pbkdf2$h=sha256,i=2000001$${salt}$${bytes}`, /more than 2000000 iterations/],
  [`pbkdf2$h=sha256,i=99999999$${salt}$${bytes}`, /more than 2000000 iterations/],
  [`pbkdf2$h=sha256,i=999999999999$${salt}$${bytes}`, /must be scrypt/],
  [`pbkdf2$h=sha256,i=0$${salt}$${bytes}`, /must be scrypt/],
  [`pbkdf2$h=md5,i=1000$${salt}$${bytes}`, /must be scrypt/],
  ["$2b$10$abcdefghijklmnopqrstuv", /must be scrypt/],
  ["plain text", /must be scrypt/],
  ["", /must be scrypt/],
];

for (const [hash, message] of hostile) {
  test(`verifyPassword() refuses the hash "${hash.slice(0, 32)}", ${hash.length} long, at once`, async () => {
    const begin = performance.now();
    await assert.rejects(verifyPassword("x", hash), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, message);
      if (hash !== "") assert.ok(!error.message.includes(hash));
      return true;
    });
    // Most would take far longer to derive.
    assert.ok(performance.now() - begin < 5000);
  });
}

test("verifyPassword() takes the dearest hash that it allows", async () => {
  const dear = toPasswordHash(`scrypt$ln=17,r=8,p=1$${salt}$${bytes}`);
  assert.equal(await matches("x", dear), false);
});
